// From what describes a sequence (descriptors.ts) to the compartments of a protein: a few fully connected layers, whose
// logits are added to those of the localization head. It sees the whole protein, and three minutes teach it what a language
// model of 2 M parameters did not learn in an hour.

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

export interface FeatureHeadConfig {
  /** Names of the compartments, in the order of the logits: the localization head's. */
  readonly labels: readonly string[];
  readonly hiddenSize: number;
  /** Hidden layers. */
  readonly layers: number;
  /** Dropout of the descriptors, in training alone. */
  readonly inputDropout: number;
  /** Dropout of the hidden layers, in training alone. */
  readonly dropout: number;
}

/** Deviations beyond which a descriptor says no more. */
const farthest = 4;
/** Deviation that a stored one is not below: keeps quotients finite. */
const smallest = 1e-6;

/** Descriptors [B, descriptorCount] as `describeSequence` gives them -> one logit a compartment [B, labels]. */
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
