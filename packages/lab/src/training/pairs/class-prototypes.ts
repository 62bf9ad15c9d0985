// Class prototypes: the logits of proteins that are confidently predicted in a compartment, on which a denoiser is conditioned
// for a target compartment. They are the mean over the proteins with the largest single-label probability of it.

import { float32, type NdArray } from "@proteoscope/engine";
import { noCalibration, posteriorProbabilities } from "@proteoscope/models";

/** The number of proteins in the mean of a compartment. */
export const surestCount = 8;

/** Rows of logits [labels], one per protein -> prototypes [compartments, labels]; compartments are among the labels. */
export function prototypeLogits(
  rows: readonly Float32Array[],
  labels: readonly string[],
  compartments: readonly string[],
): NdArray {
  const predicted = rows.map((row) => ({
    row,
    posterior: posteriorProbabilities(row, noCalibration(labels.length)),
  }));
  const means = compartments.flatMap((name) => {
    const index = labels.indexOf(name);
    const surest = predicted
      .toSorted((a, b) => b.posterior[index]! - a.posterior[index]!)
      .slice(0, surestCount);
    return labels.map((_, i) => surest.reduce((sum, { row }) => sum + row[i]!, 0) / surest.length);
  });
  return float32([compartments.length, labels.length], Float32Array.from(means));
}
