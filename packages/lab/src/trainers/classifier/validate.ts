// How often the compartment classifier is right on images that it does not learn from.
// One image is computed at a time, so that its score does not depend on the others.

import type { NdArray, Runtime } from "@proteoscope/engine";
import { openImageClassifier } from "@proteoscope/microscope";
import type { CompartmentClassifierConfig } from "@proteoscope/models";
import { imageCompartments, imageTargets } from "../../data/atlas/compartments.ts";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import type { Scores } from "../../training/scores.ts";
import type { ReportItem } from "../../training/validation-sets.ts";

interface ValidationImages {
  readonly pixels: CropPixels;
  readonly crops: readonly Crop[];
  /** Standard deviation of the nuclear distance, in pixels. */
  readonly distanceScale: number;
}

/** `accuracy` over the images, `recall` of each compartment that occurs, and their mean `macroRecall`. */
export async function validateClassifier(
  runtime: Runtime,
  weights: ReadonlyMap<string, NdArray>,
  network: CompartmentClassifierConfig,
  { pixels, crops, distanceScale }: ValidationImages,
  report?: ReportItem,
): Promise<Scores> {
  const config = { ...network, distanceScale };
  const classifier = await openImageClassifier(runtime, { config, weights }, pixels.height);
  try {
    const counts = new Map<number, { right: number; all: number }>();
    for (const crop of crops) {
      const { data } = await pixels.read(crop.index);
      const [classified] = await classifier.classify(data);
      const label = indexOfLargest(imageTargets(crop.labels)!);
      const count = counts.get(label) ?? { right: 0, all: 0 };
      count.all++;
      const isRight = indexOfLargest(classified!.probabilities) === label;
      if (isRight) count.right++;
      report?.(crop.uniprot ?? "", { accuracy: isRight ? 1 : 0 });
      counts.set(label, count);
    }
    const recalls = [...counts].map(
      ([label, { right, all }]) => [imageCompartments[label]!, right / all] as const,
    );
    const right = [...counts.values()].reduce((total, count) => total + count.right, 0);
    return {
      accuracy: right / crops.length,
      macroRecall: recalls.reduce((total, [, recall]) => total + recall, 0) / recalls.length,
      ...Object.fromEntries(recalls.map(([name, recall]) => [`recall.${name}`, recall])),
    };
  } finally {
    await classifier.close();
  }
}

function indexOfLargest(values: Float32Array): number {
  return values.indexOf(
    values.reduce((largest, value) => Math.max(largest, value), Number.NEGATIVE_INFINITY),
  );
}
