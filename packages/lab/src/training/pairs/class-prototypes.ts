// The logits of proteins that surely are in a compartment, which a denoiser is told once it has been decided to draw one:
// the mean over the proteins of which the localization head says so most surely, other answers taken into account.

import { float32, type NdArray } from "@proteoscope/engine";
import { answerProbabilities, noCalibration } from "@proteoscope/models";

/** Proteins that the mean of a compartment is taken over. */
export const surestCount = 8;

/** Rows of logits, one a protein and [labels] each -> [compartments, labels]; compartments are among the labels. */
export function prototypeLogits(
  rows: readonly Float32Array[],
  labels: readonly string[],
  compartments: readonly string[],
): NdArray {
  const asked = rows.map((row) => ({ row, answer: answerProbabilities(row, noCalibration(labels.length)) }));
  const means = compartments.flatMap((name) => {
    const place = labels.indexOf(name);
    const surest = asked.toSorted((a, b) => b.answer[place]! - a.answer[place]!).slice(0, surestCount);
    return labels.map((_, i) => surest.reduce((sum, { row }) => sum + row[i]!, 0) / surest.length);
  });
  return float32([compartments.length, labels.length], Float32Array.from(means));
}
