// Why the first compartment of one list is not the first of another: multi-label probabilities follow how frequent each
// compartment is, the balanced posterior counts all as equally frequent, a target has only compartments with images, and
// that of a known protein is its annotation.

import type { EncodedProtein } from "./encoder.ts";
import { describeKnown } from "./known.ts";
import { type CompartmentProbabilities, formatProbability, mostProbable } from "./probabilities.ts";

/**
 * One clause that says why the most probable compartment of `chosen` (by default the balanced posterior itself) is not the
 * most probable one of `probabilities`; undefined where they are the same.
 */
export function explainCompartment(
  probabilities: CompartmentProbabilities,
  posterior: CompartmentProbabilities,
  chosen: CompartmentProbabilities = posterior,
): string | undefined {
  const first = mostProbable(chosen);
  const expected = mostProbable(probabilities);
  if (first === expected) return undefined;
  if (!Object.hasOwn(chosen, expected))
    return `not ${expected}, of which the model generates no images: ${first} is the most probable of the others`;
  const isFirst = mostProbable(posterior) === first;
  const among = isFirst ? "" : " of those that the model generates images of";
  const value = formatProbability(posterior[first]!);
  return `not ${expected}: with all compartments equally frequent, ${first} is the most probable${among}, ${value}`;
}

/** One clause that says why the first target compartment is not the most probable predicted one; undefined where it is. */
export function explainTarget({
  known,
  knownTargets,
  probabilities,
  posterior,
  targetCompartments: target,
}: Pick<EncodedProtein, "known" | "knownTargets" | "probabilities" | "posterior" | "targetCompartments">):
  | string
  | undefined {
  if (target === undefined) return undefined;
  const expected = mostProbable(probabilities);
  const [first] = knownTargets;
  if (first !== undefined)
    return first.compartment === expected
      ? undefined
      : `not ${expected}: ${first.compartment} is the first of the protein's annotated compartments`;
  const reason = explainCompartment(probabilities, posterior, target);
  if (known === undefined) return reason;
  return [`annotated in ${describeKnown(known)}, of which the model generates no images`, reason ?? []]
    .flat()
    .join("; ");
}
