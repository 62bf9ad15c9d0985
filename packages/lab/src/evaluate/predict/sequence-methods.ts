// Methods that predict compartments from sequences: the evaluated model, and two baselines that are fitted to the same
// training proteins. All are calibrated on the same proteins in the same way, so that only their predictions differ.

import type { ProteinEncoder, WorkOptions } from "@proteoscope/microscope";
import {
  type LocalizationCalibration,
  labelProbabilities,
  noCalibration,
  openHomologs,
  posteriorProbabilities,
} from "@proteoscope/models";
import { type CalibrationExample, fitCalibration } from "../../calibrate/fit-calibration.ts";
import { type Compartment, compartments } from "../../data/atlas/compartments.ts";
import { homologsOf } from "../../data/atlas/homologs.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { pause } from "../../pause.ts";
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

/** Fits the baselines to proteins and calibrates them on others. @throws the signal's reason when it is aborted */
export async function fitBaselines(
  training: readonly Protein[],
  calibration: readonly Protein[],
  { seed }: { readonly seed: number },
  { signal, onProgress }: WorkOptions,
): Promise<Baselines> {
  const report = (phase: string, unit: string) => (done: number, total: number) =>
    onProgress?.({ phase, done, total, unit });
  const calibrated = async (name: string, logitsOf: SequenceBaseline): Promise<SequenceMethod> => {
    const examples: CalibrationExample[] = [];
    const onScored = report(`baseline ${name}: proteins`, "proteins");
    for (const protein of calibration) {
      await pause(signal);
      examples.push({ protein, logits: logitsOf(protein.sequence) });
      onScored(examples.length, calibration.length);
    }
    const onRound = report(`baseline ${name}: calibration`, "rounds");
    const fitted = await fitCalibration(compartments, examples, { signal, onRound });
    return (sequence) => predictionOf(logitsOf(sequence), compartments, fitted);
  };
  const onEpoch = report("baseline composition: fit", "epochs");
  const composition = await fitComposition(training, { seed, signal, onEpoch });
  const { config, proteins } = homologsOf(training);
  const homologs = openHomologs(config, proteins);
  return {
    composition: await calibrated("composition", composition),
    kmers: await calibrated("kmers", (sequence) => homologs.score(sequence).logits),
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
