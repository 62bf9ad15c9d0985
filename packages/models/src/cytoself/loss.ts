/**
 * The training loss of cytoself (Kobayashi et al. 2022): the error of reconstructed images and codes, the losses of the
 * quantisers, and the classification of the protein.
 */
import {
  add,
  crossEntropy,
  div,
  meanSquaredError,
  mul,
  stopGradient,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import type { CytoselfMode } from "./encoder.ts";
import { type CytoselfConfig, type CytoselfOutputs, cytoself } from "./network.ts";

/** The weights of cytoself's losses. */
export interface CytoselfLossConfig {
  /** Variance of the training images, by which the error of the reconstruction is divided. */
  readonly imageVariance: number;
  /** Weight of the quantisers' losses. */
  readonly vqCoeff: number;
  /** Weight of the classifiers' losses. */
  readonly fcCoeff: number;
}

/** A batch of images with the classes of their proteins. */
export interface CytoselfBatch {
  /** Images [B, C, H, W]. */
  readonly images: Tensor;
  /** Classes of the proteins, int [B]. */
  readonly labels: Tensor;
  /** Weights [B] of the classification loss: 0 where the protein is unknown; all are 1 when absent. */
  readonly labelWeights?: Tensor | undefined;
}

/** The loss of a batch and its parts. */
export interface CytoselfLosses {
  readonly loss: Tensor;
  /** Mean squared errors of the images, divided by their variance, and of the codes of each level but the last. */
  readonly reconstruction: readonly Tensor[];
  /** Cross-entropy of each classifier. */
  readonly classification: readonly Tensor[];
  readonly outputs: CytoselfOutputs;
}

/**
 * The training loss of a batch. The codes of a level are the target of the level inside it with their gradient, as in the
 * original.
 */
export function cytoselfLoss(
  w: Weights,
  config: CytoselfConfig,
  { imageVariance, vqCoeff, fcCoeff }: CytoselfLossConfig,
  { images, labels, labelWeights }: CytoselfBatch,
  mode: CytoselfMode,
): CytoselfLosses {
  const outputs = cytoself(w, config, images, mode);
  const { levels, levelReconstructions } = outputs;
  const reconstruction = [
    div(meanSquaredError(outputs.reconstruction, stopGradient(images)), imageVariance),
    ...levelReconstructions.map((made, index) => meanSquaredError(made, levels[index]!.vectors)),
  ];
  const classification = levels.flatMap(({ logits }) =>
    logits === undefined ? [] : [crossEntropy(logits, labels, labelWeights)],
  );
  const terms = [
    ...reconstruction,
    ...levels.map(({ loss }) => mul(loss, vqCoeff)),
    ...classification.map((loss) => mul(loss, fcCoeff)),
  ];
  return { loss: terms.reduce((total, term) => add(total, term)), reconstruction, classification, outputs };
}
