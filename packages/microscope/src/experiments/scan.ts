// Scans a protein: every window of its sequence is changed, and the effect on what is predicted, and with images on what is
// generated, is compared with a matched null. All sequences, those of the null as well, go through one pass in batches.
//
//     for await (const step of scan(networks, request, { find }))
//       if ("part" in step) store(step.part);
//       else print(step.result);

import { ProteoscopeError } from "@proteoscope/formats";
import { windowSequence } from "@proteoscope/models";
import type { WorkOptions } from "../progress.ts";
import { type KnownProtein, knownProtein } from "../protein/known.ts";
import { type CompartmentProbabilities, mostProbable } from "../protein/probabilities.ts";
import { lengthMatched } from "./annotated.ts";
import type { CellImager } from "./cell-images.ts";
import type { ExperimentStep, FindPart } from "./parts.ts";
import { type ImageEffects, scanImages } from "./scan-images.ts";
import { planScan, type ScanPlan, type ScanRequest } from "./scan-plan.ts";
import { calibratedProbabilities, predictInParts, type SequencePredictor } from "./sequence-predictor.ts";
import {
  benjaminiHochberg,
  effectSize,
  empiricalP,
  logOddsEffect,
  type MeanWithInterval,
  type NullSummary,
  summarizeNull,
  type Tail,
} from "./statistics.ts";
import type { ScanMode } from "./windows.ts";

/** The networks of a scan; the imager is needed where the request has images. */
export interface ScanNetworks {
  readonly predictor: SequencePredictor;
  readonly imager?: CellImager | undefined;
}

/** A window and its effect. */
export interface ScanWindow {
  /** Positions of the first and the last residue, from 1. */
  readonly first: number;
  readonly last: number;
  readonly residues: string;
  /** Root mean square change of the compartments' log-odds. */
  readonly effect: number;
  /** Distance from the median of the null, in its deviations. */
  readonly effectSize: number;
  /** Empirical p against the null, and corrected over the windows (false discovery rate). */
  readonly p: number;
  readonly q: number;
  /** The most probable compartment after the change. */
  readonly compartment: string;
  /** Change of each compartment's probability. */
  readonly change: CompartmentProbabilities;
  /** Effect on the images; absent without images. */
  readonly images?:
    | (MeanWithInterval & { readonly effectSize: number; readonly p: number; readonly q: number })
    | undefined;
}

/** A null and how many of its draws are of which kind. */
export interface ScanNull extends NullSummary {
  readonly lengthMatched: number;
  readonly shuffles: number;
}

/** The result of a scan. */
export interface ScanResult {
  readonly protein: { readonly id: string; readonly residues: number };
  readonly model: string;
  readonly mode: ScanMode;
  readonly windowResidues: number;
  readonly strideResidues: number;
  readonly seed: number;
  /** Which end of the null counts as unusual. */
  readonly tail: Tail;
  /** What is known of the wild type; null where it is not annotated. No prediction here uses it. */
  readonly wildTypeAnnotation: KnownProtein | null;
  /** What is predicted of the wild type from its sequence alone. */
  readonly wildType: CompartmentProbabilities;
  /** Range of residues, from 1, that the language model is not shown; only sequence features see them. */
  readonly omitted: { readonly first: number; readonly last: number } | null;
  readonly null: ScanNull;
  /** The null of the images' distances; absent without images. */
  readonly imageNull?: NullSummary | undefined;
  readonly windows: readonly ScanWindow[];
}

/** Options of an experiment: where finished parts are found, its signal and its progress. */
export interface ExperimentOptions extends Partial<WorkOptions> {
  /** By default nothing is found, and all is computed. */
  readonly find?: FindPart | undefined;
}

/**
 * Scans a protein. Yields each finished part, which `find` gives back to a later call of the same request, and at last the
 * result.
 * @throws ProteoscopeError (usage) for a window that does not fit, SequenceError, the signal's reason when it is aborted.
 */
export async function* scan(
  { predictor, imager }: ScanNetworks,
  request: ScanRequest,
  { find = async () => undefined, ...options }: ExperimentOptions = {},
): AsyncGenerator<ExperimentStep<ScanResult>, void, undefined> {
  const { sequence } = request.protein;
  const plan = planScan(request, lengthMatched(predictor.model.homologs, sequence));
  const { changed, backgrounds, draws } = plan;
  const sequences = [sequence, ...changed, ...backgrounds, ...draws.map((draw) => draw.sequence)];
  const logits = yield* predictInParts(predictor, sequences, find, options);
  if (request.images !== undefined && imager === undefined)
    throw new ProteoscopeError("a scan with images needs networks that generate them", {
      ...{ kind: "usage", field: "images" },
    });
  const of = { wildType: sequence, tail: tailOf(request.mode) };
  const images =
    imager && request.images && (yield* scanImages(imager, request.images, plan, of, { ...options, find }));
  yield { result: describeScan(predictor, request, plan, logits, images) };
}

function describeScan(
  { model }: SequencePredictor,
  request: ScanRequest,
  plan: ScanPlan,
  logits: readonly Float32Array[],
  images: ImageEffects | undefined,
): ScanResult {
  const { protein, mode, windowResidues, strideResidues, seed } = request;
  const { windows, backgrounds } = plan;
  const tail = tailOf(mode);
  const { scale } = model.calibration.probabilities;
  const wildType = logits[0]!;
  const changed = logits.slice(1, 1 + windows.length);
  const effects = changed.map((after) => logOddsEffect(wildType, after, scale));
  const nullLogits = logits.slice(1 + windows.length);
  const nullEffects = plan.draws.map(({ background }, draw) =>
    logOddsEffect(nullLogits[background]!, nullLogits[backgrounds.length + draw]!, scale),
  );
  const summary = summarizeNull(nullEffects, windows.length, tail);
  const ps = effects.map((effect) => empiricalP(effect, nullEffects, tail));
  const qs = benjaminiHochberg(ps);
  const probabilities = calibratedProbabilities(model, wildType);
  const { omitted } = windowSequence(protein.sequence, model.constants.windowResidues);
  return {
    protein: { id: protein.id, residues: protein.sequence.length },
    model: model.name,
    ...{ mode, windowResidues, strideResidues, seed, tail },
    wildTypeAnnotation: (model.homologs && knownProtein(model.homologs, protein.sequence)) ?? null,
    wildType: probabilities,
    omitted: omitted === undefined ? null : { first: omitted.begin + 1, last: omitted.end },
    null: { ...summary, lengthMatched: plan.matched, shuffles: plan.shuffled },
    ...(images && { imageNull: images.summary }),
    windows: windows.map(({ begin, end }, index): ScanWindow => {
      const after = calibratedProbabilities(model, changed[index]!);
      const change = Object.entries(after).map(([label, p]) => [label, p - probabilities[label]!] as const);
      return {
        ...{ first: begin + 1, last: end, residues: protein.sequence.slice(begin, end) },
        ...{ effect: effects[index]!, effectSize: effectSize(effects[index]!, summary) },
        ...{ p: ps[index]!, q: qs[index]!, compartment: mostProbable(after) },
        change: Object.fromEntries(change),
        ...(images && { images: images.windows[index]! }),
      };
    }),
  };
}

/** A window that matters changes much where it is changed, and little where it is all that is left. */
function tailOf(mode: ScanMode): Tail {
  return mode === "fragment" ? "small" : "large";
}
