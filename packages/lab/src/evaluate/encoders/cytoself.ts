// cytoself as an encoder: its global code (`vqvec` of the last level, the seed's evaluation space) and, where it learned to
// name proteins, their logits.

import { compile, f32, type Runtime, type Tensor } from "@proteoscope/engine";
import { type CytoselfConfig, encodeCytoself, type FileSource, loadAs, readJson } from "@proteoscope/models";
import { z } from "zod";
import { cropChannels } from "../../data/atlas/crop-pixels.ts";
import { stackCytoselfImages } from "../../data/batches/cytoself-images.ts";
import { type CellEncoder, identityOf, stackCells } from "./encoder.ts";

/** What `train cytoself` stores beside the constructor's arguments; published weights have none of it. */
const viewSchema = z.object({
  channels: z.array(z.enum(cropChannels)).min(1),
  image_variance: z.number().positive(),
  distance_scale: z.number().positive(),
  labels: z.array(z.string()),
});

/** Opens a cytoself folder. @throws CheckpointError, WeightsError; RangeError where it takes images of another side */
export async function openCytoselfEncoder(
  runtime: Runtime,
  folder: FileSource,
  { name, side }: { readonly name: string; readonly side: number },
): Promise<CellEncoder> {
  const { config, weights } = await loadAs("cytoself", folder);
  const [channels, height, width] = config.inputShape;
  if (height !== side || width !== side)
    throw new RangeError(
      `${folder.name} takes images of ${height}x${width} pixels, the crops have ${side}x${side}`,
    );
  const stored = viewSchema.safeParse((await readJson(folder, "config.json")).proteoscope);
  const view = stored.success
    ? {
        channels: stored.data.channels,
        imageVariance: stored.data.image_variance,
        distanceScale: stored.data.distance_scale,
      }
    : { channels: cropChannels.slice(0, channels), imageVariance: 0.0167, distanceScale: 11.29 };
  const program = await compile(
    runtime,
    (w, { x }) => globalCode(w, config, x),
    { x: f32("batch", channels, side, side) },
    { weights },
  );
  const area = 3 * side * side;
  return {
    name,
    title: `cytoself, global code (vqvec${config.encoderArgs.length}), channels ${view.channels.join(", ")}; no resize`,
    identity: identityOf("cytoself", [config, view], weights),
    trainedOn: "real cells of this data set",
    ...(stored.success && { proteins: stored.data.labels }),
    async encode(cells) {
      const images = stackCells(cells);
      const x = stackCytoselfImages(
        cells.map((_, index) => images.subarray(index * area, (index + 1) * area)),
        side,
        view,
      );
      const { code, logits } = await program.run({ x });
      const row = (values: Float32Array, index: number) => {
        const length = values.length / cells.length;
        return values.slice(index * length, (index + 1) * length);
      };
      return cells.map((_, index) => ({
        embedding: row(code!.data as Float32Array, index),
        ...(logits && { proteinLogits: row(logits.data as Float32Array, index) }),
      }));
    },
    close: () => program.close(),
  };
}

function globalCode(
  w: Parameters<typeof encodeCytoself>[0],
  config: CytoselfConfig,
  x: Tensor,
): Record<string, Tensor> {
  const { vectors, logits } = encodeCytoself(w, config, x, { training: false }).at(-1)!;
  return { code: vectors, ...(logits && { logits }) };
}
