// What a run would cost, by a few of its own steps: parameters, time to the end, memory and disk. Nothing is
// written, so that the question costs seconds and can be asked before a run folder exists.

import type { TrainingJob } from "./loop.ts";

/** The cost of a run on this machine. */
export interface TrainingEstimate {
  /** Number of trained parameters and of values that are updated with them, such as running statistics. */
  readonly parameters: number;
  /** Median of the measured steps, in seconds. */
  readonly secondsPerStep: number;
  /** Duration of one validation, with its files and samples, in seconds. */
  readonly secondsPerValidation: number;
  /** Duration of all steps and validations, in seconds. */
  readonly totalSeconds: number;
  /** Largest resident memory of the process so far, in bytes. */
  readonly peakBytes: number;
  /** Checkpoints and model that the run folder holds at its largest, in bytes. */
  readonly diskBytes: number;
}

/** How many steps are measured, after a first one that is not. */
export const measuredSteps = 3;

/** Checkpoints that a run folder holds at most: the last two and the best, and the next while it is written. */
const checkpointsOnDisk = 4;

/**
 * Takes the first steps of a prepared run and one validation, and measures them.
 * @throws the signal's reason when it is aborted.
 */
export async function estimateTraining(
  { trainer, config, batches, validate, files, samples }: TrainingJob,
  { signal, onStep }: { readonly signal?: AbortSignal; readonly onStep?: (done: number) => void } = {},
): Promise<TrainingEstimate> {
  const stepSeconds: number[] = [];
  for (let step = 0; step <= measuredSteps; step++) {
    signal?.throwIfAborted();
    const { seconds } = await measure(async () => trainer.step(...(await batches(step))));
    if (step > 0) stepSeconds.push(seconds); // the first one makes plans and buffers
    onStep?.(step + 1);
  }
  const secondsPerStep = stepSeconds.sort((a, b) => a - b)[Math.floor(measuredSteps / 2)]!;
  signal?.throwIfAborted();
  const { seconds: secondsPerValidation, result } = await measure(async () => {
    await validate();
    await samples?.();
    return files();
  });
  const { steps, validateEvery } = config;
  const weights = await trainer.weights();
  const checkpoint = await trainer.checkpoint();
  return {
    parameters: sum([...weights.values()].map(({ data }) => data.length)),
    secondsPerStep,
    secondsPerValidation,
    totalSeconds: steps * secondsPerStep + Math.ceil(steps / validateEvery) * secondsPerValidation,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    diskBytes:
      checkpointsOnDisk * sum([...checkpoint.values()].map(({ data }) => data.byteLength)) +
      2 * sum([...result.values()].map((content) => Buffer.byteLength(content))), // the model before stays until this one is whole
  };
}

async function measure<T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  const start = performance.now();
  const result = await work();
  return { seconds: (performance.now() - start) / 1000, result };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
