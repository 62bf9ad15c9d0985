// Any ONNX model as an encoder: Inception, DINOv2 or a classifier of one's own. It takes one input [batch, channels, height,
// width] of floats; its first output, one row per image, is the embedding. A JSON file beside it (model.onnx.json) says what
// the model cannot: the size where it is dynamic, the channels, the names of its classes.

import { readFile } from "node:fs/promises";
import { float32, type Runtime } from "@proteoscope/engine";
import { ProteoscopeError } from "@proteoscope/formats";
import { resamplePlane } from "@proteoscope/imaging";
import { hashFile } from "@proteoscope/models/node";
import { z } from "zod";
import { cropChannels } from "../../data/atlas/crop-pixels.ts";
import type { CellPlanes } from "../judges/cell-features.ts";
import { type CellEncoder, type EncodedCell, identityOf } from "./encoder.ts";

const shareSchema = z.number().finite();

/** model.onnx.json; every field has a default but `side`. */
const descriptionSchema = z
  .strictObject({
    /** Name of the input. */
    input: z.string().min(1).default("input"),
    /** Output that is the embedding. */
    embedding: z.string().min(1).default("output"),
    /** Output with one probability or logit per class of `labels`; only their order counts. */
    classes: z.string().min(1).optional(),
    labels: z.array(z.string().min(1)).min(1).optional(),
    /** Height and width of the input in pixels; crops are resized. */
    side: z.int().min(1).max(4096),
    /** Plane of a cell for each channel of the input. */
    channels: z.array(z.enum(cropChannels)).min(1).max(16).default(["protein", "protein", "protein"]),
    /** Whether protein and nucleus are encoded one after the other, each in all channels; the embedding is then that of both. */
    apart: z.boolean().default(false),
    /** Subtracted from each channel of values in [0, 1], and divided by. */
    mean: z.array(shareSchema).optional(),
    std: z.array(z.number().positive()).optional(),
  })
  .refine(({ apart, classes }) => !apart || classes === undefined, {
    message: "channels apart have no classes of the whole cell",
    path: ["apart"],
  });
type Description = z.infer<typeof descriptionSchema>;

/** Opens a model file. @throws ProteoscopeError (data) where the description is missing or wrong; the runtime's errors */
export async function openOnnxEncoder(
  runtime: Runtime,
  path: string,
  { name }: { readonly name: string },
): Promise<CellEncoder> {
  const description = await readDescription(`${path}.json`);
  const session = await runtime.load(path);
  const { side, labels, apart, channels } = description;
  const views = apart
    ? (["protein", "nucleus"] as const).map((plane) => channels.map(() => plane))
    : [channels];
  const shown = views.map((planes) => planes.join(", ")).join(" and, apart, ");
  const encodeView = async (cells: readonly CellPlanes[], planes: Description["channels"]) => {
    const input = inputOf(cells, { ...description, channels: planes });
    const shape = [cells.length, planes.length, side, side];
    const outputs = await session.run({ [description.input]: float32(shape, input) });
    const rowsOf = (output: string) => {
      const values = outputs[output]?.data;
      if (!(values instanceof Float32Array))
        throw bad(`${path}: has no output "${output}" of floats; it has ${Object.keys(outputs).join(", ")}`);
      const width = values.length / cells.length;
      return cells.map((_, index) => values.slice(index * width, (index + 1) * width));
    };
    const embeddings = rowsOf(description.embedding);
    const classes = description.classes === undefined ? undefined : rowsOf(description.classes);
    return embeddings.map(
      (embedding, index): EncodedCell => ({
        embedding,
        ...(classes && { probabilities: classes[index]! }),
      }),
    );
  };
  return {
    name,
    title: `${name}: output "${description.embedding}", channels ${shown} resized to ${side}x${side} pixels`,
    identity: identityOf("onnx", [await hashFile(path), description]),
    trainedOn: "images that it does not name",
    ...(labels && description.classes !== undefined && { compartments: labels }),
    ...(apart && { ofChannel: halfOf }),
    async encode(cells) {
      const encoded: EncodedCell[][] = [];
      for (const planes of views) encoded.push(await encodeView(cells, planes));
      return apart ? cells.map((_, index) => joined(encoded.map((view) => view[index]!))) : encoded[0]!;
    },
    close: () => session.close(),
  };
}

/** The embeddings of both channels, one behind the other. */
function joined(views: readonly EncodedCell[]): EncodedCell {
  return { embedding: Float32Array.from(views.flatMap(({ embedding }) => [...embedding])) };
}

function halfOf(embedding: Float32Array, channel: "protein" | "nucleus"): Float32Array {
  const half = embedding.length / 2;
  return channel === "protein" ? embedding.subarray(0, half) : embedding.subarray(half);
}

async function readDescription(path: string): Promise<Description> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw bad(`${path}: missing; it says at least {"side": 224}, the input's height and width`, cause);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw bad(`${path}: is not JSON`, cause);
  }
  const parsed = descriptionSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path: field, message } = parsed.error.issues[0]!;
  throw bad(`${path}: ${field.join(".")}: ${message}`);
}

function inputOf(cells: readonly CellPlanes[], { side, channels, mean, std }: Description): Float32Array {
  const area = side * side;
  const input = new Float32Array(cells.length * channels.length * area);
  for (const [index, cell] of cells.entries())
    for (const [channel, plane] of channels.entries()) {
      const [offset, scale] = [mean?.[channel] ?? 0, std?.[channel] ?? 1];
      const resized = resamplePlane(
        cell[plane],
        { height: cell.side, width: cell.side },
        { height: side, width: side },
      );
      const start = (index * channels.length + channel) * area;
      for (let i = 0; i < area; i++) input[start + i] = (resized[i]! - offset) / scale;
    }
  return input;
}

function bad(message: string, cause?: unknown): ProteoscopeError {
  return new ProteoscopeError(message, { kind: "data", field: "judge", cause });
}
