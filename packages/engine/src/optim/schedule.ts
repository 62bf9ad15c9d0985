/**
 * Numbers that change from step to step, on the host: the learning rate and the decay of the moving average.
 */

/** Options of `warmupCosine`. */
export interface WarmupCosineOptions {
  /** The largest learning rate, at the end of the warm-up. */
  learningRate: number;
  /** Steps of the warm-up. */
  warmupSteps: number;
  /** Steps until the learning rate is at its end, the warm-up included. */
  totalSteps: number;
  /** Fraction of the learning rate that is left at the end. Default 0.1. */
  finalFraction?: number;
}

/**
 * Makes a learning rate by step, from 0: a linear warm-up, then half a cosine down to `finalFraction`, then constant
 * (Loshchilov & Hutter 2017, "SGDR", without restarts).
 */
export function warmupCosine(options: WarmupCosineOptions): (step: number) => number {
  const { learningRate, warmupSteps, totalSteps, finalFraction = 0.1 } = options;
  return (step) => {
    if (step < warmupSteps) return (learningRate * step) / Math.max(warmupSteps, 1);
    const progress = Math.min(1, (step - warmupSteps) / Math.max(totalSteps - warmupSteps, 1));
    return learningRate * (finalFraction + (1 - finalFraction) * 0.5 * (1 + Math.cos(Math.PI * progress)));
  };
}

/** Options of the exponential moving average of the parameters. */
export interface MovingAverageOptions {
  /** The largest decay per update. */
  decay: number;
  /** The step until whose next update the average is a copy of the parameters. Default 0. */
  startStep?: number;
  /** Steps from one update to the next. Default 1. */
  interval?: number;
}

/**
 * Makes the decay of the moving average by step, from 0: 1 leaves it, 0 copies the parameters. It is warmed up as
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
