// How recognisably a model draws each compartment, apart from whether it knows whose place that is: the proteins of which
// its language model is surest are drawn, and read. Nothing was trained on them; whether they are there does not matter.
import { imageCompartments, type Protein } from "@proteoscope/lab";
import type { CommandContext } from "../command.ts";
import { startProgress } from "../progress.ts";
import { type AnswersFile, type ConfidentRecord, keyOfConfident } from "./answers-file.ts";
import { askConfident, type EvaluationTools, readRow } from "./ask-model.ts";

/** Proteins of each compartment, at most. */
const confidentProteins = 20;

export interface Telling {
  /** Among whom the surest are looked for. */
  readonly candidates: readonly Protein[];
  readonly answers: AnswersFile;
  /** Of each compartment, at most. */
  readonly proteins: number;
}

/** Asks what `answers` has no answer to, and gives all, compartment by compartment. */
export async function askAllConfident(
  instruments: Omit<EvaluationTools, "onDrawn">,
  { candidates, answers, proteins }: Telling,
  stderr: CommandContext["stderr"],
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
    const reading = startProgress("language model", candidates.length, { stream: stderr, unit: "proteins" });
    const opinions: Prediction[] = [];
    try {
      for (const protein of candidates) {
        signal.throwIfAborted();
        const { answer } = await readRow(microscope, protein);
        opinions.push({ protein, answer });
        reading.update(opinions.length);
      }
    } finally {
      reading.close();
    }
    const confident = new Map(imageCompartments.map((name) => [name, surest(opinions, name, count)]));
    const drawing = startProgress("as told", missing.length, { stream: stderr, unit: "drawings" });
    const asking = { ...instruments, onDrawn: () => undefined };
    try {
      for (const [done, { compartment, rank }] of missing.entries()) {
        signal.throwIfAborted();
        const { protein, answer } = confident.get(compartment)![rank]!;
        const place = { compartment, rank, probability: Number(answer[compartment]!.toPrecision(7)) };
        await answers.append(await askConfident(asking, place, protein));
        drawing.update(done + 1, compartment);
      }
    } finally {
      drawing.close();
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
