// How well compartments are predicted from unseen sequences, compared with the baselines: the held-out
// homology partition of DeepLoc 2.0's Swiss-Prot set, its human proteins, and DeepLoc's human test set from the Human
// Protein Atlas. Thresholds are fitted on the calibration partition's human proteins, for every method alike.

import type { ProteinEncoder, WorkOptions } from "@proteoscope/microscope";
import { sequenceTargets } from "../../data/atlas/compartments.ts";
import type { SequenceSplit } from "../../data/atlas/splits.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { type CalibrationError, calibrationError } from "../measures/calibration-error.ts";
import { type LocalizationFigures, localizationFigures } from "../measures/localization-figures.ts";
import { fitThresholds, judgeLabels } from "../measures/multi-label.ts";
import { choose } from "../suite/distributions.ts";
import { type Baselines, baselineNames, type Prediction, predictWithModel } from "./sequence-methods.ts";

export const sequenceMethods = ["languageModel", ...baselineNames] as const;
export type SequenceMethodName = (typeof sequenceMethods)[number];

export const sequenceSets = ["partition", "partitionHuman", "atlas"] as const;
export type SequenceSet = (typeof sequenceSets)[number];

export interface SequenceSetScores {
  readonly proteins: number;
  readonly methods: Readonly<Record<SequenceMethodName, LocalizationFigures>>;
  /** Calibration error of the model's probabilities. */
  readonly calibration: Readonly<Record<"before" | "after", CalibrationError>>;
}

export interface LocalizationMetrics {
  readonly sets: Readonly<Record<SequenceSet, SequenceSetScores>>;
  readonly published: typeof publishedFigures;
  readonly notes: readonly string[];
}

const deepLoc2 =
  "Thumuluri et al. 2022, tables 1 and 2 (https://doi.org/10.1093/nar/gkac278), as https://github.com/bivekpok/esm_deeploc gives them";

/** Figures of others, as their sources give them; other splits and labels, so no more than an orientation. */
export const publishedFigures = [
  {
    name: "DeepLoc 2.0 on ProtT5 (3 billion parameters)",
    on: "its Swiss-Prot set, all five partitions by turns, ten labels",
    figures: { macroF1: 0.66, microF1: 0.73, jaccard: 0.69, exact: 0.55 },
    source: deepLoc2,
  },
  {
    name: "DeepLoc 2.0 on ProtT5",
    on: "its human test set, all 1,717 proteins",
    figures: { macroF1: 0.46, microF1: 0.6, jaccard: 0.53, exact: 0.39 },
    source: deepLoc2,
  },
  {
    name: "DeepLoc 2.0 on ESM1b (650 million parameters)",
    on: "its human test set, all 1,717 proteins",
    figures: { macroF1: 0.44, microF1: 0.57, jaccard: 0.48, exact: 0.34 },
    source: deepLoc2,
  },
  {
    name: "DualLoc-ProtT5, fine-tuned",
    on: "DeepLoc 2.0's Swiss-Prot set, ten labels",
    figures: { macroF1: 0.7811, microF1: 0.8271, exact: 0.5872 },
    source: "Chen, Chung & Chang, abstract: https://cdn.sciencecast.org/casts/dth9e1p7ik4n",
  },
  {
    name: "ESM-2 8M, frozen, with a trained head",
    on: "DeepLoc 2.0's Swiss-Prot set, one of ten labels, random split",
    figures: { macroF1: 0.581 },
    source: "https://huggingface.co/rustambekurokov/esm2-8m-protein-localization",
  },
] as const;

const notes = [
  "The held-out partition is that of DeepLoc 2.0's Swiss-Prot set; in a data set without it, that of the data set.",
  "A label counts where five proteins of the set have it and five lack it; the nucleus and the cytoplasm are wholes in both sources.",
  "Lysosomes, vacuoles and peroxisomes are one label, vesicles; there is none for plastids, which DeepLoc 2.0 has.",
  "Thresholds are those of the best Matthews correlation on human proteins of the calibration partition.",
  "Of the Human Protein Atlas's set, proteins that resemble a held-out one of OpenCell are left out.",
  "DeepLoc 2.0's figures are those that another project copied from its paper; the paper's own tables were not at hand.",
];

