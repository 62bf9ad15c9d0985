// The cytoself regressor ("proteocytoclass"): from a protein's sequence to the code that cytoself computes from its images
// ("vqvec2"). Its loss compares the code itself and its class by cytoself's own classifier, which is not trained.

import {
  add,
  crossEntropy,
  formatShape,
  meanSquaredError,
  mul,
  product,
  type RandomSource,
  reshape,
  ShapeError,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import {
  type ProteinProjectionConfig,
  projectProteins,
  proteinProjectionDefaults,
} from "../contrastive/projection.ts";
import type { EsmBottleneckInputs } from "../localization/bottleneck.ts";
import { type CytoselfConfig, classifyCode } from "./network.ts";

/** The configuration of the cytoself regressor; `projectionDims` is the number of values in a code. */
export type CytoselfRegressorConfig = ProteinProjectionConfig;

/** The original's sizes, for codes of 64x4x4. */
export const cytoselfRegressorDefaults: CytoselfRegressorConfig = proteinProjectionDefaults;

/** Embeddings of residues [B, L, D] -> the predicted code of the protein's images, [B, projectionDims]. L may be open. */
export function cytoselfRegressor(
  w: Weights,
  config: CytoselfRegressorConfig,
  inputs: EsmBottleneckInputs,
  options: { random?: RandomSource | undefined } = {},
): Tensor {
  return projectProteins(w, config, inputs, options);
}

/** The targets of a batch of images. */
export interface RegressionTargets {
  /** The quantised codes of the images by cytoself, [B, C, h, w]. */
  readonly code: Tensor;
  /** The classes of the images, int [B]. */
  readonly labels: Tensor;
  /** Weights [B] of the classification; 0 where the protein of an image is unknown. */
  readonly labelWeights: Tensor;
}

/** The loss of a batch and its parts. */
export interface CytoselfRegressionLoss {
  readonly loss: Tensor;
  readonly meanSquaredError: Tensor;
  readonly crossEntropy: Tensor;
  /** Logits of the predicted code's class, [B, numClass]. */
  readonly logits: Tensor;
}

/** The weight of the classification loss in the original. */
export const regressionClassifierWeight = 10;

/**
 * The mean squared error of predicted codes [B, N] plus `classifierWeight` times the cross-entropy of their class.
 * @param cytoself the weights of the finished cytoself that made the codes
 * @throws ShapeError where the codes have another size.
 */
export function cytoselfRegressionLoss(
  cytoself: Weights,
  config: CytoselfConfig,
  expected: Tensor,
  { code, labels, labelWeights }: RegressionTargets,
  { classifierWeight = regressionClassifierWeight }: { classifierWeight?: number } = {},
): CytoselfRegressionLoss {
  const [batch, ...grid] = code.shape;
  if (product(grid) !== expected.shape[1])
    throw new ShapeError(
      `cytoselfRegressionLoss: expected codes ${formatShape(expected.shape)} do not match ${formatShape(code.shape)}`,
    );
  const error = meanSquaredError(expected, reshape(code, [batch!, product(grid)]));
  const logits = classifyCode(cytoself, config, judgedLevel(config), expected, { training: false });
  const classification = crossEntropy(logits, labels, labelWeights);
  return {
    loss: add(error, mul(classification, classifierWeight)),
    meanSquaredError: error,
    crossEntropy: classification,
    logits,
  };
}

/** The level whose code is predicted, counted from 1: the innermost level that has a classifier. */
export function judgedLevel({ fcOutputIdx }: CytoselfConfig): number {
  return Math.max(...fcOutputIdx);
}
