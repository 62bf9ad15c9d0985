// The denoiser's sequence: the language model's representation of a protein's residues, and the logits of the localization
// head. Representations of proteins differ little in comparison with their common mean, and with them as they are a
// denoiser does not learn to attend to the sequence. Both are therefore standardised over proteins, and the head's logits
// are added to every residue along directions of their own.
//
// The other inputs are controls: one vector per protein, the residues themselves (one-hot), and random numbers, which
// identify a protein and have no information on its properties.

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
import { clsTokenId } from "../esm2/tokenizer.ts";
import type { LanguageModelConfig } from "../language-model/language-model.ts";
import type { SequenceReading } from "./protein-network.ts";

/**
 * What the denoiser sees of a protein: the representation of every residue, their mean, the first token (bos, here <cls>),
 * the residues as one-hot rows, or random numbers that depend on the sequence.
 */
export const sequenceInputs = ["full", "mean", "bos", "one_hot", "random"] as const;
/** What the denoiser sees of a protein. */
export type SequenceInput = (typeof sequenceInputs)[number];

/** The width of a token of the denoiser's sequence. */
export function sequenceInputWidth(
  input: SequenceInput,
  { hiddenSize, vocabSize }: LanguageModelConfig,
): number {
  return input === "one_hot" ? vocabSize : hiddenSize;
}

/**
 * The input of `sequenceCondition`, [B, L or 1, width], for sequences without padding.
 * @throws RangeError for "random", which is no function of tokens: see `randomSequence`.
 */
export function sequenceRows(
  { inputIds, representation, compartmentLogits }: SequenceReading,
  input: SequenceInput,
  { vocabSize }: LanguageModelConfig,
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
      throw new RangeError("a random sequence is no function of the tokens: use randomSequence");
  }
}

/** The condition of the control "random": one token of `width` standard normal numbers that depend on the sequence. */
export function randomSequence(sequence: string, width: number): Float32Array {
  return createGenerator(0, "random sequence", sequence).normal(width);
}

/** A batch of proteins as the language model and the localization head read them. */
export interface SequenceConditionInputs {
  /** ESM2's last representation, or another input of `sequenceInputs`, [B, L, width]. */
  readonly representation: Tensor;
  /** The localization head's logits, [B, compartments], where the denoiser is conditioned on them. */
  readonly compartmentLogits?: Tensor | undefined;
}

/** The denoiser's sequence, [B, L, width]; with initial weights it is the representation itself. */
export function sequenceCondition(
  w: Weights,
  { representation, compartmentLogits }: SequenceConditionInputs,
): Tensor {
  const width = fixed(representation.shape[2]!, "sequenceCondition", "the representation");
  const residues = standardize(w.at("residues"), representation, width);
  if (compartmentLogits === undefined) return residues;
  return add(residues, expandDims(compartmentCondition(w, compartmentLogits, width), 1));
}

/** The vector [B, width] that is added to every residue for the head's logits [B, compartments]. */
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
