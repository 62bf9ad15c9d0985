// Fits the calibration of a localization head on proteins that it was not trained on. Probabilities are held to what is
// known of each protein, answers to proteins of one compartment. A whole that a source does not resolve asks for any of
// its parts.

import { type LocalizationCalibration, labelProbabilities, noCalibration } from "@proteoscope/models";
import { type Compartment, sequenceTargets } from "../data/atlas/compartments.ts";
import type { Protein } from "../data/atlas/tables.ts";
import { labelOf } from "../evaluate/sets.ts";
import { fitAnswer } from "./balanced-posterior.ts";
import { openLabelGradients } from "./gradients.ts";
import { fitCorrection } from "./platt.ts";

export interface CalibrationExample {
  readonly protein: Protein;
  /** Of the head, one a label. */
  readonly logits: ArrayLike<number>;
}

/** Fits both corrections for a head's labels, which are compartments. Throws RangeError where no protein tells anything. */
export function fitCalibration(
  labels: readonly Compartment[],
  examples: readonly CalibrationExample[],
): LocalizationCalibration {
  const gradientsOf = openLabelGradients(labels);
  const known = examples.map(({ protein, logits }) => ({ logits, target: sequenceTargets(protein) }));
  const none = noCalibration(labels.length);
  const probabilities = fitCorrection(
    labels.length,
    known.map(({ logits }) => logits),
    (correction) =>
      known.map(({ logits, target }) =>
        gradientsOf(labelProbabilities(logits, { ...none, probabilities: correction }), target).map(
          (slope) => slope / known.length,
        ),
      ),
  );
  const single = examples.flatMap(({ protein, logits }) => {
    const label = labelOf(protein, labels);
    return label === undefined ? [] : [{ logits, label }];
  });
  return { probabilities, answer: fitAnswer(labels, single) };
}
