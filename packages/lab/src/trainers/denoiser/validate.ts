// How a denoiser does while it trains: the error of its noise on images it never learned from, with their own
// protein and with another's (the difference is what it makes of the sequence), and pictures to look at.

import { bool, compile, createGenerator, f32, i32, type NdArray, type Runtime } from "@proteoscope/engine";
import { drawGrid } from "@proteoscope/imaging";
import {
  compileDenoiser,
  createDpmSolverSampler,
  diffusionLoss,
  type NoiseSchedule,
  sampleLatents,
  type UnetConfig,
} from "@proteoscope/models";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import {
  type ConditionBatchOptions,
  type ConditionSources,
  distanceBatch,
  embeddingBatch,
  latentBatch,
} from "../../data/batches/condition-batches.ts";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import type { Pairing } from "../../data/batches/pairs.ts";
import type { LatentCoder } from "../../training/frozen/latents.ts";
import type { Scores } from "../../training/loop.ts";
import { type ExtraSide, extraScope } from "./context.ts";

/** What validation looks at; `crops` have partners and are not learned from. */
export interface Probe {
  readonly crops: readonly Crop[];
  readonly pixels: CropPixels;
  readonly pairing: Pairing;
  readonly sources: ConditionSources;
  readonly coder: LatentCoder;
  readonly schedule: NoiseSchedule;
  readonly unet: UnetConfig;
  readonly options: ConditionBatchOptions;
  readonly extra: ExtraSide | undefined;
}

type StateDict = ReadonlyMap<string, NdArray>;

const probedTimesteps = [100, 300, 500, 700, 900];

/** Mean squared error of the noise: `loss`, and `lossOfOthers` with the protein of the next image. */
export async function validateDenoiser(runtime: Runtime, weights: StateDict, probe: Probe): Promise<Scores> {
  const { crops, schedule, unet, options, sources, extra } = probe;
  const { latentChannels, latentSide, seed } = options;
  const size = latentChannels * latentSide ** 2;
  const latentType = f32(1, latentChannels, latentSide, latentSide);
  const program = await compile(
    runtime,
    (w, batch) => {
      const sequence = extra === undefined ? batch.sequence : extra.addTokens(w, batch);
      return { loss: diffusionLoss(w, unet, schedule, { ...batch, sequence }).loss };
    },
    {
      ...extra?.inputTypes(1),
      latents: latentType,
      distance: f32(1, 1, latentSide, latentSide),
      sequence: f32(1, "tokens", options.embeddingWidth),
      mask: bool(1, "tokens"),
      isDropped: bool(1),
      timestep: i32(1),
      noise: latentType,
    },
    { weights },
  );
  try {
    const proteins = crops.map((crop) => pairedProteinOf(crop, probe));
    const totals = { loss: 0, lossOfOthers: 0 };
    for (const [item, crop] of crops.entries()) {
      const { data: image } = await probe.pixels.read(crop.index);
      const shown = [{ crop, image, symmetry: 0 }];
      const random = createGenerator(seed, "validation", crop.index);
      const inputs = {
        latents: await latentBatch(shown, sources, options, new Float32Array(size)),
        distance: distanceBatch([image], options),
        isDropped: { dtype: "bool", shape: [1], data: Uint8Array.of(0) },
        noise: {
          dtype: "float32",
          shape: [1, latentChannels, latentSide, latentSide],
          data: random.normal(size),
        },
      } as const;
      const timestep = probedTimesteps[item % probedTimesteps.length]!;
      const lossWith = async (protein: (typeof proteins)[number]) => {
        const embeddings = await embeddingBatch([protein], sources, options);
        const { loss } = await program.run({
          ...inputs,
          ...embeddings,
          ...extra?.encode([{ crop, protein }], embeddings),
          timestep: { dtype: "int32", shape: [1], data: Int32Array.of(timestep) },
        });
        return (loss.data as Float32Array)[0]! / crops.length;
      };
      totals.loss += await lossWith(proteins[item]!);
      totals.lossOfOthers += await lossWith(proteins[(item + 1) % proteins.length]!);
    }
    return totals;
  } finally {
    await program.close();
  }
}

const pictureRows = 8;
const pictureSamples = 3;
const pictureSteps = 15;

/** A PNG: each row one image's protein, its nucleus, and samples of the protein for the same nucleus. */
export async function drawSamples(runtime: Runtime, weights: StateDict, probe: Probe): Promise<Uint8Array> {
  const { crops, unet, schedule, options, sources, coder } = probe;
  const { side, latentSide, latentChannels, latentScale, embeddingWidth: width, seed } = options;
  const plane = side * side;
  const contextEncoder = probe.extra && (await openContextEncoder(runtime, weights, probe.extra, options));
  const isOwn = ([name]: readonly [string, NdArray]) => !name.startsWith(extraScope);
  const denoiser = await compileDenoiser(runtime, unet, { weights: new Map([...weights].filter(isOwn)) });
  try {
    const rows: Float32Array[][] = [];
    for (const crop of crops.slice(0, pictureRows)) {
      const { data: image } = await probe.pixels.read(crop.index);
      const protein = pairedProteinOf(crop, probe);
      const residues = await embeddingBatch([protein], sources, options);
      const embedding =
        contextEncoder === undefined
          ? (residues.sequence.data as Float32Array)
          : await contextEncoder.encode(residues, { crop, protein });
      const shape = [pictureSamples, latentChannels, latentSide, latentSide];
      const count = pictureSamples * latentChannels * latentSide ** 2;
      const noise = createGenerator(seed, "samples", crop.index).normal(count);
      const latents = await sampleLatents(
        denoiser,
        { dtype: "float32", shape, data: noise },
        {
          sampler: createDpmSolverSampler(schedule, pictureSteps),
          sequence: { dtype: "float32", shape: [1, embedding.length / width, width], data: embedding },
          distance: distanceBatch([image], options),
        },
      );
      const scaled = (latents.data as Float32Array).map((value) => value * latentScale);
      const row = [image.subarray(0, plane), image.subarray(plane, 2 * plane)];
      for (let sample = 0; sample < pictureSamples; sample++) {
        const size = count / pictureSamples;
        const drawn = await coder.decode(scaled.slice(sample * size, (sample + 1) * size));
        row.push(drawn.subarray(0, plane));
      }
      rows.push(row);
    }
    return drawGrid(rows, side);
  } finally {
    await denoiser.close();
    await contextEncoder?.close();
  }
}

/** Makes the whole condition of an image, [tokens, width] as one array. */
async function openContextEncoder(
  runtime: Runtime,
  weights: StateDict,
  extra: ExtraSide,
  { embeddingWidth }: ConditionBatchOptions,
) {
  const program = await compile(
    runtime,
    (w, inputs) => ({ context: extra.addTokens(w, inputs) }),
    { sequence: f32(1, "tokens", embeddingWidth), ...extra.inputTypes(1) },
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

/** Always the same protein for an image, whatever the step. */
function pairedProteinOf(crop: Crop, { pairing, options }: Probe) {
  const uniform = createGenerator(options.seed, "validation partner", crop.index).uniform(1)[0]!;
  const protein = pairing.pairedProtein(crop, uniform);
  if (protein === undefined) throw new RangeError(`crop ${crop.index} has no training protein to go with`);
  return protein;
}
