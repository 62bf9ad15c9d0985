// The losses of every head that predicts compartments. Sources differ in what they resolve: a label that names the
// nucleus or the cytoplasm as a whole is a question about any of its parts, whose probability is 1 - product of (1 - p), so
// that Swiss-Prot's proteins train a head without pretending to resolve them.

import {
  add,
  div,
  exp,
  log,
  maximum,
  mul,
  neg,
  slice,
  softplus,
  sub,
  sum,
  type Tensor,
  vector,
} from "@proteoscope/engine";
import { localizationLoss } from "@proteoscope/models";
import { compartmentGroups, compartments } from "../data/atlas/compartments.ts";

/** Tensors of a `targetBatch`, each [B, labels] or [B, groups]. */
export type TargetTensors = Readonly<Record<"targets" | "known" | "groupTargets" | "groupKnown", Tensor>>;

/** Mean over single compartments plus mean over wholes; logits [B, compartments]. */
export function compartmentLoss(
  logits: Tensor,
  { targets, known, groupTargets, groupKnown }: TargetTensors,
  positiveWeights: readonly number[],
): Tensor {
  return add(
    localizationLoss(logits, targets, known, { positiveWeights }),
    wholeLoss(logits, groupTargets, groupKnown),
  );
}

/**
 * Mean over all questions, each of which counts alike: is the protein in this compartment, is it in any part of this
 * whole. "In no part", which is one question per part, then weighs as much as "in any part", and one half is a fair
 * threshold. Logits [B, compartments].
 */
export function questionLoss(
  logits: Tensor,
  { targets, known, groupTargets, groupKnown }: TargetTensors,
  positiveWeights: readonly number[],
): Tensor {
  const [partCount, wholeCount] = [sum(known), sum(groupKnown)];
  const parts = localizationLoss(logits, targets, known, { positiveWeights });
  const wholes = wholeLoss(logits, groupTargets, groupKnown);
  const total = add(mul(parts, partCount), mul(wholes, wholeCount));
  return div(total, maximum(add(partCount, wholeCount), 1));
}

const smallestProbability = 1e-6; // keeps the logarithm finite

/** Mean of -log P(any part), or -log P(no part), over the groups that are known; logits [B, compartments]. */
export function wholeLoss(logits: Tensor, targets: Tensor, known: Tensor): Tensor {
  const absent = softplus(logits); // -log(1 - p)
  const losses = compartmentGroups.map(({ members }, group) => {
    const isMember = vector(compartments.map((name) => (members.includes(name) ? 1 : 0)));
    const none = sum(mul(absent, isMember), { axes: [1], keepDims: true }); // [B, 1] -log P(no part)
    const any = neg(log(add(sub(1, exp(neg(none))), smallestProbability)));
    const column = (x: Tensor) => slice(x, 1, group, group + 1);
    const target = column(targets);
    return sum(mul(add(mul(any, target), mul(none, sub(1, target))), column(known)));
  });
  return div(losses.reduce(add), maximum(sum(known), 1));
}
