// Probabilities of compartments as they are compared and printed.

import type { CompartmentProbabilities } from "./encoder.ts";

/** The label of the largest probability, the first of equal ones. */
export function mostProbable(probabilities: CompartmentProbabilities): string {
  return Object.entries(probabilities).reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}

/** Two decimals; never a certainty, which no calibrated probability is: ">0.99" and "<0.01". */
export function formatProbability(probability: number): string {
  if (probability >= 0.995) return ">0.99";
  return probability > 0 && probability < 0.005 ? "<0.01" : probability.toFixed(2);
}
