// metrics.json: every figure of an evaluation, with what it was measured on and how. Fractions are in [0, 1]; an estimate
// has its 95 % interval by bootstrap and the number of units that were resampled; null stands for what was not measured.

import { imageCompartments } from "../../data/atlas/compartments.ts";
import type { ConfidentRecord, CropRecord, EvaluationSetup, ProteinRecord } from "../answers-file.ts";
import { type Confusion, confusion } from "../measures/accuracy.ts";
import type { BootstrapOptions } from "../measures/bootstrap.ts";
import type { NearestCrop } from "../measures/memorisation.ts";
import type { ReliabilityBin } from "../measures/reliability-curve.ts";
import type { ReadCrop } from "../predict/real-crops.ts";
import type { LocalizationMetrics } from "../predict/sequences.ts";
import type { EvaluationSet } from "../sets.ts";
import type { SuiteResults } from "../suite/results.ts";
import {
  type ClassScores,
  drawnPrediction,
  type ScoredProtein,
  type SetScores,
  scoreClasses,
  scoreSet,
} from "./score-compartments.ts";
import {
  type ClassProportion,
  type Distances,
  type Effect,
  type EffectName,
  type Memorisation,
  type OverlapScores,
  type ProportionScores,
  type ReconstructionScores,
  scoreClassProportions,
  scoreDistances,
  scoreEffects,
  scoreMemorisation,
  scoreOverlap,
  scoreProportions,
  scoreReconstruction,
  scoreReliability,
} from "./score-pictures.ts";

/** A set of proteins that were not trained on. */
export type UnseenSet = Exclude<EvaluationSet, "seen">;

export interface Provenance extends EvaluationSetup {
  /** True of every image that was classified, except for the real crops. */
  readonly synthetic: true;
  readonly software: Readonly<Record<string, string>>;
  readonly model: {
    readonly name: string;
    /** sha256 by file, in hexadecimal. */
    readonly sha256: Readonly<Record<string, string>>;
    /** Parts that came from the model that ships. */
    readonly borrowed: readonly string[];
  };
  readonly data: { readonly name: string; readonly sha256: Readonly<Record<string, string>> };
  readonly settings: Readonly<Record<string, string | number>>;
}

/** metrics.json; a part of the evaluation that was not requested is null. */
export interface Metrics {
  readonly version: number;
  readonly provenance: Provenance;
  readonly images: ImageMetrics | null;
  readonly localization: LocalizationMetrics | null;
  /** Images by every judge and in every space. */
  readonly suite: SuiteResults | null;
}

/** Figures of generated images. */
export interface ImageMetrics {
  readonly notes: readonly string[];
  /** `unseen` is both sets together. */
  readonly compartments: Readonly<Partial<Record<UnseenSet, SetScores>>> &
    Readonly<Record<"unseen" | "seen", SetScores>>;
  readonly classes: readonly ClassScores[];
  readonly confusion: Readonly<Record<"drawn" | "real", Confusion>>;
  readonly distances: {
    readonly features: { readonly network: string; readonly dimensions: number; readonly resize: string };
    readonly frechet: Distances;
    readonly kernel: Distances;
  };
  readonly nuclearProportion: {
    /** Images generated around the nuclei of real crops of the same protein. */
    readonly sameNucleus: Readonly<Record<"unseen" | "seen", ProportionScores>>;
    readonly classes: readonly ClassProportion[];
  };
  /** Overlap of real and generated images of one protein around one nucleus, with another protein's image as the floor. */
  readonly overlap: Readonly<Record<"unseen" | "seen", OverlapScores>>;
  readonly autoencoder: ReconstructionScores;
  /** What a linear filter of as many numbers as the latents hold leaves of the same crops. */
  readonly linearFilter: ReconstructionScores;
  readonly memorisation: Memorisation;
  readonly effects: Readonly<Record<EffectName, Effect>>;
  readonly reliability: readonly ReliabilityBin[] | null;
}

/** All that the figures are made from. */
export interface EvaluationResults {
  readonly sets: readonly UnseenSet[];
  readonly proteins: readonly (ProteinRecord & Pick<ScoredProtein, "baselines">)[];
  readonly crops: readonly CropRecord[];
  readonly confident: readonly ConfidentRecord[];
  readonly real: readonly ReadCrop[];
  readonly nearest: Readonly<Record<"unseen" | "seen" | "real", readonly NearestCrop[]>>;
  readonly trainingCrops: number;
}

