// Which compartment is drawn. The localization head's logits of a protein that nobody has seen are in doubt, between those
// that a denoiser learned to draw from; told them as they are, it draws what it knows best, and its images are right less
// often than the logits. So an answer is taken first, and the denoiser is told the logits that proteins which surely are
// in that compartment have on average: near ties are mixed, the rest decided.

import { add, constant, gather, matmul, mul, softmax, type Tensor, type Weights } from "@proteoscope/engine";
import type { LogitCorrection } from "../localization/calibration.ts";

export interface CompartmentTarget {
  /** The labels of the localization head that images are drawn of. */
  readonly compartments: readonly string[];
  /** The power that probabilities are raised to: 1 mixes by them, a large one takes the most probable alone. */
  readonly inverseTemperature: number;
}

export interface TargetedCompartments {
  /** What is drawn, of each of the decision's compartments, [B, compartments]; sums to 1. */
  readonly shares: Tensor;
  /** What the denoiser is told in place of the head's logits, [B, labels]. */
  readonly logits: Tensor;
}

/** Decides by the head's logits [B, labels], corrected to one answer among all. */
export function applyCompartmentTarget(
  w: Weights,
  compartmentLogits: Tensor,
  { compartments, inverseTemperature }: CompartmentTarget,
  labels: readonly string[],
  { scale, bias }: LogitCorrection,
): TargetedCompartments {
  const places = compartments.map((name) => labels.indexOf(name));
  const shift = constant({ dtype: "float32", shape: [labels.length], data: Float32Array.from(bias) });
  const index = constant({ dtype: "int32", shape: [places.length], data: Int32Array.from(places) });
  const answer = gather(add(mul(compartmentLogits, scale), shift), index, 1);
  const shares = softmax(mul(answer, inverseTemperature));
  const shape = [compartments.length, labels.length];
  const prototypes = w.at("compartments").parameter("prototypes", shape, { kind: "constant", value: 0 });
  return { shares, logits: matmul(shares, prototypes) };
}
