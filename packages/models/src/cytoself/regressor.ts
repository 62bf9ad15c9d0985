// The cytoself regressor ("proteocytoclass"): from a protein's sequence to the code that cytoself reads off its images
// ("vqvec2"), judged by the code itself and by what cytoself's own classifier, which stays as it is, makes of it.

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

/** `projectionDims` is the number of values in a code. */
export type CytoselfRegressorConfig = ProteinProjectionConfig;

/** The original's sizes: codes of 64x4x4. */
export const cytoselfRegressorDefaults: CytoselfRegressorConfig = proteinProjectionDefaults;

/** Embeddings of residues [B, L, D] -> the code that is expected of its images [B, projectionDims]. L may be open. */
export function cytoselfRegressor(
  w: Weights,
  config: CytoselfRegressorConfig,
  inputs: EsmBottleneckInputs,
  options: { random?: RandomSource | undefined } = {},
): Tensor {
  return projectProteins(w, config, inputs, options);
}

export interface RegressionTargets {
  /** What cytoself made of the images, [B, C, h, w], quantised. */
  readonly code: Tensor;
  /** Their classes, int [B]. */
  readonly labels: Tensor;
  /** [B]; 0 where the protein of an image is unknown. */
  readonly labelWeights: Tensor;
}

export interface CytoselfRegressionLoss {
  readonly loss: Tensor;
  readonly meanSquaredError: Tensor;
  readonly crossEntropy: Tensor;
  /** Of the expected code, [B, numClass]. */
  readonly logits: Tensor;
}

/** The original's. */
export const regressionClassifierWeight = 10;

/**
 * Mean squared error of expected codes [B, N], and `classifierWeight` times the cross-entropy of their class.
 * @param cytoself the weights of the finished cytoself that made the codes
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

/** The level whose code is regressed, counted from 1: the innermost that has a classifier. */
export function judgedLevel({ fcOutputIdx }: CytoselfConfig): number {
  return Math.max(...fcOutputIdx);
}
