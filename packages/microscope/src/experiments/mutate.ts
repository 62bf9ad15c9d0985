// Compares variants of a protein with the wild type: the compartments predicted from the sequence, and images around the same
// nuclei from the same noise. The effect of each variant stands against a null of the same change made elsewhere.

import { ProteoscopeError } from "@proteoscope/formats";
import { windowSequence } from "@proteoscope/models";
import type { NamedSequence } from "../generate/request.ts";
import { type KnownProtein, knownProtein } from "../protein/known.ts";
import { type CompartmentProbabilities, mostProbable } from "../protein/probabilities.ts";
import { lengthMatched } from "./annotated.ts";
import {
  type CellChoice,
  type CellImager,
  type CellMeasures,
  featureDistances,
  splitMeasures,
} from "./cell-images.ts";
import { type NullPlan, planNull } from "./null.ts";
import { computePart, type ExperimentStep, type FindPart, type Part } from "./parts.ts";
import type { ExperimentOptions, ScanNull } from "./scan.ts";
import { calibratedProbabilities, predictInParts, type SequencePredictor } from "./sequence-predictor.ts";
import {
  benjaminiHochberg,
  effectSize,
  empiricalP,
  logOddsEffect,
  type MeanWithInterval,
  overNuclei,
  summarizeNull,
} from "./statistics.ts";
import { editElsewhere } from "./variant-null.ts";
import type { Variant } from "./variants.ts";

/** A protein and its variants, and the cells in which they are generated. */
export interface MutateRequest {
  readonly protein: NamedSequence;
  readonly variants: readonly Variant[];
  /** Draws of the null of each variant. */
  readonly draws: number;
  readonly seed: number;
  readonly cells: CellChoice;
}

/** The networks of a comparison. */
export interface MutateNetworks {
  readonly predictor: SequencePredictor;
  readonly imager: CellImager;
}

/** A mean with its interval for each compartment of the image classifier. */
export type ClassifiedCompartments = Readonly<Record<string, MeanWithInterval>>;

/** The wild type or a variant as it is predicted and generated. */
export interface ComparedProtein {
  /** Probabilities from the sequence alone, which have no noise and so no interval. */
  readonly predicted: CompartmentProbabilities;
  /** Probabilities of the image classifier: means over nuclei and seeds, with intervals over them. */
  readonly classified: ClassifiedCompartments;
  /** Images of protein and nucleus in [0, 1], [nuclei * samples, 2, H, W]. */
  readonly images: Float32Array;
}

/** A variant beside the wild type. */
export interface ComparedVariant extends ComparedProtein {
  readonly name: string;
  readonly description: string;
  readonly residues: number;
  /** The most probable compartment. */
  readonly compartment: string;
  /** Root mean square change of the compartments' log-odds. */
  readonly effect: number;
  readonly effectSize: number;
  /** Empirical p against the null, and corrected over the variants. */
  readonly p: number;
  readonly q: number;
  readonly null: ScanNull;
  /** Change of each predicted probability. */
  readonly change: CompartmentProbabilities;
  /** Change of each classified probability, image by image, with intervals. */
  readonly classifiedChange: ClassifiedCompartments;
  /** Distance between the mean features of the images, with its interval over the nuclei. */
  readonly imageDistance: MeanWithInterval;
}

/** The result of a comparison. */
export interface MutateResult {
  readonly protein: { readonly id: string; readonly residues: number };
  readonly model: string;
  readonly seed: number;
  /** What is known of the wild type; null where it is not annotated. No prediction here uses it. */
  readonly wildTypeAnnotation: KnownProtein | null;
  /** Range of residues of the wild type, from 1, that the language model is not shown. */
  readonly omitted: { readonly first: number; readonly last: number } | null;
  readonly wildType: ComparedProtein & { readonly compartment: string };
  readonly variants: readonly ComparedVariant[];
}

/**
 * Compares variants with the wild type. Yields each finished part, which `find` gives back to a later call of the same
 * request, and at last the result.
 * @throws ProteoscopeError (usage) without variants, SequenceError, the signal's reason when it is aborted.
 */
export async function* mutate(
  { predictor, imager }: MutateNetworks,
  request: MutateRequest,
  { find = async () => undefined, ...options }: ExperimentOptions = {},
): AsyncGenerator<ExperimentStep<MutateResult>, void, undefined> {
  const { protein, variants, draws, seed, cells } = request;
  if (variants.length === 0)
    throw new ProteoscopeError("no variant to compare with the wild type", {
      kind: "usage",
      field: "variants",
    });
  const matched = lengthMatched(predictor.model.homologs, protein.sequence);
  const nulls = variants.map(({ edits }) =>
    planNull(protein.sequence, (other, random) => editElsewhere(protein.sequence, edits, other, random), {
      ...{ draws, seed, matched },
    }),
  );
  const sequences = [protein.sequence, ...variants.map(({ sequence }) => sequence)];
  const ofNulls = nulls.flatMap((plan) => [...plan.backgrounds, ...plan.draws.map((draw) => draw.sequence)]);
  const logits = yield* predictInParts(predictor, [...sequences, ...ofNulls], find, options);
  const images = yield* generateAll(imager, sequences, cells, { ...options, find });
  yield { result: describe(predictor, imager, request, { nulls, logits, images }) };
}

