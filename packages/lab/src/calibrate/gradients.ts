// The gradient of what is asked of compartment probabilities, for fits that are too small for a graph: cross entropy of
// every label that a protein's source resolves, and of any part where it tells the whole alone.

import {
  type Compartment,
  compartmentGroups,
  compartments,
  type SequenceTargets,
} from "../data/atlas/compartments.ts";

/** Keeps quotients finite. */
const unlikely = 1e-7;

/** Where the members of a whole stand among labels. */
export function placesOf(labels: readonly string[], members: readonly string[]): number[] {
  return members.map((member) => labels.indexOf(member)).filter((place) => place >= 0);
}

/** The function that gives the slopes by the logits [labels] of one protein's probabilities [labels], each by itself. */
export function openLabelGradients(
  labels: readonly Compartment[],
): (probabilities: ArrayLike<number>, target: SequenceTargets) => Float64Array {
  const columns = labels.map((name) => compartments.indexOf(name));
  const wholes = compartmentGroups.map(({ members }) => placesOf(labels, members));
  return (p, target) => {
    const gradients = new Float64Array(labels.length);
    for (const [index, column] of columns.entries())
      if (target.known[column] === 1) gradients[index]! += p[index]! - target.targets[column]!;
    for (const [group, inside] of wholes.entries()) {
      if (target.groupTargets[group] !== 1) continue;
      const none = inside.reduce((product, index) => product * (1 - p[index]!), 1);
      for (const index of inside) gradients[index]! -= (p[index]! * none) / Math.max(unlikely, 1 - none);
    }
    return gradients;
  };
}
