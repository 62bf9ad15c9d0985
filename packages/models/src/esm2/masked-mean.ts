// The mean of a protein's residue embeddings, padding left out: the vector that stands for a whole sequence in the
// denoiser's time embedding, the localizer and the projection heads.

import { cast, div, expandDims, mul, sum, type Tensor } from "@proteoscope/engine";

/** Mean over the residues that the mask (bool [B, L]) marks: sequence [B, L, D] -> [B, D]. */
export function maskedMean(sequence: Tensor, mask: Tensor): Tensor {
  const weights = expandDims(cast(mask, sequence.dtype), 2);
  return div(sum(mul(sequence, weights), { axes: [1] }), sum(weights, { axes: [1] }));
}