/** All figures of the images of an evaluation. */
export function measureImages(results: EvaluationResults, options: BootstrapOptions): ImageMetrics {
  const { sets, proteins, crops, confident, real, nearest, trainingCrops } = results;
  const seen = proteins.filter(({ set }) => set === "seen");
  const unseen = proteins.filter(({ set }) => set !== "seen");
  const unseenReal = real.filter(({ isUnseen }) => isUnseen);
  const scores = (records: EvaluationResults["proteins"]) => scoreSet(records, unseenReal, options);
  const classes = scoreClasses({ unseen, seen, confident, real: unseenReal }, options);
  const drawnClasses = classes.filter((one) => one.unseen !== null).map(({ name }) => name);
  const realClasses = imageCompartments.filter((name) =>
    unseenReal.some((crop) => crop.compartment === name),
  );
  const realPredictions = unseenReal.map(({ compartment, predicted }) => ({
    ...{ predicted, label: { name: compartment, members: [compartment] } },
  }));
  const cropsOf = (isSeen: boolean) => crops.filter((crop) => crop.isSeen === isSeen);
  const proportions = (isSeen: boolean) => scoreProportions(cropsOf(isSeen), options);
  const overlap = (isSeen: boolean) => scoreOverlap(cropsOf(isSeen), options);
  return {
    notes,
    compartments: {
      ...Object.fromEntries(
        sets.map((name) => [name, scores(unseen.filter(({ set }) => set === name))] as const),
      ),
      unseen: scores(unseen),
      seen: scores(seen),
    },
    classes,
    confusion: {
      drawn: confusion(unseen.map(drawnPrediction), drawnClasses, imageCompartments),
      real: confusion(realPredictions, realClasses, imageCompartments),
    },
    distances: {
      features: {
        network: "the model's image classifier: mean and maximum of its last stage's channels over positions",
        dimensions: real[0]?.features.length ?? 0,
        resize: "none",
      },
      ...scoreDistances(unseen, real, options),
    },
    nuclearProportion: {
      sameNucleus: { unseen: proportions(false), seen: proportions(true) },
      classes: scoreClassProportions(unseen, real, options),
    },
    overlap: { unseen: overlap(false), seen: overlap(true) },
    autoencoder: scoreReconstruction(unseenReal, options),
    linearFilter: scoreReconstruction(
      unseenReal.map(({ field, filterQuality }) => ({ field, quality: filterQuality })),
      options,
    ),
    memorisation: scoreMemorisation(nearest, trainingCrops, options),
    effects: scoreEffects(unseen, options),
    reliability: scoreReliability(unseen, options),
  };
}

const notes = [
  "Unseen proteins resemble no training protein; seen proteins were trained on, as far as there were images.",
  "Right is the labelled compartment, or any part of it where the label names only the nucleus or the cytoplasm.",
  "No class is more than a quarter of a set; macro recall counts classes alike, and its best constant prediction is its own.",
  "Chance and the best constant prediction profit from labels of several right compartments as every prediction does.",
  "Predicted from the sequence: the balanced posterior of language model, sequence features and homologs together, as far as the model has them.",
  "The posterior and the baselines' are calibrated on the calibration partition, with equal weight per class.",
  "Confident subset: for each compartment, the unseen human proteins with its largest predicted probability, right or wrong; it measures the image generation alone.",
  "Compartments of images are those that the model's own classifier recognises; its errors on real crops are the ceiling.",
  "Real crops are weighted by the class frequencies of the set; classes without a crop are left out.",
  "Intervals are 95 %, by bootstrap over proteins; for real crops over fields of view, for distances over images.",
  "Fréchet distances depend on n, and their covariances are singular where n is below the dimensions: compare those of one n and one feature space.",
  "Generated and real images differ in their fraction of each compartment, which the distances count as a difference.",
  "Correlations with training crops are of the protein channel over the cell, at the best of eight orientations.",
  "Agreement of samples is agreement, not correctness; the curve shows how far it predicts correctness.",
];
