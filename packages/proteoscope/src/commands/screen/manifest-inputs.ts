// The records of a manifest of the CM4AI DREAM challenge as a screen's inputs: the sequence of each, its nucleus where its
// turn comes, and the image of its protein on the pixels of its own picture, as the challenge takes it.

import { mkdir, readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { FormatError, ProteoscopeError, parseFasta, writeOmeTiff } from "@proteoscope/formats";
import { type ChosenNucleus, type ImagingConstants, nucleiOfImage } from "@proteoscope/microscope";
import {
  type CropPlace,
  type ManifestRecord,
  type PredictionRun,
  placeCrop,
  predictionFile,
  predictionHeader,
  predictionLine,
  readManifest,
  type ScreenInput,
  type ScreenResult,
} from "@proteoscope/microscope/experiments";
import { readScreenRows, writeStream, writeWhole } from "@proteoscope/microscope/node";
import { describeFailure } from "../../cli/errors.ts";
import { readInput } from "../../cli/read-input.ts";
import { openImageFile } from "../../image-file.ts";
import type { ScreenInputs } from "./screen-inputs.ts";

/** Pixel size of the challenge's images in micrometres, which their files do not say. */
export const challengePixelSizeMicrons = 0.0942;

export interface ManifestOptions {
  /** Before relative paths; the manifest's folder where it is undefined. */
  readonly pathPrefix: string | undefined;
  readonly pixelSizeMicrons: number;
  readonly constants: ImagingConstants;
  readonly output: string;
  readonly run: PredictionRun;
  /** Throws the first refusal before anything is written; pictures are looked at later. */
  readonly strict: boolean;
  readonly signal: AbortSignal;
}

/** Folder of the images and their table in the output folder. */
const predictionsName = "out";

/** Opens a manifest. @throws FormatError for a file that is none, the system's errors. */
export async function openManifest(path: string, options: ManifestOptions): Promise<ScreenInputs> {
  const { output, signal } = options;
  const results = readManifest(await readInput(path, signal), path);
  const byId = new Map(
    results.flatMap(({ record }) => (record === undefined ? [] : [[record.id, record] as const])),
  );
  /** Places of the records that are at work. */
  const places = new Map<string, CropPlace>();
  const locate = (file: string) =>
    isAbsolute(file) ? file : join(options.pathPrefix ?? dirname(path), file);
  async function* records(): AsyncGenerator<ScreenInput> {
    for (const { record, refused } of results)
      if (refused !== undefined) yield { refused };
      else yield await attempt(record, path, () => readSequence(record, path, locate(record.fastaFile)));
  }
  if (options.strict)
    for await (const { refused } of records())
      if (refused !== undefined)
        throw new FormatError("manifest", `${path}, record ${refused.id}: ${refused.reason}`, {
          line: refused.line,
        });
  return {
    count: results.length,
    records,
    async prepare(input) {
      const found = input.record && byId.get(input.record.id);
      if (input.record === undefined || found === undefined) return input;
      return attempt(found, path, async () => {
        const { nucleus, place } = await centralNucleus(locate(found.nucleusImage), options);
        places.set(found.id, place);
        return { record: { ...input.record, nucleus } };
      });
    },
    async beforeRow({ done }: ScreenResult) {
      const place = done && places.get(done.record.id);
      if (done?.picture === undefined || place === undefined) return;
      await mkdir(join(output, predictionsName), { recursive: true });
      const file = join(output, predictionsName, predictionFile(done.record.id));
      await writeWhole(file, encodePrediction(done.picture.protein, place, options.pixelSizeMicrons));
      places.delete(done.record.id);
    },
    async finish() {
      await mkdir(join(output, predictionsName), { recursive: true });
      await writeStream(join(output, predictionsName, "prediction_results.tsv"), async (write) => {
        await write(predictionHeader);
        for await (const row of readScreenRows(output)) await write(predictionLine(row, options.run));
      });
    },
  };
}

async function readSequence({ id, line }: ManifestRecord, file: string, fasta: string): Promise<ScreenInput> {
  const found = parseFasta(await readFile(fasta), { name: fasta });
  const [{ sequence, description } = { sequence: "", description: "" }] = found;
  if (found.length !== 1)
    throw new FormatError("fasta", `${fasta} has ${found.length} records`, { hint: "give one" });
  return { record: { id, sequence, description, source: fasta, file, line } };
}

/** The input, or the record refused with what is wrong with its files. */
async function attempt(
  { id, line }: ManifestRecord,
  file: string,
  read: () => Promise<ScreenInput>,
): Promise<ScreenInput> {
  try {
    return await read();
  } catch (error) {
    const isOfFiles =
      error instanceof ProteoscopeError || error instanceof FormatError || "code" in (error as object);
    if (!isOfFiles || (error as Error).name === "AbortError") throw error;
    return { refused: { id, file, line, reason: describeFailure(error).message } };
  }
}

/** The nucleus nearest to the middle of a picture: the challenge's pictures are centred on their cell. */
async function centralNucleus(
  path: string,
  { constants, pixelSizeMicrons, signal }: ManifestOptions,
): Promise<{ readonly nucleus: ChosenNucleus; readonly place: CropPlace }> {
  const { stack, sha256 } = await openImageFile(path, { signal });
  const nuclei = await nucleiOfImage(stack, { image: path, sha256 }, constants, { pixelSizeMicrons, signal });
  const scale = pixelSizeMicrons / constants.pixelSizeMicrons;
  const { height, width } = stack;
  const resampled = { height: Math.round(height * scale), width: Math.round(width * scale) };
  const side = constants.cropPixels;
  const candidates = nuclei.map((nucleus) => {
    const first = nucleus.origin.firstPixel as CropPlace["first"];
    const [x, y] = [first.x + (side - resampled.width) / 2, first.y + (side - resampled.height) / 2];
    return { nucleus, first, distance: Math.hypot(x, y) };
  });
  const { nucleus, first } = candidates.reduce((best, other) =>
    other.distance < best.distance ? other : best,
  );
  return { nucleus: { ...nucleus, label: "" }, place: { size: { height, width }, resampled, first, side } };
}

/** The mean of the samples [samples, side, side] as a float32 TIFF in [0, 1] of the picture's size. */
function encodePrediction(samples: Float32Array, place: CropPlace, pixelSizeMicrons: number): Uint8Array {
  const area = place.side ** 2;
  const count = samples.length / area;
  const mean = new Float32Array(area);
  for (let i = 0; i < samples.length; i++) mean[i % area]! += samples[i]! / count;
  const { height, width } = place.size;
  const data = { dtype: "float32", shape: [1, height, width], data: placeCrop(mean, place) } as const;
  return writeOmeTiff({ data, channelNames: ["protein (synthetic)"], pixelSizeMicrons });
}
