// Short runs of a trainer for tests: begun with a configuration, killed and resumed, and what they leave on disk. Tests
// of several trainers share them.

import { cpSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type NdArray, readSafetensors } from "@proteoscope/formats";
import { expect } from "vitest";
import { resumeTraining, startTraining } from "../train.ts";
import type { TrainerName } from "../trainers/index.ts";
import type { TrainingProgress } from "../training/loop.ts";

export interface TrainingSetup {
  readonly trainer: TrainerName;
  /** A configuration with its keys as on disk. */
  readonly config: object;
  /** The atlas folder. */
  readonly atlas: string;
  /** The folder of all runs, which is created. */
  readonly folder: string;
}

export interface RunOptions {
  readonly overrides?: readonly string[];
  /** Called after every step, before anything of it is written. */
  readonly onStep?: ((step: number, path: string) => void) | undefined;
  /** Ends the run after this step as a kill would, and resumes it: the last checkpoint is what is left of it. */
  readonly killAt?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FinishedRun {
  readonly path: string;
  readonly state: "finished" | "interrupted";
  readonly progress: readonly TrainingProgress[];
}

/** Trains in `folder/name`. */
export async function trainRun(
  { trainer, config, atlas, folder }: TrainingSetup,
  name: string,
  { overrides = [], killAt, signal, onStep }: RunOptions = {},
): Promise<FinishedRun> {
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, `${name}.yaml`);
  await writeFile(configFile, JSON.stringify(config)); // JSON is YAML
  const path = join(folder, name);
  const progress: TrainingProgress[] = [];
  const onProgress = (now: TrainingProgress) => {
    progress.push(now);
    onStep?.(now.step, path);
    if (now.step === killAt) throw new Error("killed");
  };
  const training = startTraining(
    path,
    { trainer, configFile, overrides, atlas },
    { device: "cpu", signal, onProgress },
  );
  if (killAt === undefined) return { path, state: await training, progress };
  await expect(training).rejects.toThrow("killed");
  return { path, state: await resumeTraining(path, trainer, { device: "cpu" }), progress };
}

/**
 * Trains without a stop, and resumes a copy of the run as a kill after the step before `lastStep` was saved would have left it:
 * both must end with the same state. Returns the path of the whole run.
 */
export async function trainAndResume(
  setup: TrainingSetup,
  name: string,
  overrides: readonly string[],
  lastStep: number,
): Promise<string> {
  const left = join(setup.folder, `${name}-killed`);
  const onStep = (step: number, path: string): void => {
    // The lock alone is of the process.
    if (step === lastStep)
      cpSync(path, left, { recursive: true, filter: (file) => !file.endsWith("run.lock") });
  };
  const { path } = await trainRun(setup, name, { overrides, onStep });
  await resumeTraining(left, setup.trainer, { device: "cpu" });
  await expectSameCheckpoint(path, left, lastStep);
  return path;
}

/** The lines of metrics.jsonl. */
export async function metricsOf(path: string): Promise<Record<string, number>[]> {
  const lines = (await readFile(join(path, "metrics.jsonl"), "utf8")).trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** The scores of the last validation, without the prefix of their names. */
export async function validationOf(path: string): Promise<Record<string, number>> {
  const prefix = "validation.";
  const lines = (await metricsOf(path)).map((line) =>
    Object.entries(line).filter(([name]) => name.startsWith(prefix)),
  );
  const last = lines.findLast(({ length }) => length > 0) ?? [];
  return Object.fromEntries(last.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** The tensors of a safetensors file of a run. */
export async function tensorsOf(...path: string[]): Promise<ReadonlyMap<string, NdArray>> {
  return readSafetensors(await readFile(join(...path))).tensors;
}

/** Holds two runs to the same checkpoint of a step, bit for bit. */
export async function expectSameCheckpoint(first: string, second: string, step: number): Promise<void> {
  const file = join("checkpoints", `step-${step}.safetensors`);
  const [expected, actual] = [await tensorsOf(first, file), await tensorsOf(second, file)];
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, { data }] of expected) expect(actual.get(name)!.data, name).toEqual(data);
}
