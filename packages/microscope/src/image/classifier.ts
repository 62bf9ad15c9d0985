// The image classifier as a measuring device: the compartments that it recognises in an image, and the features by which
// it does, in which sets of images are compared. Real and generated images are classified alike, in training, in use and
// in evaluation.

import { compile, f32, float32, type NdArray, type Runtime, softmax } from "@proteoscope/engine";
import {
  type CompartmentClassifierConfig,
  compartmentFeatures,
  compartmentLogits,
} from "@proteoscope/models";

export interface ClassifierNetwork {
  /** `distanceScale`: standard deviation of the nuclear distance on the training data, in pixels. */
  readonly config: CompartmentClassifierConfig & { readonly distanceScale: number };
  readonly weights: ReadonlyMap<string, NdArray>;
}

export interface ClassifiedImage {
  /** [classes]; they sum to 1. */
  readonly probabilities: Float32Array;
  /** [2 * channels of the last stage] */
  readonly features: Float32Array;
}

export interface ImageClassifier {
  /** images [B, 3, N, N]: protein and nucleus in [0, 1], nuclear distance in pixels. One result per image. */
  classify(images: Float32Array): Promise<ClassifiedImage[]>;
  close(): Promise<void>;
}

/** Compiles a classifier for images of one side, in pixels. */
export async function openImageClassifier(
  runtime: Runtime,
  { config, weights }: ClassifierNetwork,
  side: number,
): Promise<ImageClassifier> {
  const program = await compile(
    runtime,
    (w, { image }) => {
      const features = compartmentFeatures(w, config, image);
      return { features, probabilities: softmax(compartmentLogits(w, config, features)) };
    },
    { image: f32("batch", 3, side, side) },
    { weights },
  );
  const area = side * side;
  return {
    async classify(images) {
      const count = images.length / (3 * area);
      const scaled = images.map((value, i) =>
        i % (3 * area) < 2 * area ? value : value / config.distanceScale,
      );
      const outputs = await program.run({ image: float32([count, 3, side, side], scaled) });
      const rows = (name: keyof ClassifiedImage, index: number) => {
        const values = outputs[name].data as Float32Array;
        const width = values.length / count;
        return values.slice(index * width, (index + 1) * width);
      };
      return Array.from({ length: count }, (_, index) => ({
        probabilities: rows("probabilities", index),
        features: rows("features", index),
      }));
    },
    close: () => program.close(),
  };
}
