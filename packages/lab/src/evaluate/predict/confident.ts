// The confident subset: how recognisably a model generates each compartment, apart from whether it predicts the right one.
// For each compartment, the unseen proteins with its largest predicted probability are generated and classified; whether
// they really are there does not matter.

import type { OnProgress } from "@proteoscope/microscope";
import { imageCompartments } from "../../data/atlas/compartments.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { type AnswersFile, type ConfidentRecord, keyOfConfident } from "../answers-file.ts";
import { choose } from "../suite/distributions.ts";
import { type EvaluationTools, generateConfident, readRow } from "./proteins.ts";

/** Largest number of proteins per compartment. */
const confidentProteins = 20;

/** Proteins that are encoded for each one that is generated: few are asked for, few are read. */
const candidatesPerProtein = 50;

export interface ConfidentRequest {
  /** Proteins among which the most confident predictions are looked for. */
  readonly candidates: readonly Protein[];
  readonly answers: AnswersFile;
  /** Largest number of proteins per compartment. */
  readonly proteins: number;
}

/** Generates what `answers` does not hold yet, and returns all records, compartment by compartment. */
export async function generateConfidentSubset(
  tools: Omit<EvaluationTools, "onDrawn">,
  { answers, proteins, ...request }: ConfidentRequest,
  onProgress: OnProgress | undefined,
): Promise<ConfidentRecord[]> {
  const { microscope, signal, settings } = tools;
  const candidates = choose(request.candidates, proteins * candidatesPerProtein, settings.seed);
  const count = Math.min(confidentProteins, proteins, candidates.length);
  const ranks = imageCompartments.flatMap((compartment) =>
    Array.from({ length: count }, (_, rank) => ({ compartment, rank })),
  );
  const find = ({ compartment, rank }: (typeof ranks)[number]) =>
    answers.find(keyOfConfident(compartment, rank)) as ConfidentRecord | undefined;
  const missing = ranks.filter((one) => find(one) === undefined);
  if (missing.length > 0) {
    const predictions: Prediction[] = [];
    for (const protein of candidates) {
      signal.throwIfAborted();
      const { posterior } = await readRow(microscope, protein);
      predictions.push({ protein, posterior });
      const done = predictions.length;
      onProgress?.({ phase: "language model", done, total: candidates.length, unit: "proteins" });
    }
    const confident = new Map(
      imageCompartments.map((name) => [name, mostConfident(predictions, name, count)]),
    );
    const silentTools = { ...tools, onDrawn: () => undefined };
    for (const [index, { compartment, rank }] of missing.entries()) {
      signal.throwIfAborted();
      const { protein, posterior } = confident.get(compartment)![rank]!;
      const entry = { compartment, rank, probability: Number(posterior[compartment]!.toPrecision(7)) };
      await answers.append(await generateConfident(silentTools, entry, protein));
      onProgress?.({
        ...{ phase: "confident subset", done: index + 1, total: missing.length, unit: "drawings" },
        note: compartment,
      });
    }
  }
  return ranks.map((one) => find(one)!);
}

export interface Prediction {
  readonly protein: Protein;
  readonly posterior: Readonly<Record<string, number>>;
}

/** The `count` proteins with the largest probability of a compartment, the largest first. */
export function mostConfident(
  predictions: readonly Prediction[],
  compartment: string,
  count: number,
): Prediction[] {
  return [...predictions]
    .sort((a, b) => b.posterior[compartment]! - a.posterior[compartment]!)
    .slice(0, count);
}
