// The regressor on its finished cytoself, as training and validation compute it: the code expected of a protein, its
// distance from the code of the image, and the name that cytoself's classifier gives it.

import { bool, f32, i32, type RandomSource, type Tensor, type Weights } from "@proteoscope/engine";
import {
  type CytoselfConfig,
  type CytoselfRegressorConfig,
  cytoselfRegressionLoss,
  cytoselfRegressor,
} from "@proteoscope/models";

/** Prefix of what is trained. */
export const scope = "regressor.";
/** Prefix of cytoself's weights. */
export const frozenScope = "cytoself.";

export interface RegressorNetwork {
  readonly regressor: CytoselfRegressorConfig;
  readonly cytoself: CytoselfConfig;
  readonly classifierWeight: number;
}

/** Input types of so many pairs. */
export const regressorInputs = (count: number, embeddingWidth: number, codeSize: number) => ({
  sequence: f32(count, "tokens", embeddingWidth),
  mask: bool(count, "tokens"),
  code: f32(count, codeSize),
  labels: i32(count),
  labelWeights: f32(count),
});

type Inputs = { readonly [K in keyof ReturnType<typeof regressorInputs>]: Tensor };

/** `expected` [B, code], and the loss with its terms; with `random`, in training. */
export function regress(
  w: Weights,
  { regressor, cytoself, classifierWeight }: RegressorNetwork,
  { sequence, mask, ...targets }: Inputs,
  random?: RandomSource,
) {
  const expected = cytoselfRegressor(w.at("regressor"), regressor, { sequence, mask }, { random });
  const losses = cytoselfRegressionLoss(w.at("cytoself"), cytoself, expected, targets, { classifierWeight });
  return { expected, ...losses };
}
