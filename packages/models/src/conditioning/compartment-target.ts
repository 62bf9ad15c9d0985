// The target compartment of the images. For an unseen protein the localization head's logits are uncertain and lie between
// those of the training proteins; a denoiser that is conditioned on them as they are generates what it knows best, and its
// images are right less often than the logits. So a target is chosen first, and the denoiser is conditioned on class
// prototypes: the mean logits of proteins that are certainly in a compartment, mixed by the sharpened posterior.

import { add, constant, gather, matmul, mul, softmax, type Tensor, type Weights } from "@proteoscope/engine";
import type { LogitCorrection } from "../localization/calibration.ts";

/** How the target compartment is chosen. */
export interface CompartmentTarget {
  /** The labels of the localization head that can be a target. */
  readonly compartments: readonly string[];
  /** Exponent of the probabilities: 1 mixes prototypes by them, a large one takes the most probable prototype alone. */
  readonly inverseTemperature: number;
}

/** The target of a batch of proteins. */
export interface TargetedCompartments {
  /** Weight of each target compartment, [B, compartments]; a row sums to 1. */
  readonly shares: Tensor;
  /** Mixed prototypes, [B, labels], on which the denoiser is conditioned in place of the head's logits. */
  readonly logits: Tensor;
  /** The prototype of each target compartment, [compartments, labels]. */
  readonly prototypes: Tensor;
}

/**
 * Chooses the target by the head's logits [B, labels], calibrated to the balanced single-label posterior. The parameter
 * `compartments.prototypes` is [compartments, labels].
 */
export function applyCompartmentTarget(
  w: Weights,
  compartmentLogits: Tensor,
  { compartments, inverseTemperature }: CompartmentTarget,
  labels: readonly string[],
  { scale, bias }: LogitCorrection,
): TargetedCompartments {
  const indices = compartments.map((name) => labels.indexOf(name));
  const shift = constant({ dtype: "float32", shape: [labels.length], data: Float32Array.from(bias) });
  const index = constant({ dtype: "int32", shape: [indices.length], data: Int32Array.from(indices) });
  const calibrated = gather(add(mul(compartmentLogits, scale), shift), index, 1);
  const shares = softmax(mul(calibrated, inverseTemperature));
  const shape = [compartments.length, labels.length];
  const prototypes = w.at("compartments").parameter("prototypes", shape, { kind: "constant", value: 0 });
  return { shares, logits: matmul(shares, prototypes), prototypes };
}
