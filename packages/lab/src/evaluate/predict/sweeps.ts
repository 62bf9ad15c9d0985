// Sweeps over the settings of sampling, as the seed has them (10 to 1000 steps, guidance 1 to 4): the first unseen proteins are
// generated again, from the same noise around the same nuclei, with one setting changed.

import type { OnProgress } from "@proteoscope/microscope";
import type { AnswersFile, SweepRecord } from "../answers-file.ts";
import type { EvaluatedProtein } from "../sets.ts";
import { type DrawSettings, type EvaluationTools, generateForSweep } from "./proteins.ts";

/** Settings that can be swept. */
export const sweptSettings = ["steps", "guidance"] as const;

/** One setting with its values. */
export interface Sweep {
  readonly setting: (typeof sweptSettings)[number];
  readonly values: readonly number[];
}

/** Largest number of proteins of a sweep: each value generates all of them. */
export const mostSwept = 60;

/** Generates what `answers` does not hold yet, and returns all records. @throws the signal's reason when it is aborted */
export async function generateSweeps(
  tools: Omit<EvaluationTools, "onDrawn">,
  sweeps: readonly Sweep[],
  proteins: readonly EvaluatedProtein[],
  answers: AnswersFile,
  onProgress: OnProgress | undefined,
): Promise<SweepRecord[]> {
  const swept = proteins.slice(0, mostSwept);
  const wanted = sweeps.flatMap(({ setting, values }) =>
    values.flatMap((value) =>
      swept.map((protein) => ({ protein, name: `${setting} ${value}`, changes: { [setting]: value } })),
    ),
  );
  const keyOf = ({ name, protein: { set, protein } }: (typeof wanted)[number]) =>
    `sweep ${name} ${set} ${protein.id}`;
  const missing = wanted.filter((one) => answers.find(keyOf(one)) === undefined);
  for (const [done, { protein, name, changes }] of missing.entries()) {
    tools.signal.throwIfAborted();
    onProgress?.({ phase: "sweeps", done, total: missing.length, unit: "drawings", note: name });
    const silent = { ...tools, onDrawn: () => undefined };
    await answers.append(await generateForSweep(silent, protein, name, changes as Partial<DrawSettings>));
  }
  return wanted.map((one) => answers.find(keyOf(one)) as SweepRecord);
}
