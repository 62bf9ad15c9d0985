// Real crops under the image classifier: the ceiling of what generated images can reach, and the reference of distances.
// Crops that nothing was trained on are marked, since the classifier does better on its training crops; they pass through
// the autoencoder as well, which every generated image comes out of.

import { nuclearProportion } from "@proteoscope/imaging";
import type { ImageClassifier, WorkOptions } from "@proteoscope/microscope";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import { type Autoencoding, type channels, compareImages, type Quality } from "../measures/autoencoding.ts";
import { type ClassifiedCrop, mostProbable } from "../report/score-compartments.ts";
import { compartmentOf, type EvaluationData } from "../sets.ts";

export interface ReadCrop extends ClassifiedCrop {
  readonly crop: Crop;
  readonly isUnseen: boolean;
  readonly features: Float32Array;
  readonly proportion: number;
  /** Quality of the autoencoder's reconstruction; undefined for crops that were trained on. */
  readonly quality: Record<(typeof channels)[number], Quality> | undefined;
  /** The same of a linear filter that keeps as many numbers. */
  readonly filterQuality: ReadCrop["quality"];
}

/** Classifies every real crop of a compartment. @throws the signal's reason, between two crops. */
export async function readRealCrops(
  { realCrops, unseenCrops }: EvaluationData,
  pixels: CropPixels,
  { classifier, autoencoding }: { readonly classifier: ImageClassifier; readonly autoencoding: Autoencoding },
  inOrder: (probabilities: Float32Array) => readonly number[],
  { signal, onProgress }: WorkOptions,
): Promise<ReadCrop[]> {
  const unseen = new Set(unseenCrops);
  const area = pixels.height * pixels.width;
  const read: ReadCrop[] = [];
  for (const crop of realCrops) {
    signal.throwIfAborted();
    onProgress?.({ phase: "real crops", done: read.length, total: realCrops.length, unit: "crops" });
    const { data } = await pixels.read(crop.index);
    const { probabilities, features } = (await classifier.classify(data))[0]!;
    const isUnseen = unseen.has(crop);
    const image = data.slice(0, 2 * area);
    const decoded = isUnseen ? await autoencoding.run(image) : undefined;
    const filtered = isUnseen ? autoencoding.filter(image) : undefined;
    read.push({
      ...{ crop, features, isUnseen, field: crop.fieldOfView },
      compartment: compartmentOf(crop)!,
      predicted: mostProbable(inOrder(probabilities)),
      decodedPrediction:
        decoded &&
        mostProbable(inOrder((await classifier.classify(withDistance(decoded, data)))[0]!.probabilities)),
      quality: decoded && compareImages(decoded, image, pixels.height),
      filterQuality: filtered && compareImages(filtered, image, pixels.height),
      proportion: nuclearProportion(data.subarray(0, area), data.subarray(2 * area)),
    });
  }
  return read;
}

/** An image [2, N, N] with the nuclear distance of another [3, N, N]. */
function withDistance(image: Float32Array, other: Float32Array): Float32Array {
  const whole = other.slice();
  whole.set(image);
  return whole;
}
