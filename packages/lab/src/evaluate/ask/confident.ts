// How recognisably a model draws each compartment, apart from whether it knows whose place that is: the proteins of which
// its language model is surest are drawn, and read. Nothing was trained on them; whether they are there does not matter.

import type { OnProgress } from "@proteoscope/microscope";
import { imageCompartments } from "../../data/atlas/compartments.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { type AnswersFile, type ConfidentRecord, keyOfConfident } from "../answers-file.ts";
import { askConfident, type EvaluationTools, readRow } from "./proteins.ts";

/** Proteins of each compartment, at most. */
const confidentProteins = 20;

export interface ConfidentRequest {
  /** Among whom the surest are looked for. */
  readonly candidates: readonly Protein[];
  readonly answers: AnswersFile;
  /** Of each compartment, at most. */
  readonly proteins: number;
}

/** Asks what `answers` has no answer to, and gives all, compartment by compartment. */
export async function askAllConfident(
  instruments: Omit<EvaluationTools, "onDrawn">,
  { candidates, answers, proteins }: ConfidentRequest,
  onProgress: OnProgress | undefined,
): Promise<ConfidentRecord[]> {
  const { microscope, signal } = instruments;
  const count = Math.min(confidentProteins, proteins, candidates.length);
  const ranks = imageCompartments.flatMap((compartment) =>
    Array.from({ length: count }, (_, rank) => ({ compartment, rank })),
  );
  const find = ({ compartment, rank }: (typeof ranks)[number]) =>
    answers.find(keyOfConfident(compartment, rank)) as ConfidentRecord | undefined;
  const missing = ranks.filter((one) => find(one) === undefined);
  if (missing.length > 0) {
    const opinions: Prediction[] = [];
    for (const protein of candidates) {
      signal.throwIfAborted();
      const { answer } = await readRow(microscope, protein);
      opinions.push({ protein, answer });
      const done = opinions.length;
      onProgress?.({ phase: "language model", done, total: candidates.length, unit: "proteins" });
    }
    const confident = new Map(imageCompartments.map((name) => [name, surest(opinions, name, count)]));
    const asking = { ...instruments, onDrawn: () => undefined };
    for (const [index, { compartment, rank }] of missing.entries()) {
      signal.throwIfAborted();
      const { protein, answer } = confident.get(compartment)![rank]!;
      const entry = { compartment, rank, probability: Number(answer[compartment]!.toPrecision(7)) };
      await answers.append(await askConfident(asking, entry, protein));
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
  readonly answer: Readonly<Record<string, number>>;
}

/** The `count` proteins of the largest answer, the largest first. */
export function surest(opinions: readonly Prediction[], compartment: string, count: number): Prediction[] {
  return [...opinions].sort((a, b) => b.answer[compartment]! - a.answer[compartment]!).slice(0, count);
}
