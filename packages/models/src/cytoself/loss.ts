/**
 * What cytoself learns by: images and codes to be drawn again, codes that follow the encoder, and the protein's name
 * to be told (Kobayashi et al. 2022).
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

export interface CytoselfLossConfig {
  /** Variance of the training images, by which the error of the reconstruction is divided. */
  readonly imageVariance: number;
  /** Weight of the quantisers' losses. */
  readonly vqCoeff: number;
  /** Weight of the classifiers' losses. */
  readonly fcCoeff: number;
}

export interface CytoselfBatch {
  /** [B, C, H, W]. */
  readonly images: Tensor;
  /** Classes, int [B]. */
  readonly labels: Tensor;
  /** [B]; 0 where the protein is unknown, so that the image teaches all but its name. All count when absent. */
  readonly labelWeights?: Tensor | undefined;
}

export interface CytoselfLosses {
  readonly loss: Tensor;
  /** Mean squared errors: of the images, divided by their variance, then of the code of each level but the last. */
  readonly reconstruction: readonly Tensor[];
  /** Of each classifier. */
  readonly classification: readonly Tensor[];
  readonly outputs: CytoselfOutputs;
}

/**
 * The training loss on a batch. Codes of a level are the target of the level inside it as they are, with their
 * gradient, as in the original.
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
