// What turns the localization head's logits into probabilities that can be believed. The head is trained with rare
// compartments counting more, on what each source resolves, so its sigmoid is no frequency and its largest logit no
// answer. One scale and a shift a compartment (Platt 1999; Guo et al. 2017, arXiv:1706.04599) repair either use: each
// compartment on its own, as often as proteins have it, and one answer among all, as if none were more frequent.

/** logit -> scale * logit + bias */
export interface LogitCorrection {
  readonly scale: number;
  /** One a label. */
  readonly bias: readonly number[];
}

export interface LocalizationCalibration {
  /** For compartments that do not exclude each other. */
  readonly probabilities: LogitCorrection;
  /** For a protein that is in one of them alone. */
  readonly answer: LogitCorrection;
}

/** Leaves `labels` logits as they are. */
export function noCalibration(labels: number): LocalizationCalibration {
  const same = { scale: 1, bias: new Array<number>(labels).fill(0) };
  return { probabilities: same, answer: same };
}

/** A probability for each label by itself [labels], of the head's logits [labels]. */
export function labelProbabilities(
  logits: ArrayLike<number>,
  { probabilities }: LocalizationCalibration,
): Float32Array {
  return correctLogits(logits, probabilities).map((x) => 1 / (1 + Math.exp(-x)));
}

/** Probabilities that sum to 1 [labels], of the head's logits [labels]. */
export function answerProbabilities(
  logits: ArrayLike<number>,
  { answer }: LocalizationCalibration,
): Float32Array {
  const corrected = correctLogits(logits, answer);
  const largest = corrected.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = corrected.map((x) => Math.exp(x - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

function correctLogits(logits: ArrayLike<number>, { scale, bias }: LogitCorrection): Float32Array {
  return Float32Array.from(logits, (logit, index) => scale * logit + bias[index]!);
}
