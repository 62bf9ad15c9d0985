// The image classifier as a measuring device: the compartments it sees in an image, and the features it judges by, in
// which sets of images are compared. Real and drawn images are read alike.

import { compile, f32, float32, type NdArray, type Runtime, softmax } from "@proteoscope/engine";
import {
  type CompartmentClassifierConfig,
  compartmentFeatures,
  compartmentLogits,
} from "@proteoscope/models";

export interface ImageClassifier {
  readonly config: CompartmentClassifierConfig & { readonly distanceScale: number };
  readonly weights: ReadonlyMap<string, NdArray>;
}

export interface SeenImage {
  /** [classes] */
  readonly probabilities: Float32Array;
  /** [2 * channels of the last stage] */
  readonly features: Float32Array;
}

export interface ImageReader {
  /** image [3, N, N]: protein and nucleus in [0, 1], nuclear distance in pixels. */
  read(image: Float32Array): Promise<SeenImage>;
  close(): Promise<void>;
}

/** Compiles a classifier for images of one side. */
export async function openImageReader(
  runtime: Runtime,
  { config, weights }: ImageClassifier,
  side: number,
): Promise<ImageReader> {
  const program = await compile(
    runtime,
    (w, { image }) => {
      const features = compartmentFeatures(w, config, image);
      return { features, probabilities: softmax(compartmentLogits(w, config, features)) };
    },
    { image: f32(1, 3, side, side) },
    { weights },
  );
  const plane = side * side;
  return {
    async read(image) {
      const scaled = image.map((value, i) => (i < 2 * plane ? value : value / config.distanceScale));
      const seen = await program.run({ image: float32([1, 3, side, side], scaled) });
      return {
        probabilities: seen.probabilities.data as Float32Array,
        features: seen.features.data as Float32Array,
      };
    },
    close: () => program.close(),
  };
}
