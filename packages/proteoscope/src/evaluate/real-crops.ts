// Real crops as the classifier reads them: the ceiling of what drawn images can reach, and what they are compared with.
// Crops that nothing was trained on are told from the others, on which the classifier is better than it is; they go
// through the autoencoder as well, which drawn images come out of.
import {
  type Crop,
  type CropPixels,
  compartmentOf,
  type EvaluationData,
  nuclearProportion,
} from "@proteoscope/lab";
import type { ImageReader } from "@proteoscope/microscope";
import type { CommandContext } from "../command.ts";
import { startProgress } from "../progress.ts";
import { type Autoencoding, type channels, compareImages, type Quality } from "./autoencode-crops.ts";
import { answerOf, type RealAnswer } from "./score-answers.ts";

export interface ReadCrop extends RealAnswer {
  readonly crop: Crop;
  readonly isUnseen: boolean;
  readonly features: Float32Array;
  readonly proportion: number;
  /** Of crops that nothing was trained on: how much comes back from the autoencoder. */
  readonly quality: Record<(typeof channels)[number], Quality> | undefined;
}

/** Reads every real crop of a compartment; stops between two. */
export async function readRealCrops(
  { realCrops, unseenCrops }: EvaluationData,
  pixels: CropPixels,
  { reader, autoencoding }: { readonly reader: ImageReader; readonly autoencoding: Autoencoding },
  inOrder: (probabilities: Float32Array) => readonly number[],
  { signal, stderr }: Pick<CommandContext, "signal" | "stderr">,
): Promise<ReadCrop[]> {
  const unseen = new Set(unseenCrops);
  const area = pixels.height * pixels.width;
  const read: ReadCrop[] = [];
  const progress = startProgress("real crops", realCrops.length, { stream: stderr, unit: "crops" });
  for (const crop of realCrops) {
    signal.throwIfAborted();
    progress.update(read.length);
    const { data } = await pixels.read(crop.index);
    const { probabilities, features } = await reader.read(data);
    const isUnseen = unseen.has(crop);
    const decoded = isUnseen ? await autoencoding.run(data.slice(0, 2 * area)) : undefined;
    read.push({
      ...{ crop, features, isUnseen, field: crop.fieldOfView },
      compartment: compartmentOf(crop)!,
      answer: answerOf(inOrder(probabilities)),
      decodedAnswer:
        decoded && answerOf(inOrder((await reader.read(withDistance(decoded, data))).probabilities)),
      quality: decoded && compareImages(decoded, data.subarray(0, 2 * area), pixels.height),
      proportion: nuclearProportion(data.subarray(0, area), data.subarray(2 * area)),
    });
  }
  progress.close();
  return read;
}

/** An image [2, N, N] with the nuclear distance of another [3, N, N]. */
function withDistance(image: Float32Array, other: Float32Array): Float32Array {
  const whole = other.slice();
  whole.set(image);
  return whole;
}
