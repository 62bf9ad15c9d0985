// Fits the calibration of a localization head on proteins that it was not trained on. Probabilities are held to what is
// known of each protein; answers to proteins of one compartment, every class counting alike, so that the most frequent
// compartments are not the answer to everything. A whole that a source does not resolve asks for any of its parts.

import {
  answerProbabilities,
  type LocalizationCalibration,
  type LogitCorrection,
  labelProbabilities,
  noCalibration,
} from "@proteoscope/models";
import type { Protein } from "../data/atlas.ts";
import { type Compartment, sequenceTargets } from "../data/compartments.ts";
import { labelOf } from "../evaluate/evaluation-data.ts";
import { groupBy } from "../evaluate/group-by.ts";
import { openLabelSlopes, placesOf } from "./label-slopes.ts";

export interface CalibrationExample {
  readonly protein: Protein;
  /** Of the head, one a label. */
  readonly logits: ArrayLike<number>;
}

/** A class with fewer proteins than this counts less, so that two or three do not decide a shift. */
const fewestOfClass = 10;
/** Standard deviation that shifts are expected to have: holds those that the examples say little about. */
const usualShift = 2;
/** Keeps quotients finite. */
const unlikely = 1e-7;

/** Fits both corrections for a head's labels, which are compartments. Throws RangeError where no protein tells anything. */
export function fitCalibration(
  labels: readonly Compartment[],
  examples: readonly CalibrationExample[],
): LocalizationCalibration {
  const slopesOf = openLabelSlopes(labels);
  const known = examples.map(({ protein, logits }) => ({
    ...{ logits, weight: 1 },
    target: sequenceTargets(protein),
  }));
  const none = noCalibration(labels.length);
  const probabilities = fitCorrection(labels.length, known, ({ logits, target }, correction) =>
    slopesOf(labelProbabilities(logits, { ...none, probabilities: correction }), target),
  );

  const single = examples.flatMap(({ protein, logits }) => {
    const label = labelOf(protein, labels);
    return label === undefined ? [] : [{ logits, label }];
  });
  const classes = groupBy(single, ({ label }) => label.name);
  const weighted = single.map((one) => ({
    ...one,
    weight: 1 / Math.max(fewestOfClass, classes.get(one.label.name)!.length),
  }));
  const answer = fitCorrection(labels.length, weighted, ({ logits, label }, correction) => {
    const p = answerProbabilities(logits, { ...none, answer: correction });
    const inside = placesOf(labels, label.members);
    const right = Math.max(
      unlikely,
      inside.reduce((sum, index) => sum + p[index]!, 0),
    );
    const slopes = Float64Array.from(p);
    for (const index of inside) slopes[index]! -= p[index]! / right;
    return slopes;
  });
  return { probabilities, answer };
}

const rounds = 300;
const firstStep = 0.1;

/**
 * The correction of least mean cross entropy, whose gradient by an example's corrected logits `slopeOf` gives, by Adam (Kingma & Ba 2014) over all examples with steps
 * that end at 0.
 */
function fitCorrection<Example extends { readonly logits: ArrayLike<number>; readonly weight: number }>(
  labels: number,
  examples: readonly Example[],
  slopeOf: (example: Example, correction: LogitCorrection) => Float64Array,
): LogitCorrection {
  const total = examples.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) throw new RangeError("no protein to calibrate with has a known compartment");
  // The logarithm of the scale, then the shifts.
  const values = new Float64Array(1 + labels);
  const [means, squares] = [new Float64Array(1 + labels), new Float64Array(1 + labels)];
  const correction = (): LogitCorrection => ({ scale: Math.exp(values[0]!), bias: [...values.subarray(1)] });
  for (let round = 1; round <= rounds; round++) {
    const now = correction();
    const gradient = values.map((value) => value / (usualShift ** 2 * examples.length));
    for (const example of examples) {
      const slopes = slopeOf(example, now);
      for (let label = 0; label < labels; label++) {
        const slope = (slopes[label]! * example.weight) / total;
        gradient[0]! += slope * example.logits[label]! * now.scale;
        gradient[1 + label]! += slope;
      }
    }
    const step = firstStep * (1 - round / rounds);
    for (let i = 0; i < values.length; i++) {
      means[i] = 0.9 * means[i]! + 0.1 * gradient[i]!;
      squares[i] = 0.99 * squares[i]! + 0.01 * gradient[i]! ** 2;
      const mean = means[i]! / (1 - 0.9 ** round);
      values[i]! -= (step * mean) / (Math.sqrt(squares[i]! / (1 - 0.99 ** round)) + 1e-12);
    }
  }
  return correction();
}
