// Finds the scale and the shifts of logits that make an objective small: what both calibrations of a localization head
// have in common (Platt 1999), by Adam (Kingma & Ba 2014) over all examples with steps that end at 0.

import type { LogitCorrection } from "@proteoscope/models";

/** Standard deviation that shifts are expected to have: holds those that the examples say little about. */
const usualShift = 2;
const rounds = 300;
const firstStep = 0.1;

/** `slopesOf` gives the slopes of the objective by the corrected logits, a row each of `logits`, [labels] both. */
export function fitCorrection(
  labels: number,
  logits: readonly ArrayLike<number>[],
  gradientsOf: (correction: LogitCorrection) => readonly Float64Array[],
): LogitCorrection {
  if (logits.length === 0) throw new RangeError("no protein to calibrate with has a known compartment");
  // The logarithm of the scale, then the shifts.
  const values = new Float64Array(1 + labels);
  const [means, squares] = [new Float64Array(1 + labels), new Float64Array(1 + labels)];
  const correction = (): LogitCorrection => ({ scale: Math.exp(values[0]!), bias: [...values.subarray(1)] });
  for (let round = 1; round <= rounds; round++) {
    const now = correction();
    const gradient = values.map((value) => value / (usualShift ** 2 * logits.length));
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
  }
  return correction();
}
