// One training run from its configuration to its end: what `proteoscope train` does, apart from messages and exit codes.
// A resumed run takes its configuration from its own folder, so that it cannot continue as another run than it began.
// Configuration and data are read and checked before there is a run folder: a start that fails leaves none.

import { resolve } from "node:path";
import { type Collective, singleProcess } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { z } from "zod";
import {
  ConfigError,
  checkConfig,
  overrideConfig,
  parseConfig,
  readConfig,
  writeConfig,
} from "./config/compose.ts";
import { type TrainerName, trainerOf } from "./trainers/index.ts";
import { estimateTraining, type TrainingEstimate } from "./training/estimate.ts";
import { type PrepareOptions, runTraining, type TrainingJob, type TrainingOptions } from "./training/loop.ts";
import {
  checkRunFolder,
  followRunFolder,
  openRunFolder,
  type RunFolder,
  readRunConfig,
} from "./training/run-folder.ts";

/** A run that is to begin. */
export interface NewRun {
  readonly trainer: TrainerName;
  /** A YAML file. */
  readonly configFile: string;
  /** Changes to it, each written `key.path=value`. */
  readonly overrides: readonly string[];
  /** The atlas folder. */
  readonly atlas: string;
  /** Gives the folder of a finished network that the configuration names under `models`, by a path or as one of the Hub. */
  readonly findModel?: ((named: string) => Promise<string>) | undefined;
}

/** Device, signal and callbacks of a run. */
export interface TrainOptions extends TrainingOptions, PrepareOptions {
  readonly device: "auto" | "cpu" | "webgpu" | "cuda";
  /** Threads of the cpu device; default all. */
  readonly threads?: number | undefined;
  /**
   * The processes that train together, each of which calls this with the same arguments and sees the same folders; default
   * one alone. Where one throws, the others wait for it: end them, as a launcher of MPI does.
   */
  readonly collective?: Collective | undefined;
}

/** Device, signal and callbacks of a run that is resumed. */
export interface ResumeOptions extends TrainOptions {
  /** The atlas folder, where it is no longer the one that the run began with; it is stored with the run. */
  readonly atlas?: string | undefined;
}

interface Run {
  readonly trainer: TrainerName;
  readonly atlas: string;
  readonly config: Record<string, unknown>;
}

/**
 * Begins a run in a folder that holds none.
 * @throws ConfigError for a wrong configuration or a folder that holds a run, FormatError for damaged data, DivergedError.
 */
export async function startTraining(
  path: string,
  newRun: NewRun,
  options: TrainOptions,
): Promise<"finished" | "interrupted"> {
  const { collective = singleProcess } = options;
  if (resolve(path) === resolve(newRun.atlas))
    throw new ConfigError(`${path} is the atlas: name another folder for the run`, { field: "output" });
  if (collective.rank === 0) await checkRunFolder(path, { isNew: true });
  const run = await readRun(newRun);
  return withJob(run, options, (job) =>
    withFolder(path, storedConfig(run), job, (folder) => runTraining(job, folder, options)),
  );
}

/**
 * Continues the run in a folder from its last checkpoint.
 * @throws ConfigError where there is no run of this trainer, or where another process has it; FormatError, DivergedError.
 */
export async function resumeTraining(
  path: string,
  trainer: TrainerName,
  { atlas: moved, ...options }: ResumeOptions,
): Promise<"finished" | "interrupted"> {
  const stored = await readRunConfig(path);
  if (stored === undefined) throw new ConfigError(`${path} holds no run to resume`);
  const { trainer: storedTrainer, atlas, ...rest } = parseConfig(stored, `${path}/config.yaml`);
  if (storedTrainer !== trainer) throw new ConfigError(`${path} is a run of train ${storedTrainer}`);
  const run = {
    trainer,
    atlas: moved === undefined ? z.string().parse(atlas) : resolve(moved),
    config: checkConfig(trainerOf(trainer).schema, rest, `${path}/config.yaml`),
  };
  return withFolder(path, undefined, options, (folder) =>
    withJob(run, options, async (job) => {
      if (moved !== undefined) await folder.write("config.yaml", storedConfig(run));
      return runTraining(job, folder, options);
    }),
  );
}

/**
 * Prepares a run and takes its first steps to measure what it would cost; there is no run folder.
 * @throws as `startTraining` does, and the signal's reason when it is aborted.
 */
export async function estimateRun(newRun: NewRun, options: TrainOptions): Promise<TrainingEstimate> {
  const { signal } = options;
  const run = await readRun(newRun);
  return withJob(run, options, (job) => estimateTraining(job, signal && { signal }));
}

/** The run with its whole configuration, checked. */
async function readRun({ trainer, configFile, overrides, atlas, findModel }: NewRun): Promise<Run> {
  const given = overrideConfig(await readConfig(configFile), overrides);
  const place = overrides.length === 0 ? configFile : `${configFile} with ${overrides.join(" ")}`;
  const config = checkConfig(trainerOf(trainer).schema, await locateModels(given, findModel), place);
  return { trainer, atlas: resolve(atlas), config };
}

const storedConfig = ({ trainer, atlas, config }: Run): string => writeConfig({ trainer, atlas, ...config });

/** The configuration with a folder for each model: a run that is resumed finds the same files. */
async function locateModels(
  given: Readonly<Record<string, unknown>>,
  findModel: NewRun["findModel"],
): Promise<Readonly<Record<string, unknown>>> {
  const { models } = given;
  if (findModel === undefined || typeof models !== "object" || models === null) return given;
  const located = Object.entries(models).map(
    async ([name, named]) => [name, typeof named === "string" ? await findModel(named) : named] as const,
  );
  return { ...given, models: Object.fromEntries(await Promise.all(located)) };
}

/** Rank 0 opens the folder, and the others follow when it is open. */
async function withFolder<T>(
  path: string,
  config: string | undefined,
  { collective = singleProcess }: { readonly collective?: Collective | undefined },
  use: (folder: RunFolder) => Promise<T>,
): Promise<T> {
  const isFirst = collective.rank === 0;
  const folder = isFirst ? await openRunFolder(path, { config }) : followRunFolder(path);
  try {
    await collective.barrier();
    return await use(folder);
  } finally {
    await folder.close();
  }
}

async function withJob<T>(
  { trainer, atlas, config }: Run,
  { device, threads, collective, onRead, cacheDir }: TrainOptions,
  use: (job: TrainingJob) => Promise<T>,
): Promise<T> {
  const runtime = await openRuntime({ device, ...(threads !== undefined && { threads }) });
  try {
    const job = await trainerOf(trainer).prepare({ runtime, config, atlas, onRead, cacheDir, collective });
    try {
      return await use(job);
    } finally {
      await job.close?.();
    }
  } finally {
    await runtime.close();
  }
}
