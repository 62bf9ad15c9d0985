// The difference between CLIP and the triplet network: the loss over a batch of pairs, and its inputs in addition to the
// embeddings of images and proteins.

import type { InputTypes, NdArray, Tensor, Weights } from "@proteoscope/engine";
import type { JointEmbeddings } from "@proteoscope/models";
import type { Pair } from "../../data/batches/negative-pairs.ts";

export interface ContrastiveLoss {
  readonly architecture: "clip" | "triplet";
  /** Types of what `inputs` gives for so many pairs. */
  inputTypes(count: number): InputTypes;
  inputs(pairs: readonly Pair[]): Record<string, NdArray>;
  /** Whether the loss is one over the pairs of all micro-batches of a step, on all processes. */
  readonly isShared: boolean;
  loss(w: Weights, embeddings: JointEmbeddings, inputs: Readonly<Record<string, Tensor>>): Tensor;
}
