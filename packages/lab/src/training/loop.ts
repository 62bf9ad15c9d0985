// The loop that every trainer runs: batch, step, report, validate, checkpoint. It holds no state that is not in the
// checkpoint, and batches and random inputs are functions of the step, so that a resumed run takes exactly the steps
// that the run would have taken (bit for bit on the cpu).

import type { Collective, NdArray, Trainer } from "@proteoscope/engine";
import { ProteoscopeError } from "@proteoscope/formats";
import type { LoopConfig } from "./config.ts";
import type { ModelFiles } from "./model-files.ts";
import type { RunFolder } from "./run-folder.ts";
import { type BestChoice, type BestScore, openBestScore, type Scores } from "./scores.ts";
import { type ItemScores, itemTable } from "./validation-sets.ts";

/** Inputs of one micro-batch, by name. */
export type Batch = Readonly<Record<string, NdArray>>;

/** A prepared run: its compiled trainer, and functions of the step. */
export interface TrainingJob {
  readonly trainer: Trainer;
  /** The processes that train together: rank 0 validates and writes, all others take the steps with it. */
  readonly collective: Collective;
  readonly config: LoopConfig;
  /** This process's micro-batches of a step; steps count from 0. */
  batches(step: number): Promise<Batch[]>;
  /** Scores of the averaged parameters on data that is not learned from; those of single proteins are added to `log`. */
  validate(log?: ItemScores[]): Promise<Scores>;
  /** The score that chooses the model of the run; without one, the latest model is taken. */
  readonly best?: BestChoice | undefined;
  /** The model folder of the averaged parameters: written to `model/` whenever its score is the best so far. */
  files(): Promise<ModelFiles>;
  /** A PNG of what the averaged parameters generate: written to `samples/` at each validation. */
  readonly samples?: (() => Promise<Uint8Array>) | undefined;
  close?(): Promise<void>;
}

/** Says how many of all were read; `unit` is what is read, by default proteins. */
export type OnRead = (done: number, total: number, unit?: "proteins" | "crops") => void;

/** What the preparation of a run may use. */
export interface PrepareOptions {
  /** Called after each protein that a language model reads, and each crop that is measured, before the first step. */
  readonly onRead?: OnRead | undefined;
  /** Where results of finished networks are kept from run to run; nowhere by default. */
  readonly cacheDir?: string | undefined;
}

/** State of a run after a step. */
export interface TrainingProgress {
  /** Steps taken so far. */
  readonly step: number;
  readonly totalSteps: number;
  /** Losses and metrics of this step. */
  readonly scores: Scores;
}

/** Callbacks during a run, and the signal that ends it early. */
export interface TrainingOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
}

/** Thrown at a loss that is not finite. */
export class DivergedError extends ProteoscopeError {
  override readonly name = "DivergedError";

  constructor(message: string) {
    super(message, { kind: "failure" });
  }
}

/**
 * Trains from the folder's last checkpoint, or from step 0, to the last step. When `signal` aborts, the step that is
 * running is finished and saved, and the result is "interrupted"; an abort of one process ends all.
 * @throws DivergedError where a loss is not finite; the last checkpoint stays as it is.
 */
export async function runTraining(
  job: TrainingJob,
  folder: RunFolder,
  { signal, onProgress }: TrainingOptions = {},
): Promise<"finished" | "interrupted"> {
  const { trainer, config, collective } = job;
  const { steps: totalSteps } = config;
  const best = openBestScore(job.best);
  await restore(job, folder, best);
  let sums = runningMeans();
  let next = trainer.stepCount < totalSteps ? job.batches(trainer.stepCount) : undefined;
  while (next !== undefined) {
    const batches = await next;
    const step = trainer.stepCount + 1; // steps taken when this one is done
    // The next batch is made while the step runs on the runtime's own thread.
    next = step < totalSteps ? job.batches(step) : undefined;
    next?.catch(() => {}); // its failure is thrown where it is awaited
    const started = performance.now();
    const scores = await trainer.step(...batches);
    checkFinite(scores, step);
    sums.add({ ...scores, stepMs: performance.now() - started });
    onProgress?.({ step, totalSteps, scores });

    const isLast = step === totalSteps;
    const isStopped = await isAnyTrue(collective, signal?.aborted === true);
    if (collective.rank !== 0) {
      if (isStopped && !isLast) return "interrupted";
      continue;
    }
    if (isLast || step % config.logEvery === 0) {
      await folder.appendMetrics({ step, time: new Date().toISOString(), ...sums.means() });
      sums = runningMeans();
    }
    const isDue = isLast || step % config.validateEvery === 0;
    const isBest = isDue && (await validate(job, folder, step, best));
    if (isLast || isBest || isStopped || step % config.checkpointEvery === 0) await save(job, folder, best);
    if (isStopped && !isLast) return "interrupted";
  }
  return "finished";
}

/** Whether one of the processes says so: all must leave at the same step. */
async function isAnyTrue(collective: Collective, value: boolean): Promise<boolean> {
  const sum = Float32Array.of(value ? 1 : 0);
  await collective.allReduce(sum);
  return sum[0]! > 0;
}

async function restore({ trainer }: TrainingJob, folder: RunFolder, best: BestScore): Promise<void> {
  const saved = await folder.latestCheckpoint();
  if (saved !== undefined) {
    await trainer.restore(saved.tensors, saved.step);
    best.restore(saved.metadata);
  }
  await folder.rewindMetrics(trainer.stepCount);
}

async function save({ trainer }: TrainingJob, folder: RunFolder, best: BestScore): Promise<void> {
  const tensors = await trainer.checkpoint();
  const checkpoint = { step: trainer.stepCount, tensors, metadata: best.metadata() };
  await folder.saveCheckpoint(checkpoint, { bestStep: best.step });
}

function checkFinite(scores: Scores, step: number): void {
  const wrong = Object.entries(scores).find(([, value]) => !Number.isFinite(value));
  if (wrong === undefined) return;
  const [name, value] = wrong;
  throw new DivergedError(
    `${name} is ${value} at step ${step}: begin again in another folder, with a lower train.learning_rate`,
  );
}

/** Scores the model, writes its samples, and its files if it is the best so far, which is the result. */
async function validate(
  job: TrainingJob,
  folder: RunFolder,
  step: number,
  best: BestScore,
): Promise<boolean> {
  const items: ItemScores[] = [];
  const scores = await job.validate(items);
  const named = Object.fromEntries(
    Object.entries(scores).map(([name, value]) => [`validation.${name}`, value]),
  );
  await folder.appendMetrics({ step, time: new Date().toISOString(), ...named });
  if (items.length > 0) await folder.write("validation.csv", itemTable(step, items));
  const picture = await job.samples?.();
  if (picture !== undefined) await folder.write(`samples/step-${step}.png`, picture);
  const isBest = best.offer(step, scores);
  if (isBest) await folder.writeModel(await job.files());
  return isBest;
}

function runningMeans() {
  const sums: Record<string, number> = {};
  let count = 0;
  return {
    add(scores: Scores) {
      count++;
      for (const [name, value] of Object.entries(scores)) sums[name] = (sums[name] ?? 0) + value;
    },
    means: (): Record<string, number> =>
      Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count])),
  };
}
