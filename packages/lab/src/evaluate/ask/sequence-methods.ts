// What tells compartments from sequences: the model's language model, and two baselines that are fitted to the same
// training proteins. All are calibrated on the same proteins in the same way, so that what is compared is what they read.

import type { ProteinReader } from "@proteoscope/microscope";
import {
  answerProbabilities,
  type LocalizationCalibration,
  labelProbabilities,
  noCalibration,
  openHomologs,
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
  /** Of each compartment by itself. */
  readonly probabilities: ArrayLike<number>;
  /** Of one answer; they sum to 1. */
  readonly answer: ArrayLike<number>;
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
    return (sequence) => opinionOf(logitsOf(sequence), compartments, fitted);
  };
  const { config, proteins } = homologsOf(training);
  const homologs = openHomologs(config, proteins);
  return {
    composition: calibrated(fitComposition(training, options)),
    kmers: calibrated((sequence) => homologs.score(sequence).logits),
  };
}

/** What the language model says as it is calibrated, and what its head says by itself. */
export async function askLanguageModel(
  { model, read }: Pick<ProteinReader, "model" | "read">,
  sequence: string,
): Promise<{ readonly calibrated: Prediction; readonly raw: Prediction }> {
  const labels = model.localization.config.labels as readonly Compartment[];
  const { logits } = await read(sequence);
  return {
    calibrated: opinionOf(logits, labels, model.calibration),
    raw: opinionOf(logits, labels, noCalibration(labels.length)),
  };
}

/** In the order of the vocabulary; what a model has no label for it does not expect. */
function opinionOf(
  logits: ArrayLike<number>,
  labels: readonly Compartment[],
  calibration: LocalizationCalibration,
): Prediction {
  const inOrder = (values: Float32Array) =>
    compartments.map((name) => {
      const place = labels.indexOf(name);
      return place < 0 ? 0 : values[place]!;
    });
  return {
    probabilities: inOrder(labelProbabilities(logits, calibration)),
    answer: inOrder(answerProbabilities(logits, calibration)),
  };
}
