// The loop that every trainer runs: batch, step, report, validate, checkpoint. It keeps no state that is not in the
// checkpoint, and batches and random inputs are functions of the step, so that a resumed run takes exactly the steps
// that the run would have taken (bit for bit on the cpu).

import { type NdArray, type Trainer, type TrainingGroup, warmupCosine } from "@proteoscope/engine";
import { z } from "zod";
import { pathSchema } from "../config/compose.ts";
import type { ModelFiles } from "./model-files.ts";
import type { RunFolder } from "./run-folder.ts";

/** What each configuration says about the loop, under `train`. */
export const loopSchema = z.strictObject({
  steps: z.int().positive(),
  seed: z.int().nonnegative().default(0),
  /** The `model` folder of an earlier run of the same networks, to begin with its weights. */
  startFrom: pathSchema.optional(),
  learningRate: z.number().positive(),
  warmupSteps: z.int().nonnegative(),
  /** Share of the learning rate that is left at the end. */
  finalFraction: z.number().min(0).max(1).default(0.1),
  beta2: z.number().min(0).max(1).default(0.98),
  weightDecay: z.number().nonnegative().default(0.01),
  clipNorm: z.number().positive().default(1),
  /** Decay of the moving average of the parameters, which is what is validated and shipped. */
  averageDecay: z.number().min(0).max(1),
  logEvery: z.int().positive(),
  validateEvery: z.int().positive(),
  checkpointEvery: z.int().positive(),
});
export type LoopConfig = z.infer<typeof loopSchema>;

/** The optimiser that a configuration asks for; every trained group takes it. */
export function adamWOf(
  config: LoopConfig,
): Omit<Required<Pick<TrainingGroup, "average">> & TrainingGroup, "prefix"> {
  const { steps, beta2, weightDecay, clipNorm, averageDecay } = config;
  return {
    ...{ beta2, weightDecay, clipNorm },
    learningRate: warmupCosine({ ...config, totalSteps: steps }),
    average: { decay: averageDecay },
  };
}

export type Batch = Readonly<Record<string, NdArray>>;
export type Scores = Readonly<Record<string, number>>;

export interface TrainingJob {
  readonly trainer: Trainer;
  readonly config: LoopConfig;
  /** The micro-batches of a step, counted from 0. */
  batches(step: number): Promise<Batch[]>;
  /** Scores of the averaged parameters on data that is not learned from. */
  validate(): Promise<Scores>;
  /** The score that decides which model is kept; where there is none, the latest is. */
  readonly best?: { readonly score: string; readonly mode: "max" | "min" };
  /** What the run has made, of the averaged parameters: written to `model/` whenever it is the best. */
  files(): Promise<ModelFiles>;
  /** A PNG of what the averaged parameters draw: written to `samples/` at each validation. */
  samples?(): Promise<Uint8Array>;
  close?(): Promise<void>;
}

/** What is told of a job's preparation. */
export interface PrepareOptions {
  /** Called after each protein that a language model reads before the first step. */
  readonly onRead?: ((proteins: number, total: number) => void) | undefined;
}

export interface TrainingProgress {
  readonly step: number;
  readonly totalSteps: number;
  /** Means since the last report, and the last validation scores. */
  readonly scores: Scores;
}

export interface TrainingOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
}

/** A loss that is no number any more. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}

/**
 * Trains from the folder's last checkpoint, or from the start, to the last step. When `signal` aborts, the step under
 * way is finished and saved, and the result is "interrupted".
 * @throws DivergedError when a loss is not finite; the last checkpoint is left as it is.
 */
export async function runTraining(
  job: TrainingJob,
  folder: RunFolder,
  { signal, onProgress }: TrainingOptions = {},
): Promise<"finished" | "interrupted"> {
  const { trainer, config } = job;
  const { steps: totalSteps } = config;
  const best = bestScore(job);
  const saved = await folder.latestCheckpoint();
  if (saved !== undefined) {
    await trainer.restore(saved.tensors, saved.step);
    best.restore(saved.metadata);
  }
  await folder.rewindMetrics(trainer.stepCount);

  const save = async () => {
    const checkpoint = {
      step: trainer.stepCount,
      tensors: await trainer.checkpoint(),
      metadata: best.metadata(),
    };
    await folder.saveCheckpoint(checkpoint, { bestStep: best.step });
  };
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
    for (const [name, value] of Object.entries(scores)) {
      if (Number.isFinite(value)) continue;
      throw new DivergedError(
        `${name} is ${value} at step ${step}: begin again with a lower train.learning_rate`,
      );
    }
    sums.add({ ...scores, stepMs: performance.now() - started });
    onProgress?.({ step, totalSteps, scores });

    const isLast = step === totalSteps;
    if (isLast || step % config.logEvery === 0) {
      await folder.appendMetrics({ step, time: new Date().toISOString(), ...sums.means() });
      sums = runningMeans();
    }
    const isDue = isLast || step % config.validateEvery === 0;
    const isBest = isDue && (await validate(job, folder, step, best));
    const picture = isDue ? await job.samples?.() : undefined;
    if (picture !== undefined) await folder.write(`samples/step-${step}.png`, picture);
    if (isBest) {
      for (const [path, content] of await job.files()) await folder.write(`model/${path}`, content);
    }
    const stops = signal?.aborted === true;
    if (isLast || isBest || stops || step % config.checkpointEvery === 0) await save();
    if (stops && !isLast) return "interrupted";
  }
  return "finished";
}

async function validate(
  job: TrainingJob,
  folder: RunFolder,
  step: number,
  best: ReturnType<typeof bestScore>,
): Promise<boolean> {
  const scores = await job.validate();
  const named = Object.fromEntries(
    Object.entries(scores).map(([name, value]) => [`validation.${name}`, value]),
  );
  await folder.appendMetrics({ step, time: new Date().toISOString(), ...named });
  return best.offer(step, scores);
}

function bestScore({ best }: TrainingJob) {
  let value: number | undefined;
  let step: number | undefined;
  return {
    get step() {
      return step;
    },
    offer(newStep: number, scores: Scores): boolean {
      const newValue = best === undefined ? newStep : (scores[best.score] ?? Number.NaN);
      const isBetter = value === undefined || (best?.mode === "min" ? newValue < value : newValue > value);
      if (isBetter) [step, value] = [newStep, newValue];
      return isBetter;
    },
    metadata: (): Record<string, string> =>
      step === undefined ? {} : { bestStep: String(step), bestValue: String(value) },
    restore(metadata: Readonly<Record<string, string>>) {
      if (metadata.bestStep === undefined) return;
      [step, value] = [Number(metadata.bestStep), Number(metadata.bestValue)];
    },
  };
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
