// Why the first compartment of one list is not the first of another: multi-label probabilities follow how frequent each
// compartment is, the balanced posterior counts all as equally frequent, and a target has only compartments with images.

import type { CompartmentProbabilities } from "../protein/encoder.ts";
import { mostProbable } from "../protein/localize.ts";

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
  const value = posterior[first]!.toFixed(2);
  return `not ${expected}: with all compartments equally frequent, ${first} is the most probable${among}, ${value}`;
}
