// A toy network: the mean of a protein's residue embeddings through one hidden layer to one logit per label.
// It exists for docs/how-to/add-a-network.md and its test.

import { gelu, linear, type Tensor, type Weights } from "@proteoscope/engine";
import { maskedMean } from "../../esm2/masked-mean.ts";

/** Field names are those of config.json, in camel case. */
export interface ToyConfig {
  /** Width of a residue's embedding. */
  readonly embeddingSize: number;
  readonly hiddenSize: number;
  readonly numLabels: number;
}

/** Residue embeddings [B, L, embeddingSize] and their mask, bool [B, L] -> logits [B, numLabels]. */
export function toy(w: Weights, config: ToyConfig, sequence: Tensor, mask: Tensor): Tensor {
  const mean = maskedMean(sequence, mask); // [B, embeddingSize]
  const hidden = gelu(linear(w.at("hidden"), mean, config.hiddenSize)); // [B, hiddenSize]
  return linear(w.at("output"), hidden, config.numLabels);
}
