/**
 * The image classifier: a small residual network from protein, nucleus and nuclear distance to compartments.
 *
 * It classifies generated images as it classifies real ones, so it is small (0.5 M parameters) and sees no sequence. The
 * mean over positions shows how much of the cell looks like a compartment, the maximum that something does: a nucleolus
 * or a Golgi is a few pixels of the crop. The design is our own, with blocks after He et al. 2016 and Wu & He 2018.
 */
import {
  add,
  concat,
  convolution,
  dropout,
  groupNorm,
  linear,
  max,
  mean,
  type RandomSource,
  silu,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";

/** The size of the image classifier. */
export interface CompartmentClassifierConfig {
  readonly classes: number;
  /** Channels of each stage; every stage halves the sides. */
  readonly channels: readonly number[];
  readonly normGroups: number;
  /** Dropout of the pooled features, in training alone. */
  readonly dropout: number;
}

/** The size for nine compartments and "other", on crops of 100x100 pixels. */
export const compartmentClassifierDefaults: CompartmentClassifierConfig = {
  classes: 10,
  channels: [32, 64, 96, 128],
  normGroups: 8,
  dropout: 0.3,
};

/**
 * Classifies images: x [B, 3, H, W] -> logits [B, classes]. The channels are protein and nucleus in [0, 1], and nuclear
 * distance in its own standard deviations. `random` is given in training alone, for dropout.
 */
export function compartmentClassifier(
  w: Weights,
  config: CompartmentClassifierConfig,
  x: Tensor,
  random?: RandomSource,
): Tensor {
  return compartmentLogits(w, config, compartmentFeatures(w, config, x), random);
}

/**
 * The features that the classifier decides by, and a space to compare images in: x [B, 3, H, W] -> the mean of each channel
 * of the last stage over positions, then the maximum, [B, 2 * channels].
 */
export function compartmentFeatures(w: Weights, config: CompartmentClassifierConfig, x: Tensor): Tensor {
  let h = x;
  config.channels.forEach((channels, stage) => {
    const at = w.at("stages", stage);
    const down = convolution(at.at("down"), h, channels, { kernel: 3, stride: 2, padding: 1 });
    const active = silu(groupNorm(at.at("norm1"), down, config.normGroups, normEpsilon));
    const refined = convolution(at.at("conv"), active, channels, { kernel: 3, padding: 1 });
    h = silu(groupNorm(at.at("norm2"), add(down, refined), config.normGroups, normEpsilon));
  });
  return concat([mean(h, { axes: [2, 3] }), max(h, { axes: [2, 3] })], 1);
}

/** The classifier's last layer: features [B, 2 * channels] -> logits [B, classes]. */
export function compartmentLogits(
  w: Weights,
  config: CompartmentClassifierConfig,
  features: Tensor,
  random?: RandomSource,
): Tensor {
  return linear(w.at("head"), dropout(features, config.dropout, random), config.classes);
}

const normEpsilon = 1e-5;