export interface LocalizationRequest {
  readonly splits: ReadonlyMap<SequenceSplit, readonly Protein[]>;
  readonly baselines: Baselines;
  readonly seed: number;
  /** Largest number of proteins per set; all where undefined. */
  readonly proteins?: number | undefined;
}

/** Thresholds are fitted to this many proteins at least. */
const fewestCalibrated = 200;

/** Scores all methods on all sets. @throws the signal's reason when it is aborted. */
export async function judgeLocalization(
  reader: Pick<ProteinEncoder, "model" | "encode">,
  { splits, baselines, seed, proteins: most = Number.POSITIVE_INFINITY }: LocalizationRequest,
  { signal, onProgress }: WorkOptions,
): Promise<LocalizationMetrics> {
  const sets = sequenceSetsOf(splits, most, seed);
  const calibrated = calibrationProteins(splits);
  const calibration = choose(calibrated, Math.max(most, fewestCalibrated), seed);
  const proteins = [...new Set([...calibration, ...Object.values(sets).flat()])];
  const predictions = new Map<Protein, Readonly<Record<SequenceMethodName | "raw", Prediction>>>();
  for (const protein of proteins) {
    signal.throwIfAborted();
    const { calibrated, raw } = await predictWithModel(reader, protein.sequence);
    const { composition, kmers } = baselines;
    predictions.set(protein, {
      ...{ languageModel: calibrated, raw },
      ...{ composition: composition(protein.sequence), kmers: kmers(protein.sequence) },
    });
    onProgress?.({ phase: "localization", done: predictions.size, total: proteins.length, unit: "proteins" });
  }
  const judge = (proteins: readonly Protein[], method: SequenceMethodName | "raw") =>
    proteins.map((protein) =>
      judgeLabels(predictions.get(protein)![method].probabilities, sequenceTargets(protein)),
    );
  const thresholds = new Map(
    sequenceMethods.map((method) => [method, fitThresholds(judge(calibration, method))]),
  );
  const scores = (proteins: readonly Protein[]): SequenceSetScores => {
    const figures = (method: SequenceMethodName) =>
      localizationFigures(judge(proteins, method), thresholds.get(method)!, { seed });
    const error = (method: "languageModel" | "raw") =>
      calibrationError(
        judge(proteins, method).map((row) => row.filter((judged) => judged !== undefined)),
        { seed, rounds: 200 },
      );
    return {
      proteins: proteins.length,
      methods: {
        languageModel: figures("languageModel"),
        composition: figures("composition"),
        kmers: figures("kmers"),
      },
      calibration: { before: error("raw"), after: error("languageModel") },
    };
  };
  return {
    sets: {
      partition: scores(sets.partition),
      partitionHuman: scores(sets.partitionHuman),
      atlas: scores(sets.atlas),
    },
    published: publishedFigures,
    notes,
  };
}

/** The proteins of each set, at most `most`. */
function sequenceSetsOf(
  splits: LocalizationRequest["splits"],
  most: number,
  seed: number,
): Record<SequenceSet, readonly Protein[]> {
  const ofSource = (split: SequenceSplit, source: Protein["source"]) =>
    (splits.get(split) ?? []).filter((protein) => protein.source === source);
  const swissProt = ofSource("test", "deeploc2-swissprot");
  const held = swissProt.length > 0 ? swissProt : (splits.get("test") ?? []);
  return {
    partition: choose(held, most, seed),
    partitionHuman: choose(
      held.filter(({ isHuman }) => isHuman),
      most,
      seed,
    ),
    atlas: choose(ofSource("external", "deeploc2-hpa-test"), most, seed),
  };
}

/** Human proteins that thresholds and calibrations are fitted to. */
export function calibrationProteins(splits: LocalizationRequest["splits"]): Protein[] {
  return (splits.get("calibration") ?? []).filter(({ isHuman }) => isHuman);
}
