// A run on disk: config.yaml, metrics.jsonl, checkpoints/, samples/. What is written is whole or absent: a checkpoint
// gets its name when its bytes are on the disk (write, fsync, rename), and a resumed run first cuts the metrics back
// to its checkpoint's step, so that a kill at any moment leaves a run that goes on exactly.

import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, type NdArray, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { ConfigError } from "../config/compose.ts";
import { type Lock, lockFolder } from "./lock.ts";

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
  close(): Promise<void>;
}

export interface OpenRunOptions {
  /** The text of config.yaml of a new run; undefined to go on with the run that is there. */
  config: string | undefined;
}

const keptCheckpoints = 2;
const checkpointName = /^step-(\d+)\.safetensors$/;

/**
 * Opens a run folder and locks it against other processes.
 * Throws ConfigError if a new run would overwrite one, if there is nothing to resume, or if the run is in use.
 */
export async function openRunFolder(path: string, { config }: OpenRunOptions): Promise<RunFolder> {
  const exists = await readFile(join(path, "config.yaml")).then(
    () => true,
    (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? false : Promise.reject(error)),
  );
  if (config === undefined && !exists) throw new ConfigError(`${path} holds no run to resume`);
  if (config !== undefined && exists) {
    throw new ConfigError(`${path} holds a run already: go on with --resume, or name another folder`);
  }
  for (const folder of ["checkpoints", "samples"]) await mkdir(join(path, folder), { recursive: true });
  const lock = await lockFolder(path);
  try {
    if (config !== undefined) await writeWhole(join(path, "config.yaml"), config);
    return runFolder(path, await open(join(path, "metrics.jsonl"), "a"), lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The configuration of the run in a folder, as it was written. */
export async function readRunConfig(path: string): Promise<string> {
  return readFile(join(path, "config.yaml"), "utf8");
}

function runFolder(path: string, initialMetrics: FileHandle, lock: Lock): RunFolder {
  let metrics = initialMetrics;
  const checkpoints = join(path, "checkpoints");
  const stepsOnDisk = async (): Promise<number[]> => {
    const names = await readdir(checkpoints);
    const steps = names.flatMap((name) => Number(checkpointName.exec(name)?.[1] ?? Number.NaN));
    return steps.filter((step) => !Number.isNaN(step)).sort((a, b) => a - b);
  };
  const fileOf = (step: number) => join(checkpoints, `step-${step}.safetensors`);
  return {
    path,
    async appendMetrics(record) {
      await metrics.appendFile(`${JSON.stringify(record)}\n`);
    },
    async saveCheckpoint({ step, tensors, metadata }, { bestStep } = {}) {
      await writeWhole(fileOf(step), writeSafetensors(tensors, { ...metadata, step: String(step) }));
      const kept = new Set([...(await stepsOnDisk()).slice(-keptCheckpoints), bestStep]);
      for (const old of await stepsOnDisk()) if (!kept.has(old)) await rm(fileOf(old));
    },
    async latestCheckpoint() {
      const step = (await stepsOnDisk()).at(-1);
      if (step === undefined) return undefined;
      const { tensors, metadata } = readSafetensors(await readFile(fileOf(step)));
      if (metadata.step !== String(step)) {
        throw new FormatError("checkpoint", `${fileOf(step)} says that it is of step ${metadata.step}`);
      }
      return { step, tensors, metadata };
    },
    async rewindMetrics(step) {
      const file = join(path, "metrics.jsonl");
      const lines = (await readFile(file, "utf8")).split("\n");
      const kept = lines.filter((line) => (stepOf(line) ?? Number.POSITIVE_INFINITY) <= step);
      await writeWhole(file, kept.map((line) => `${line}\n`).join(""));
      await metrics.close();
      metrics = await open(file, "a");
    },
    async write(name, content) {
      const target = join(path, name);
      await mkdir(join(target, ".."), { recursive: true });
      await writeWhole(target, content);
    },
    async close() {
      await metrics.close();
      await lock.release();
    },
  };
}

// A line that was cut by a kill is no JSON: it goes with the steps that are taken again.
function stepOf(line: string): number | undefined {
  try {
    const { step } = JSON.parse(line);
    return typeof step === "number" ? step : undefined;
  } catch {
    return undefined;
  }
}

async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${process.pid}.partial`;
  const file = await open(temporary, "w");
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
