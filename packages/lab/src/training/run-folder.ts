// A run on disk: config.yaml, metrics.jsonl, checkpoints/, samples/, model/, and for TensorBoard a tfevents file, which says
// what metrics.jsonl says and is made anew of it at each start. What is written is whole or absent, and a
// resumed run first cuts the metrics back to its checkpoint's step, so that a kill at any moment leaves a run that goes on
// exactly.

import { appendFile, type FileHandle, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  FormatError,
  type NdArray,
  readSafetensors,
  writeEvent,
  writeEventsHeader,
  writeSafetensors,
} from "@proteoscope/formats";
import {
  createFolder,
  finishReplacing,
  type Lock,
  lockFolder,
  removePartialFiles,
  replaceFolder,
  writeWhole,
} from "@proteoscope/formats/node";
import { ConfigError } from "../config/compose.ts";

/** One line of metrics.jsonl. */
export type Metrics = Readonly<Record<string, number | string>> & { readonly step: number };

export interface Checkpoint {
  readonly step: number;
  readonly tensors: ReadonlyMap<string, NdArray>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface RunFolder {
  readonly path: string;
  /** Adds one line to metrics.jsonl. */
  appendMetrics(metrics: Metrics): Promise<void>;
  /** Saves a checkpoint; then only the last two and the best are left. */
  saveCheckpoint(checkpoint: Checkpoint, options?: { bestStep?: number | undefined }): Promise<void>;
  /** The checkpoint of the highest step, if there is one. */
  latestCheckpoint(): Promise<Checkpoint | undefined>;
  /** Drops metrics after a step. */
  rewindMetrics(step: number): Promise<void>;
  /** Writes any other file of the run, whole or not at all; its name may have folders. */
  write(name: string, content: Uint8Array | string): Promise<void>;
  /** Replaces the model folder by one of these files, all or none. */
  writeModel(files: ReadonlyMap<string, Uint8Array | string>): Promise<void>;
  close(): Promise<void>;
}

export interface OpenRunOptions {
  /** The text of config.yaml of a new run; undefined to go on with the run that is there. */
  readonly config: string | undefined;
}

const latestCheckpoints = 2; // that are left, with the best one
const checkpointName = /^step-(\d+)\.safetensors$/;
const configName = "config.yaml";
const checkpointsName = "checkpoints";
const modelName = "model";
const metricsName = "metrics.jsonl";
const eventsName = "events.out.tfevents.0.proteoscope";

/**
 * Opens a run folder and locks it against other processes.
 * @throws ConfigError if a new run would overwrite one, if there is nothing to resume, or if the run is in use.
 */
export async function openRunFolder(path: string, { config }: OpenRunOptions): Promise<RunFolder> {
  const isNew = config !== undefined;
  await checkRunFolder(path, { isNew });
  const folders = [checkpointsName, "samples"].map((name) => join(path, name));
  for (const folder of folders) await createFolder(folder);
  const lock = await lockFolder(path);
  try {
    await checkRunFolder(path, { isNew }); // another process may have been first
    if (isNew) await writeWhole(join(path, configName), config);
    else await removeLeftovers(path, folders);
    return runFolder(path, await open(join(path, metricsName), "a"), lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The folder of a run that another process writes: its checkpoint can be read, and nothing is written. */
export function followRunFolder(path: string): RunFolder {
  const ignore = async (): Promise<void> => {};
  return {
    path,
    latestCheckpoint: () => readLatestCheckpoint(join(path, checkpointsName)),
    appendMetrics: ignore,
    saveCheckpoint: ignore,
    rewindMetrics: ignore,
    write: ignore,
    writeModel: ignore,
    close: ignore,
  };
}

/** Removes what a killed process was writing. */
async function removeLeftovers(path: string, folders: readonly string[]): Promise<void> {
  for (const folder of [path, ...folders]) await removePartialFiles(folder);
  await finishReplacing(join(path, modelName));
}

/** @throws ConfigError if a new run would overwrite one, or if there is nothing to resume. */
export async function checkRunFolder(path: string, { isNew }: { readonly isNew: boolean }): Promise<void> {
  const stored = await readRunConfig(path);
  if (!isNew && stored === undefined) throw new ConfigError(`${path} holds no run to resume`);
  if (isNew && stored !== undefined)
    throw new ConfigError(`${path} holds a run already: resume it, or name another folder`, {
      field: "resume",
    });
}

/** The text of a run's config.yaml; undefined where there is no run. */
export async function readRunConfig(path: string): Promise<string | undefined> {
  return readFile(join(path, configName), "utf8").catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? undefined : Promise.reject(error),
  );
}

function runFolder(path: string, initialMetrics: FileHandle, lock: Lock): RunFolder {
  let metrics = initialMetrics;
  const events = join(path, eventsName);
  const checkpoints = join(path, checkpointsName);
  return {
    path,
    async appendMetrics(record) {
      await metrics.appendFile(`${JSON.stringify(record)}\n`);
      await appendFile(events, eventOf(record));
    },
    async saveCheckpoint({ step, tensors, metadata }, { bestStep } = {}) {
      const file = writeSafetensors(tensors, { ...metadata, step: String(step) });
      await writeWhole(fileOf(checkpoints, step), file);
      const steps = await stepsOnDisk(checkpoints);
      const remaining = new Set([...steps.slice(-latestCheckpoints), bestStep]);
      for (const old of steps) if (!remaining.has(old)) await rm(fileOf(checkpoints, old));
    },
    latestCheckpoint: () => readLatestCheckpoint(checkpoints),
    async rewindMetrics(step) {
      const file = join(path, metricsName);
      const lines = (await readFile(file, "utf8")).split("\n");
      const remaining = lines.filter((line) => (stepOf(line) ?? Number.POSITIVE_INFINITY) <= step);
      await writeWhole(file, remaining.map((line) => `${line}\n`).join(""));
      const records = remaining.map((line) => eventOf(JSON.parse(line)));
      await writeWhole(events, Buffer.concat([writeEventsHeader(0), ...records]));
      await metrics.close();
      metrics = await open(file, "a");
    },
    write: (name, content) => writeWhole(join(path, name), content),
    writeModel: (files) => replaceFolder(join(path, modelName), files),
    async close() {
      await metrics.close();
      await lock.release();
    },
  };
}

const fileOf = (checkpoints: string, step: number) => join(checkpoints, `step-${step}.safetensors`);

/** Steps of the checkpoints in a folder, ascending. */
async function stepsOnDisk(checkpoints: string): Promise<number[]> {
  const names = await readdir(checkpoints);
  const steps = names.flatMap((name) => Number(checkpointName.exec(name)?.[1] ?? Number.NaN));
  return steps.filter((step) => !Number.isNaN(step)).sort((a, b) => a - b);
}

async function readLatestCheckpoint(checkpoints: string): Promise<Checkpoint | undefined> {
  const steps = await stepsOnDisk(checkpoints);
  const step = steps.at(-1);
  if (step === undefined) return undefined;
  const file = fileOf(checkpoints, step);
  const bytes = await readFile(file);
  const { tensors, metadata } = readCheckpointFile(file, steps.at(-2), () => readSafetensors(bytes));
  if (metadata.step !== String(step))
    throw new FormatError("checkpoint", `${file} says that it is of step ${metadata.step}`);
  return { step, tensors, metadata };
}

/** @throws FormatError that names the file, and from which step the run goes on without it. */
function readCheckpointFile<T>(file: string, earlier: number | undefined, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const from = earlier === undefined ? "the beginning" : `step ${earlier}`;
    const hint = `delete it, and the run goes on from ${from}`;
    throw new FormatError(cause.format, `${file}: ${cause.what}`, { offset: cause.offset, hint, cause });
  }
}

// A line that a kill has cut is no JSON: it goes with the steps that are taken again.
function stepOf(line: string): number | undefined {
  try {
    const { step } = JSON.parse(line);
    return typeof step === "number" ? step : undefined;
  } catch {
    return undefined;
  }
}

/** The numbers of a line of metrics.jsonl as TensorBoard reads them. */
function eventOf({ step, time, ...scores }: Metrics): Uint8Array {
  const scalars = Object.entries(scores).filter((entry): entry is [string, number] =>
    Number.isFinite(entry[1]),
  );
  const wallTime = typeof time === "string" ? Date.parse(time) / 1000 : 0;
  return writeEvent({ wallTime, step, scalars: Object.fromEntries(scalars) });
}
