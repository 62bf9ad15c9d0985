// The image classifier as a measuring device: it gives the compartments of an image, and the features in which sets of
// images are compared. Real and generated images are classified in the same way, in training, in use and in evaluation.

import { compile, f32, float32, type NdArray, type Runtime, softmax } from "@proteoscope/engine";
import {
  type CompartmentClassifierConfig,
  compartmentFeatures,
  compartmentLogits,
} from "@proteoscope/models";

/** A classifier network with its weights. */
export interface ClassifierNetwork {
  /** `distanceScale`: standard deviation of the nuclear distance on the training data, in pixels. */
  readonly config: CompartmentClassifierConfig & { readonly distanceScale: number };
  readonly weights: ReadonlyMap<string, NdArray>;
}

/** The result for one image. */
export interface ClassifiedImage {
  /** Probabilities of the classes [classes]; they sum to 1. */
  readonly probabilities: Float32Array;
  /** Mean and maximum of the last stage's channels over positions, [2 * channels]. */
  readonly features: Float32Array;
}

/** A compiled image classifier. */
export interface ImageClassifier {
  /** Classifies images [B, 3, N, N]: protein and nucleus in [0, 1], nuclear distance in pixels. One result per image. */
  classify(images: Float32Array): Promise<ClassifiedImage[]>;
  close(): Promise<void>;
}

/** Compiles a classifier for square images; `side` in pixels. @throws WeightsError where weights do not fit. */
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
