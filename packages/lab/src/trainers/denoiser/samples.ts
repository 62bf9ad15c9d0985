// A picture of what a denoiser generates while it trains: for some images that it does not learn from, samples of their
// protein around the same nucleus.

import { compile, createGenerator, f32, float32, type NdArray, type Runtime } from "@proteoscope/engine";
import { drawGrid } from "@proteoscope/imaging";
import { compileDenoiser, createDpmSolverSampler, sampleLatents } from "@proteoscope/models";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { embeddingBatch } from "../../training/frozen/embedding-batch.ts";
import { distanceBatch, stainBatch } from "./batch.ts";
import { type ExtraSide, extraScope } from "./context.ts";
import type { DenoiserNetwork } from "./network.ts";
import type { ValidationImages } from "./validate.ts";

type StateDict = ReadonlyMap<string, NdArray>;

const pictureRows = 8;
const samplesPerRow = 3;
const samplingSteps = 15;

/** A PNG with one row per image: its protein, its nucleus, and samples of the protein for this nucleus. */
export async function drawSamples(
  runtime: Runtime,
  weights: StateDict,
  { unet, schedule, extra }: DenoiserNetwork,
  images: ValidationImages,
): Promise<Uint8Array> {
  const { pairs, pixels, options, sources, coder } = images;
  const { side, latentSide, latentChannels, latentScale, embeddingWidth: width, seed } = options;
  const plane = side * side;
  const size = latentChannels * latentSide ** 2;
  const contextEncoder = extra && (await openContextEncoder(runtime, weights, extra, width));
  const isOwn = ([name]: readonly [string, NdArray]) => !name.startsWith(extraScope);
  const denoiser = await compileDenoiser(runtime, unet, { weights: new Map([...weights].filter(isOwn)) });
  try {
    const rows: Float32Array[][] = [];
    for (const { crop, protein } of pairs.slice(0, pictureRows)) {
      const { data: image } = await pixels.read(crop.index);
      const residues = await embeddingBatch([protein], sources, options);
      const embedding =
        (await contextEncoder?.encode(residues, { crop, protein })) ??
        (residues.sequence.data as Float32Array);
      const noise = createGenerator(seed, "samples", crop.index).normal(samplesPerRow * size);
      const latents = await sampleLatents(
        denoiser,
        float32([samplesPerRow, latentChannels, latentSide, latentSide], noise),
        {
          sampler: createDpmSolverSampler(schedule, samplingSteps),
          sequence: float32([1, embedding.length / width, width], embedding),
          distance: distanceBatch([image], options),
          ...(await stainBatch([{ crop, image, symmetry: 0 }], sources, options)),
        },
      );
      const scaled = (latents.data as Float32Array).map((value) => value * latentScale);
      const row = [image.subarray(0, plane), image.subarray(plane, 2 * plane)];
      for (let sample = 0; sample < samplesPerRow; sample++) {
        const generated = await coder.decode(scaled.slice(sample * size, (sample + 1) * size));
        row.push(generated.subarray(0, plane));
      }
      rows.push(row);
    }
    return drawGrid(rows, side);
  } finally {
    await denoiser.close();
    await contextEncoder?.close();
  }
}

/** Compiles what adds the tokens of extra conditions to a sequence; the result is [tokens, width] as one array. */
async function openContextEncoder(runtime: Runtime, weights: StateDict, extra: ExtraSide, width: number) {
  const program = await compile(
    runtime,
    (w, inputs) => ({ context: extra.addTokens(w, inputs) }),
    { sequence: f32(1, "tokens", width), ...extra.inputTypes(1) },
    { weights },
  );
  return {
    async encode(embeddings: Record<"sequence" | "mask", NdArray>, pair: Pair): Promise<Float32Array> {
      const { mask: _, ...inputs } = extra.encode([pair], embeddings);
      return (await program.run(inputs)).context.data as Float32Array;
    },
    close: () => program.close(),
  };
}
