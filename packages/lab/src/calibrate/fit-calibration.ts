// Fits the calibration of a localization head to proteins that it was not trained on: multi-label probabilities to all that
// is known of each protein, and a balanced single-label posterior to proteins of one compartment.

import { type LocalizationCalibration, labelProbabilities, noCalibration } from "@proteoscope/models";
import { type Compartment, sequenceTargets } from "../data/atlas/compartments.ts";
import { labelOf } from "../data/atlas/label-class.ts";
import type { Protein } from "../data/atlas/tables.ts";
import { fitPosterior } from "./balanced-posterior.ts";
import { openLabelGradients } from "./gradients.ts";
import { type FitOptions, fitCorrection } from "./platt.ts";

/** A protein, and what the head predicts for it. */
export interface CalibrationExample {
  readonly protein: Protein;
  /** One per label of the head. */
  readonly logits: ArrayLike<number>;
}

/**
 * Fits both corrections for a head's labels, which are compartments.
 * @throws ProteoscopeError where no protein has a known compartment, or none has a single one; the signal's reason
 */
export async function fitCalibration(
  labels: readonly Compartment[],
  examples: readonly CalibrationExample[],
  { signal, onRound }: FitOptions = {},
): Promise<LocalizationCalibration> {
  const gradientsOf = openLabelGradients(labels);
  const known = examples.map(({ protein, logits }) => ({ logits, target: sequenceTargets(protein) }));
  const none = noCalibration(labels.length);
  const half = (part: number): FitOptions => ({
    signal,
    onRound: (done, total) => onRound?.(part * total + done, 2 * total),
  });
  const probabilities = await fitCorrection(
    labels.length,
    known.map(({ logits }) => logits),
    (correction) =>
      known.map(({ logits, target }) =>
        gradientsOf(labelProbabilities(logits, { ...none, probabilities: correction }), target).map(
          (gradient) => gradient / known.length,
        ),
      ),
    half(0),
  );
  const single = examples.flatMap(({ protein, logits }) => {
    const label = labelOf(protein, labels);
    return label === undefined ? [] : [{ logits, label }];
  });
  return { probabilities, posterior: await fitPosterior(labels, single, half(1)) };
}
