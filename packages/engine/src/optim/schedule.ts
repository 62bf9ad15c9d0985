/**
 * What changes from step to step on the host: the learning rate and the decay of the moving average.
 */

export interface WarmupCosineOptions {
  learningRate: number;
  warmupSteps: number;
  totalSteps: number;
  /** What is left of the learning rate at the end, as a fraction. */
  finalFraction?: number;
}

/** Learning rate by step (from 0): a linear warm-up, then half a cosine down to `finalFraction`, then constant. */
export function warmupCosine(options: WarmupCosineOptions): (step: number) => number {
  const { learningRate, warmupSteps, totalSteps, finalFraction = 0.1 } = options;
  return (step) => {
    if (step < warmupSteps) return (learningRate * step) / Math.max(warmupSteps, 1);
    const progress = Math.min(1, (step - warmupSteps) / Math.max(totalSteps - warmupSteps, 1));
    return learningRate * (finalFraction + (1 - finalFraction) * 0.5 * (1 + Math.cos(Math.PI * progress)));
  };
}

export interface MovingAverageOptions {
  decay: number;
  /** Until the first update after this step the average is a copy of the parameters. */
  startStep?: number;
  /** Steps between updates. */
  interval?: number;
}

/**
 * Decay of the moving average by step (from 0): 1 leaves it, 0 copies the parameters. Warmed up as
 * 1 - (1 + n)^(-2/3), n steps after the start (ema-pytorch 0.2.3).
 */
export function movingAverageDecay(options: MovingAverageOptions): (step: number) => number {
  const { decay, startStep = 0, interval = 1 } = options;
  return (step) => {
    if (step % interval !== 0) return 1;
    if (step <= startStep + interval) return 0;
    return Math.min(decay, 1 - (1 + step - startStep) ** (-2 / 3));
  };
}
