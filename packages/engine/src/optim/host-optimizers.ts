/**
 * An optimiser's step on vectors in main memory, as plain data that crosses to the thread which holds them.
 *
 * A second optimiser is one more variant of `OptimizerStep` and one more case here; no runtime changes.
 */
import { type AdamWSettings, type AdamWVectors, stepAdamW } from "./adamw-host.ts";

/** The optimiser of a step, and its numbers. */
export interface OptimizerStep {
  readonly optimizer: "adamw";
  readonly settings: AdamWSettings;
  /** Whether the gradient becomes zeros, for the sum of the next step. */
  readonly clearsGradient: boolean;
}

/** The flat vectors [P] of an optimiser, by its own names. */
export type OptimizerVectors = AdamWVectors;

/** The name of the state behind each vector of an optimiser. */
export type OptimizerStates = { readonly [Vector in keyof OptimizerVectors]: string };

/** Takes one step in place; returns the global norm of the gradient before clipping. */
export function updateOnHost(
  { optimizer, settings, clearsGradient }: OptimizerStep,
  vectors: OptimizerVectors,
): number {
  switch (optimizer) {
    case "adamw": {
      const gradientNorm = stepAdamW(vectors, settings);
      if (clearsGradient) vectors.gradient.fill(0);
      return gradientNorm;
    }
  }
}