interface ImagesOfSequence {
  readonly images: Float32Array;
  readonly measures: CellMeasures;
}

async function* generateAll(
  imager: CellImager,
  sequences: readonly string[],
  cells: CellChoice,
  { find, signal, onProgress }: ExperimentOptions & { readonly find: FindPart },
): AsyncGenerator<{ readonly part: Part }, ImagesOfSequence[], undefined> {
  const all: ImagesOfSequence[] = [];
  for (const [index, sequence] of sequences.entries()) {
    signal?.throwIfAborted();
    const images = yield* computePart(`images-${String(index).padStart(6, "0")}`, find, () =>
      imager.generate(sequence, cells, signal),
    );
    const measured = await imager.measure(images, cells);
    const measures = splitMeasures(measured, cells.settings.samples, imager.labels.length);
    all.push({ images: images.data as Float32Array, measures });
    onProgress?.({ phase: "images", done: index + 1, total: sequences.length, unit: "sequences" });
  }
  return all;
}

function describe(
  { model }: SequencePredictor,
  { labels }: CellImager,
  { protein, variants, seed }: MutateRequest,
  all: { nulls: readonly NullPlan[]; logits: readonly Float32Array[]; images: readonly ImagesOfSequence[] },
): MutateResult {
  const { scale } = model.calibration.probabilities;
  const effects = variants.map((_, index) => logOddsEffect(all.logits[0]!, all.logits[1 + index]!, scale));
  let at = 1 + variants.length;
  const nullEffects = all.nulls.map(({ backgrounds, draws }) => {
    const first = at;
    at += backgrounds.length + draws.length;
    return draws.map(({ background }, draw) =>
      logOddsEffect(all.logits[first + background]!, all.logits[first + backgrounds.length + draw]!, scale),
    );
  });
  const ps = effects.map((effect, index) => empiricalP(effect, nullEffects[index]!, "large"));
  const qs = benjaminiHochberg(ps);
  const compared = all.images.map(({ images, measures }, index): ComparedProtein => {
    const predicted = calibratedProbabilities(model, all.logits[index]!);
    return { predicted, images, classified: overCells(labels, measures) };
  });
  const [wildType, ...others] = compared;
  const before = all.images[0]!.measures;
  const { omitted } = windowSequence(protein.sequence, model.constants.windowResidues);
  return {
    protein: { id: protein.id, residues: protein.sequence.length },
    ...{
      model: model.name,
      seed,
      wildTypeAnnotation: (model.homologs && knownProtein(model.homologs, protein.sequence)) ?? null,
    },
    omitted: omitted === undefined ? null : { first: omitted.begin + 1, last: omitted.end },
    wildType: { ...wildType!, compartment: mostProbable(wildType!.predicted) },
    variants: others.map((other, index): ComparedVariant => {
      const { name, description, sequence } = variants[index]!;
      const { matched, shuffled } = all.nulls[index]!;
      const summary = summarizeNull(nullEffects[index]!, variants.length, "large");
      const { measures } = all.images[1 + index]!;
      return {
        ...{ name, description, residues: sequence.length, ...other },
        ...{ compartment: mostProbable(other.predicted), effect: effects[index]! },
        ...{ effectSize: effectSize(effects[index]!, summary), p: ps[index]!, q: qs[index]! },
        null: { ...summary, lengthMatched: matched, shuffles: shuffled },
        change: changeOf(wildType!.predicted, other.predicted),
        classifiedChange: overCells(labels, measures, before),
        imageDistance: overNuclei(featureDistances(before, measures).map((distance) => [distance])),
      };
    }),
  };
}

function changeOf(
  before: CompartmentProbabilities,
  after: CompartmentProbabilities,
): CompartmentProbabilities {
  return Object.fromEntries(Object.entries(after).map(([label, p]) => [label, p - before[label]!]));
}

/** Means over the cells of each compartment's probability, less that of the same cell before where it is given. */
function overCells(
  labels: readonly string[],
  after: CellMeasures,
  before?: CellMeasures,
): ClassifiedCompartments {
  const values = (label: number) =>
    after.map((images, nucleus) =>
      images.map(({ probabilities }, sample) => {
        const cell = before?.[nucleus]?.[sample];
        return probabilities[label]! - (cell === undefined ? 0 : cell.probabilities[label]!);
      }),
    );
  return Object.fromEntries(labels.map((name, label) => [name, overNuclei(values(label))]));
}
