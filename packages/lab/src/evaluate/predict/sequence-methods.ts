// Methods that predict compartments from sequences: the evaluated model, and two baselines that are fitted to the same
// training proteins. All are calibrated on the same proteins in the same way, so that only their predictions differ.

import type { ProteinEncoder } from "@proteoscope/microscope";
import {
  type LocalizationCalibration,
  labelProbabilities,
  noCalibration,
  openHomologs,
  posteriorProbabilities,
} from "@proteoscope/models";
import { fitCalibration } from "../../calibrate/fit-calibration.ts";
import { type Compartment, compartments } from "../../data/atlas/compartments.ts";
import { homologsOf } from "../../data/atlas/homologs.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { fitComposition, type SequenceBaseline } from "../measures/composition-baseline.ts";

export const baselineNames = ["composition", "kmers"] as const;
export type BaselineName = (typeof baselineNames)[number];
export type Baselines = Readonly<Record<BaselineName, SequenceMethod>>;

/** Probabilities in the order of `compartments`. */
export interface Prediction {
  /** Multi-label probabilities: each compartment by itself. */
  readonly probabilities: ArrayLike<number>;
  /** Balanced single-label posterior; sums to 1. */
  readonly posterior: ArrayLike<number>;
}

export type SequenceMethod = (sequence: string) => Prediction;

/** Fits the baselines to proteins and calibrates them on others. */
export function fitBaselines(
  training: readonly Protein[],
  calibration: readonly Protein[],
  options: { readonly seed: number },
): Baselines {
  const calibrated = (logitsOf: SequenceBaseline): SequenceMethod => {
    const examples = calibration.map((protein) => ({ protein, logits: logitsOf(protein.sequence) }));
    const fitted = fitCalibration(compartments, examples);
    return (sequence) => predictionOf(logitsOf(sequence), compartments, fitted);
  };
  const { config, proteins } = homologsOf(training);
  const homologs = openHomologs(config, proteins);
  return {
    composition: calibrated(fitComposition(training, options)),
    kmers: calibrated((sequence) => homologs.score(sequence).logits),
  };
}

/** The model's predictions for a sequence, calibrated and uncalibrated. */
export async function predictWithModel(
  { model, encode }: Pick<ProteinEncoder, "model" | "encode">,
  sequence: string,
): Promise<{ readonly calibrated: Prediction; readonly raw: Prediction }> {
  const labels = model.localization.config.labels as readonly Compartment[];
  const { logits } = await encode(sequence);
  return {
    calibrated: predictionOf(logits, labels, model.calibration),
    raw: predictionOf(logits, labels, noCalibration(labels.length)),
  };
}

/** Predictions in the order of `compartments`; 0 where a model has no label. */
function predictionOf(
  logits: ArrayLike<number>,
  labels: readonly Compartment[],
  calibration: LocalizationCalibration,
): Prediction {
  const inOrder = (values: Float32Array) =>
    compartments.map((name) => {
      const index = labels.indexOf(name);
      return index < 0 ? 0 : values[index]!;
    });
  return {
    probabilities: inOrder(labelProbabilities(logits, calibration)),
    posterior: inOrder(posteriorProbabilities(logits, calibration)),
  };
}
