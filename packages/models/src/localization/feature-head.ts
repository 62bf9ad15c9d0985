// The head on sequence features (sequence-features.ts): a few fully connected layers to the compartments of a protein,
// whose logits are added to those of the localization head. It sees the whole protein, and learns in minutes what a small
// language model does not learn in an hour.

import {
  clip,
  div,
  dropout,
  gelu,
  linear,
  maximum,
  type RandomSource,
  sub,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import { sequenceFeatureCount } from "./sequence-features.ts";

/** The size of the feature head. */
export interface FeatureHeadConfig {
  /** Names of the compartments in the order of the logits, which are those of the localization head. */
  readonly labels: readonly string[];
  readonly hiddenSize: number;
  /** Number of hidden layers. */
  readonly layers: number;
  /** Dropout of the features, in training alone. */
  readonly inputDropout: number;
  /** Dropout of the hidden layers, in training alone. */
  readonly dropout: number;
}

/** Number of standard deviations at which features are cut off. */
const farthest = 4;
/** Smallest standard deviation, which keeps quotients finite. */
const smallest = 1e-6;

/**
 * The feature head: features [B, sequenceFeatureCount] as `computeSequenceFeatures` gives them -> one logit per
 * compartment, [B, labels].
 */
export function featureHead(
  w: Weights,
  { labels, hiddenSize, layers, inputDropout, dropout: rate }: FeatureHeadConfig,
  sequenceFeatures: Tensor,
  { random }: { random?: RandomSource | undefined } = {},
): Tensor {
  const norm = w.at("norm");
  const mean = norm.parameter("mean", [sequenceFeatureCount], { kind: "constant", value: 0 });
  const deviation = norm.parameter("deviation", [sequenceFeatureCount], { kind: "constant", value: 1 });
  const standard = clip(div(sub(sequenceFeatures, mean), maximum(deviation, smallest)), -farthest, farthest);
  let x = dropout(standard, inputDropout, random, "descriptors");
  for (let layer = 0; layer < layers; layer++)
    x = dropout(
      gelu(linear(w.at("layers", layer), x, hiddenSize)),
      rate,
      random,
      `descriptors.layers.${layer}`,
    );
  return linear(w.at("layers", layers), x, labels.length);
}
