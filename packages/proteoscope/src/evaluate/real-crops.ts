// Real crops as the classifier reads them: the ceiling of what drawn images can reach, and what they are compared with.
// Crops that nothing was trained on are told from the others, on which the classifier is better than it is.
import {
  type Crop,
  type CropPixels,
  compartmentOf,
  type EvaluationData,
  type ImageReader,
  nuclearProportion,
} from "@proteoscope/lab";
import { answerOf, type RealAnswer } from "./score-answers.ts";

export interface ReadCrop extends RealAnswer {
  readonly crop: Crop;
  readonly isUnseen: boolean;
  readonly features: Float32Array;
  readonly proportion: number;
}

/** Reads every real crop of a compartment; stops between two. */
export async function readRealCrops(
  { realCrops, unseenCrops }: EvaluationData,
  pixels: CropPixels,
  reader: ImageReader,
  inOrder: (probabilities: Float32Array) => readonly number[],
  signal: AbortSignal,
): Promise<ReadCrop[]> {
  const unseen = new Set(unseenCrops);
  const area = pixels.height * pixels.width;
  const read: ReadCrop[] = [];
  for (const crop of realCrops) {
    signal.throwIfAborted();
    const { data } = await pixels.read(crop.index);
    const { probabilities, features } = await reader.read(data);
    read.push({
      ...{ crop, features, isUnseen: unseen.has(crop), field: crop.fieldOfView },
      compartment: compartmentOf(crop)!,
      answer: answerOf(inOrder(probabilities)),
      proportion: nuclearProportion(data.subarray(0, area), data.subarray(2 * area)),
    });
  }
  return read;
}
