// What the denoiser is told of a protein: the language model's representation of its residues, and what the localization
// head makes of them. Proteins differ little in the mean of their representation beside what they share; as it is, a
// denoiser does not learn to look at the sequence. So both are brought to zero mean and unit deviation over proteins, and
// the head's logits are added to every residue along directions of their own.
//
// The other inputs are there to be compared with: one vector a protein, the residues themselves (one-hot), and random
// numbers, which tell who a protein is and nothing of what it is like.

import {
  add,
  cast,
  createGenerator,
  div,
  equal,
  expandDims,
  fixed,
  matmul,
  mean,
  mul,
  oneHot,
  sub,
  sum,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import type { Esm2Config } from "../esm2/network.ts";
import { clsTokenId } from "../esm2/tokenizer.ts";
import type { SequenceReading } from "./protein-network.ts";

/** Every residue, their mean, the first token (bos, here <cls>), the residues' letters, or noise of the protein's own. */
export const sequenceInputs = ["full", "mean", "bos", "one_hot", "random"] as const;
export type SequenceInput = (typeof sequenceInputs)[number];

/** Numbers a token of the denoiser's sequence. */
export function sequenceInputWidth(input: SequenceInput, { hiddenSize, vocabSize }: Esm2Config): number {
  return input === "one_hot" ? vocabSize : hiddenSize;
}

/**
 * What `sequenceCondition` is given, [B, L or 1, width]: of a sequence without padding.
 * @throws RangeError for "random", which is no function of tokens: see `randomSequence`.
 */
export function sequenceRows(
  { inputIds, representation, compartmentLogits }: SequenceReading,
  input: SequenceInput,
  { vocabSize }: Esm2Config,
): SequenceConditionInputs {
  switch (input) {
    case "full":
      return { representation, compartmentLogits };
    case "mean":
      return { representation: mean(representation, { axes: [1], keepDims: true }), compartmentLogits };
    case "bos": {
      const isFirst = expandDims(cast(equal(inputIds, clsTokenId), "float32"), 2);
      return {
        representation: sum(mul(representation, isFirst), { axes: [1], keepDims: true }),
        compartmentLogits,
      };
    }
    case "one_hot":
      return { representation: oneHot(inputIds, vocabSize), compartmentLogits: undefined };
    case "random":
      throw new RangeError("a random sequence is drawn, not computed: use randomSequence");
  }
}

/** The whole condition of a protein that is told by random numbers: one token of `width` standard normal ones. */
export function randomSequence(sequence: string, width: number): Float32Array {
  return createGenerator(0, "random sequence", sequence).normal(width);
}

export interface SequenceConditionInputs {
  /** ESM2's last representation or what stands for it, [B, L, width]. */
  readonly representation: Tensor;
  /** The localization head's logits, [B, compartments], where they are told. */
  readonly compartmentLogits?: Tensor | undefined;
}

/** The denoiser's sequence, [B, L, width]; as initialised, it is the representation itself. */
export function sequenceCondition(
  w: Weights,
  { representation, compartmentLogits }: SequenceConditionInputs,
): Tensor {
  const width = fixed(representation.shape[2]!, "sequenceCondition", "the representation");
  const residues = standardize(w.at("residues"), representation, width);
  if (compartmentLogits === undefined) return residues;
  return add(residues, expandDims(compartmentCondition(w, compartmentLogits, width), 1));
}

/** What every residue is told of the compartments, [B, width], of the head's logits [B, compartments]. */
export function compartmentCondition(w: Weights, compartmentLogits: Tensor, width: number): Tensor {
  const count = fixed(compartmentLogits.shape[1]!, "compartmentCondition", "the logits");
  const compartments = w.at("compartments");
  const directions = compartments.parameter("directions", [count, width], { kind: "constant", value: 0 });
  return matmul(standardize(compartments, compartmentLogits, count), directions);
}

function standardize(w: Weights, x: Tensor, size: number): Tensor {
  const mean = w.parameter("mean", [size], { kind: "constant", value: 0 });
  return div(sub(x, mean), w.parameter("deviation", [size], { kind: "constant", value: 1 }));
}
