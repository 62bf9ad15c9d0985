// How recognisably a model draws each compartment, apart from whether it knows whose place that is: the proteins of which
// its language model is surest are drawn, and read. Nothing was trained on them; whether they are there does not matter.
import { imageCompartments, type Protein } from "@proteoscope/lab";
import type { Surroundings } from "../command.ts";
import { startProgress } from "../progress.ts";
import { type AnswersFile, keyOfTold, type ToldRecord } from "./answers-file.ts";
import { askTold, type Instruments, readRow } from "./ask-model.ts";

/** Proteins of each compartment, at most. */
const proteinsTold = 20;

export interface Telling {
  /** Among whom the surest are looked for. */
  readonly candidates: readonly Protein[];
  readonly answers: AnswersFile;
  /** Of each compartment, at most. */
  readonly proteins: number;
}

/** Asks what `answers` has no answer to, and gives all, compartment by compartment. */
export async function askAllTold(
  instruments: Omit<Instruments, "onDrawn">,
  { candidates, answers, proteins }: Telling,
  stderr: Surroundings["stderr"],
): Promise<ToldRecord[]> {
  const { microscope, signal } = instruments;
  const count = Math.min(proteinsTold, proteins, candidates.length);
  const ranks = imageCompartments.flatMap((compartment) =>
    Array.from({ length: count }, (_, rank) => ({ compartment, rank })),
  );
  const find = ({ compartment, rank }: (typeof ranks)[number]) =>
    answers.find(keyOfTold(compartment, rank)) as ToldRecord | undefined;
  const missing = ranks.filter((one) => find(one) === undefined);
  if (missing.length > 0) {
    const reading = startProgress("language model", candidates.length, { stream: stderr, unit: "proteins" });
    const opinions: Opinion[] = [];
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
    const told = new Map(imageCompartments.map((name) => [name, surest(opinions, name, count)]));
    const drawing = startProgress("as told", missing.length, { stream: stderr, unit: "drawings" });
    const asking = { ...instruments, onDrawn: () => undefined };
    try {
      for (const [done, { compartment, rank }] of missing.entries()) {
        signal.throwIfAborted();
        const { protein, answer } = told.get(compartment)![rank]!;
        const place = { compartment, rank, probability: Number(answer[compartment]!.toPrecision(7)) };
        await answers.append(await askTold(asking, place, protein));
        drawing.update(done + 1, compartment);
      }
    } finally {
      drawing.close();
    }
  }
  return ranks.map((one) => find(one)!);
}

export interface Opinion {
  readonly protein: Protein;
  readonly answer: Readonly<Record<string, number>>;
}

/** The `count` proteins of the largest answer, the largest first. */
export function surest(opinions: readonly Opinion[], compartment: string, count: number): Opinion[] {
  return [...opinions].sort((a, b) => b.answer[compartment]! - a.answer[compartment]!).slice(0, count);
}
