// The gradient of the cross entropy of compartment probabilities, for fits that are too small for a graph: over every label
// that a protein's source resolves, and over wholes where it states the whole alone.

import {
  type Compartment,
  compartmentGroups,
  compartments,
  type SequenceTargets,
} from "../data/atlas/compartments.ts";

/** Keeps quotients finite. */
const smallestProbability = 1e-7;

/** Indices of the members of a whole among labels; members that are no label are left out. */
export function indicesOf(labels: readonly string[], members: readonly string[]): number[] {
  return members.map((member) => labels.indexOf(member)).filter((index) => index >= 0);
}

/**
 * Gives a function from a protein's probabilities [labels] and targets to the gradient with respect to the logits
 * [labels], of which each probability is the sigmoid.
 */
export function openLabelGradients(
  labels: readonly Compartment[],
): (probabilities: ArrayLike<number>, target: SequenceTargets) => Float64Array {
  const columns = labels.map((name) => compartments.indexOf(name));
  const wholes = compartmentGroups.map(({ members }) => indicesOf(labels, members));
  return (p, target) => {
    const gradients = new Float64Array(labels.length);
    for (const [index, column] of columns.entries())
      if (target.known[column] === 1) gradients[index]! += p[index]! - target.targets[column]!;
    for (const [group, members] of wholes.entries()) {
      if (target.groupTargets[group] !== 1) continue;
      const none = members.reduce((product, index) => product * (1 - p[index]!), 1);
      for (const index of members)
        gradients[index]! -= (p[index]! * none) / Math.max(smallestProbability, 1 - none);
    }
    return gradients;
  };
}
