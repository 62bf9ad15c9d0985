// What the denoiser is told of a protein: the language model's representation of its residues, and what the localization
// head makes of them. Proteins differ little in the mean of their representation beside what they share; as it is, a
// denoiser does not learn to look at the sequence. So both are brought to zero mean and unit deviation over proteins, and
// the head's logits are added to every residue along directions of their own.

import { add, div, expandDims, fixed, matmul, sub, type Tensor, type Weights } from "@proteoscope/engine";

export interface SequenceConditionInputs {
  /** ESM2's last representation, [B, L, width]. */
  readonly representation: Tensor;
  /** The localization head's logits, [B, compartments]. */
  readonly compartmentLogits: Tensor;
}

/** The denoiser's sequence, [B, L, width]; as initialised, it is the representation itself. */
export function sequenceCondition(
  w: Weights,
  { representation, compartmentLogits }: SequenceConditionInputs,
): Tensor {
  const width = fixed(representation.shape[2]!, "sequenceCondition", "the representation");
  const count = fixed(compartmentLogits.shape[1]!, "sequenceCondition", "the logits");
  const compartments = w.at("compartments");
  const directions = compartments.parameter("directions", [count, width], { kind: "constant", value: 0 });
  const placed = matmul(standardize(compartments, compartmentLogits, count), directions); // [B, width]
  return add(standardize(w.at("residues"), representation, width), expandDims(placed, 1));
}

function standardize(w: Weights, x: Tensor, size: number): Tensor {
  const mean = w.parameter("mean", [size], { kind: "constant", value: 0 });
  return div(sub(x, mean), w.parameter("deviation", [size], { kind: "constant", value: 1 }));
}
