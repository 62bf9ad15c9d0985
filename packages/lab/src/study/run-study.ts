// Runs a study: trains what is not trained yet, one run after the other, and reads the scores. A study that is interrupted
// goes on where it was, and one that is given more values trains only those.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readCsv } from "@proteoscope/formats";
import { ConfigError } from "../config/compose.ts";
import { type NewRun, resumeTraining, startTraining, type TrainOptions } from "../train.ts";
import { type RunRecord, readRun } from "../training/show/read-run.ts";
import { planStudy, type StudyRun, type Variation } from "./plan.ts";
import type { StudyResult } from "./summarize.ts";

/** What is studied. */
export interface StudyRequest extends Omit<NewRun, "configFile"> {
  /** The file of a preset; of the study's own where the name is undefined. @throws where there is none */
  readonly findConfig: (preset: string | undefined) => string;
  readonly variations: readonly Variation[];
  /** Runs per combination, with seeds from 0. */
  readonly seeds: number;
  /** The score, without "validation."; "unseen.loss" is that of unseen proteins. */
  readonly score: string;
  /** The folder of the study. */
  readonly folder: string;
}

/** How the runs of a study are trained. */
export interface StudyOptions extends TrainOptions {
  /** Called before each run. */
  readonly onRun?: ((run: StudyRun, done: number, total: number) => void) | undefined;
}

/**
 * Trains all runs and gives their results; undefined after an interrupt, which leaves all as it is to be gone on with.
 * @throws ConfigError where a run has no such score, and what training throws.
 */
export async function runStudy(
  request: StudyRequest,
  { onRun, ...options }: StudyOptions,
): Promise<StudyResult[] | undefined> {
  const runs = planStudy(request.variations, request.seeds);
  const results: StudyResult[] = [];
  for (const [done, run] of runs.entries()) {
    onRun?.(run, done, runs.length);
    const path = join(request.folder, "runs", run.name);
    if ((await train(path, run, request, options)) === "interrupted") return undefined;
    results.push(await resultOf(path, run, request.score));
  }
  return results;
}

async function train(
  path: string,
  { preset, overrides }: StudyRun,
  { trainer, findConfig, overrides: own, atlas, findModel }: StudyRequest,
  options: TrainOptions,
): Promise<"finished" | "interrupted"> {
  const there = await readRun(path).catch(() => undefined);
  if (there !== undefined) return isFinished(there) ? "finished" : resumeTraining(path, trainer, options);
  const configFile = findConfig(preset);
  return startTraining(
    path,
    { trainer, configFile, overrides: [...own, ...overrides], atlas, findModel },
    options,
  );
}

const isFinished = ({ step, totalSteps, curves }: RunRecord): boolean =>
  curves.some(({ name, points }) => name.startsWith("validation.") && points.at(-1)!.step === totalSteps) &&
  step === totalSteps;

async function resultOf(path: string, run: StudyRun, score: string): Promise<StudyResult> {
  const { curves } = await readRun(path);
  const curve = curves.find(({ name }) => name === `validation.${score}`);
  if (curve === undefined) {
    const names = curves.flatMap(({ name }) =>
      name.startsWith("validation.") ? [name.slice("validation.".length)] : [],
    );
    throw new ConfigError(`${path} has no score "${score}"; it has ${names.join(", ")}`, { field: "score" });
  }
  return { run, score: curve.points.at(-1)!.value, proteins: await proteinScores(path, score) };
}

/** The mean of each protein's items in validation.csv; none where it does not report the score. */
async function proteinScores(path: string, score: string): Promise<number[]> {
  const text = await readFile(join(path, "validation.csv"), "utf8").catch(() => undefined);
  if (text === undefined) return [];
  const [, set, name] = /^(?:(seen|unseen)\.)?(.+)$/.exec(score) as unknown as [
    string,
    string | undefined,
    string,
  ];
  const rows = readCsv(text);
  const wanted = set ?? rows[0]?.set; // the first set is the one without a prefix
  const byProtein = new Map<string, number[]>();
  for (const row of rows) {
    if (row.set !== wanted || !row[name]) continue;
    byProtein.set(row.protein!, [...(byProtein.get(row.protein!) ?? []), Number(row[name])]);
  }
  return [...byProtein.values()].map(
    (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  );
}
