// The localizer ("proteoloc"): from the residues' embeddings to the compartments of a protein. A bottleneck that may be
// absent, the mean over the residues, one linear layer.
//
// The original asks for one of ten compartments; here they do not exclude each other, as DeepLoc 2.0's data says
// (Thumuluri et al. 2022, doi:10.1093/nar/gkac278). Its embeddings come from a frozen ESM2, or from one with LoRA.

import { linear, type RandomSource, type Tensor, type Weights } from "@proteoscope/engine";
import { maskedMean } from "../esm2/masked-mean.ts";
import { type EsmBottleneckConfig, type EsmBottleneckInputs, esmBottleneck } from "./bottleneck.ts";

export interface LocalizerConfig {
  /** Names of the compartments, in the order of the logits. */
  readonly labels: readonly string[];
  /** What reads the embeddings before they are averaged; null for nothing. */
  readonly bottleneck: EsmBottleneckConfig | null;
}

/** Embeddings of residues [B, L, D] -> one logit a compartment [B, labels]. L may be open. */
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
