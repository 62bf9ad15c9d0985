// The localizer ("proteoloc"): from residue embeddings to the compartments of a protein by an optional bottleneck, the mean
// over the residues and one linear layer.
//
// The original predicts one of ten compartments; here they do not exclude each other, as in the data of DeepLoc 2.0
// (Thumuluri et al. 2022, doi:10.1093/nar/gkac278). Its embeddings come from a frozen ESM2, or from one with LoRA.

import { linear, type RandomSource, type Tensor, type Weights } from "@proteoscope/engine";
import { maskedMean } from "../esm2/masked-mean.ts";
import { type EsmBottleneckConfig, type EsmBottleneckInputs, esmBottleneck } from "./bottleneck.ts";

/** The labels of the localizer and its bottleneck. */
export interface LocalizerConfig {
  /** Names of the compartments, in the order of the logits. */
  readonly labels: readonly string[];
  /** The network on the residues before their mean is taken; null where there is none. */
  readonly bottleneck: EsmBottleneckConfig | null;
}

/** Residue embeddings [B, L, D] -> one logit per compartment, [B, labels]. L may be open. */
export function localizer(
  w: Weights,
  { labels, bottleneck }: LocalizerConfig,
  inputs: EsmBottleneckInputs,
  options: { random?: RandomSource | undefined } = {},
): Tensor {
  const { sequence, mask } =
    bottleneck === null ? inputs : esmBottleneck(w.at("esm_bottleneck"), bottleneck, inputs, options);
  return linear(w.at("prediction_head"), maskedMean(sequence, mask), labels.length);
}
