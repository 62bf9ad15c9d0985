// How a denoiser does while it trains: the error of its prediction on images that it does not learn from, with their own
// protein and with another's. The difference is how much it uses the sequence.

import { compile, createGenerator, f32, float32, type NdArray, type Runtime } from "@proteoscope/engine";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import type { Crop, Protein } from "../../data/atlas/tables.ts";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { embeddingBatch } from "../../training/frozen/embedding-batch.ts";
import { type LatentCoder, latentBatch } from "../../training/frozen/latents.ts";
import type { Scores } from "../../training/scores.ts";
import type { ReportItem } from "../../training/validation-sets.ts";
import { type ConditionBatchOptions, type ConditionSources, distanceBatch, stainBatch } from "./batch.ts";
import { type DenoiserNetwork, denoiserInputs, denoiserLoss } from "./network.ts";

/** Images that the denoiser does not learn from, and what turns them into its inputs. */
export interface ValidationImages {
  readonly pairs: readonly Pair[];
  readonly pixels: CropPixels;
  readonly sources: ConditionSources;
  readonly coder: LatentCoder;
  readonly options: ConditionBatchOptions;
}

const validatedTimesteps = [100, 300, 500, 700, 900];

/** Mean squared error of the prediction: `loss`, and `lossOfOthers` with the protein of the next image. */
export async function validateDenoiser(
  runtime: Runtime,
  weights: ReadonlyMap<string, NdArray>,
  network: DenoiserNetwork,
  images: ValidationImages,
  report?: ReportItem,
): Promise<Scores> {
  const { pairs, options, sources } = images;
  const { latentChannels, latentSide } = options;
  const latentType = f32(1, latentChannels, latentSide, latentSide);
  const program = await compile(
    runtime,
    (w, inputs) => ({ loss: denoiserLoss(w, network, inputs) }),
    { ...denoiserInputs(network, 1), noise: latentType },
    { weights },
  );
  try {
    const totals = { loss: 0, lossOfOthers: 0 };
    for (const [item, { crop, protein }] of pairs.entries()) {
      const inputs = await imageInputs(crop, images);
      const timestep = validatedTimesteps[item % validatedTimesteps.length]!;
      const lossWith = async (protein: Protein) => {
        const embeddings = await embeddingBatch([protein], sources, options);
        const { loss } = await program.run({
          ...inputs,
          ...embeddings,
          ...network.extra?.encode([{ crop, protein }], embeddings),
          timestep: { dtype: "int32", shape: [1], data: Int32Array.of(timestep) },
        });
        return (loss.data as Float32Array)[0]!;
      };
      const loss = await lossWith(protein);
      const lossOfOthers = await lossWith(pairs[(item + 1) % pairs.length]!.protein);
      report?.(protein.id, { loss, lossOfOthers });
      totals.loss += loss / pairs.length;
      totals.lossOfOthers += lossOfOthers / pairs.length;
    }
    return totals;
  } finally {
    await program.close();
  }
}

/** Inputs of an image that do not depend on its protein, with noise that is the same at every validation. */
async function imageInputs(crop: Crop, { pixels, sources, options }: ValidationImages) {
  const { latentChannels, latentSide, seed } = options;
  const size = latentChannels * latentSide ** 2;
  const { data: image } = await pixels.read(crop.index);
  const shown = { crop, image, symmetry: 0 };
  const isDropped: NdArray = { dtype: "bool", shape: [1], data: Uint8Array.of(0) };
  const noise = createGenerator(seed, "validation", crop.index).normal(size);
  return {
    latents: await latentBatch([shown], sources, options, new Float32Array(size)),
    distance: distanceBatch([image], options),
    ...(await stainBatch([shown], sources, options)),
    isDropped,
    noise: float32([1, latentChannels, latentSide, latentSide], noise),
  };
}
