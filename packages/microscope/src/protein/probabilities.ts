// Probabilities of compartments by name: how they are compared, and how they are printed, so that every place that names
// the most probable one names the same.

/** A probability for each compartment, by name. */
export type CompartmentProbabilities = Readonly<Record<string, number>>;

/** Values in the order of the labels, by label. */
export function byName(labels: readonly string[], values: Float32Array): CompartmentProbabilities {
  return Object.fromEntries(labels.map((label, index) => [label, values[index]!]));
}

/** The label of the largest probability, the first of equal ones. */
export function mostProbable(probabilities: CompartmentProbabilities): string {
  return Object.entries(probabilities).reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}

/** Two decimals; never a certainty, which no calibrated probability is: ">0.99" and "<0.01". */
export function formatProbability(probability: number): string {
  if (probability >= 0.995) return ">0.99";
  return probability > 0 && probability < 0.005 ? "<0.01" : probability.toFixed(2);
}
