// Finds the scale and the shifts of logits that minimise an objective, which both calibrations of a localization head have
// in common (Platt 1999), by Adam (Kingma & Ba 2014, arXiv:1412.6980) over all examples with steps that end at 0.

import { ProteoscopeError } from "@proteoscope/formats";
import type { LogitCorrection } from "@proteoscope/models";
import { pause } from "../pause.ts";

/** Prior standard deviation of the shifts, which matters for labels with few examples. */
const shiftDeviation = 2;
const rounds = 300;
const firstStep = 0.1;

/** How a fit is followed, and ended early. */
export interface FitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each round. */
  readonly onRound?: ((done: number, total: number) => void) | undefined;
}

/**
 * `gradientsOf` gives the gradients of the objective with respect to the corrected logits, one row [labels] per row of
 * `logits`.
 * @throws ProteoscopeError where there is no example; the signal's reason when it is aborted
 */
export async function fitCorrection(
  labels: number,
  logits: readonly ArrayLike<number>[],
  gradientsOf: (correction: LogitCorrection) => readonly Float64Array[],
  { signal, onRound }: FitOptions = {},
): Promise<LogitCorrection> {
  if (logits.length === 0)
    throw new ProteoscopeError("no protein to calibrate with has a known compartment", { kind: "data" });
  // The logarithm of the scale, then the shifts.
  const values = new Float64Array(1 + labels);
  const [means, squares] = [new Float64Array(1 + labels), new Float64Array(1 + labels)];
  const correction = (): LogitCorrection => ({ scale: Math.exp(values[0]!), bias: [...values.subarray(1)] });
  for (let round = 1; round <= rounds; round++) {
    await pause(signal);
    const now = correction();
    const gradient = values.map((value) => value / (shiftDeviation ** 2 * logits.length));
    for (const [row, gradients] of gradientsOf(now).entries()) {
      for (let label = 0; label < labels; label++) {
        gradient[0]! += gradients[label]! * logits[row]![label]! * now.scale;
        gradient[1 + label]! += gradients[label]!;
      }
    }
    const step = firstStep * (1 - round / rounds);
    for (let i = 0; i < values.length; i++) {
      means[i] = 0.9 * means[i]! + 0.1 * gradient[i]!;
      squares[i] = 0.99 * squares[i]! + 0.01 * gradient[i]! ** 2;
      const mean = means[i]! / (1 - 0.9 ** round);
      values[i]! -= (step * mean) / (Math.sqrt(squares[i]! / (1 - 0.99 ** round)) + 1e-12);
    }
    onRound?.(round, rounds);
  }
  return correction();
}
