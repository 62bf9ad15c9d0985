// Calibration of the localization head's logits. The head is trained with higher weights for rare compartments, on the
// labels that each source resolves, so that its sigmoid is no frequency and its largest logit is not the most probable
// label. One scale and one bias per compartment (Platt 1999; Guo et al. 2017, arXiv:1706.04599) correct both uses: the
// multi-label probabilities, as frequent as proteins have the label, and the single-label posterior, balanced as if all
// compartments were equally frequent.

/** An affine correction: logit -> scale * logit + bias. */
export interface LogitCorrection {
  readonly scale: number;
  /** One number per label. */
  readonly bias: readonly number[];
}

/** The corrections for both uses of the logits. */
export interface LocalizationCalibration {
  /** Correction for multi-label probabilities. */
  readonly probabilities: LogitCorrection;
  /** Correction for the balanced single-label posterior. */
  readonly posterior: LogitCorrection;
}

/** The calibration that leaves the logits of `labels` labels as they are. */
export function noCalibration(labels: number): LocalizationCalibration {
  const same = { scale: 1, bias: new Array<number>(labels).fill(0) };
  return { probabilities: same, posterior: same };
}

/** Multi-label probabilities [labels] from the head's logits [labels]: each label on its own. */
export function labelProbabilities(
  logits: ArrayLike<number>,
  { probabilities }: LocalizationCalibration,
): Float32Array {
  return correctLogits(logits, probabilities).map((x) => 1 / (1 + Math.exp(-x)));
}

/** The balanced single-label posterior [labels] from the head's logits [labels]; it sums to 1. */
export function posteriorProbabilities(
  logits: ArrayLike<number>,
  { posterior }: LocalizationCalibration,
): Float32Array {
  const corrected = correctLogits(logits, posterior);
  const largest = corrected.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = corrected.map((x) => Math.exp(x - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

function correctLogits(logits: ArrayLike<number>, { scale, bias }: LogitCorrection): Float32Array {
  return Float32Array.from(logits, (logit, index) => scale * logit + bias[index]!);
}
