// Stains of the cell as conditions of the denoiser, beside the nuclear distance: that of DNA, so that what avoids it lies in
// its holes, and what every model of the Human Protein Atlas is conditioned on (CELL-Diff, Zheng & Huang 2024,
// doi:10.1101/2024.10.15.618585). Each stain is the mean
// latents of its picture, encoded like a protein beside the nucleus, and one channel that says whether it is there; zeros
// stand for a stain that is not, so that one network serves any set of them.

import { float32, type NdArray } from "@proteoscope/engine";

/** Stains that come in pictures of their own, beside that of the nucleus. */
export const furtherStains = ["er", "microtubules"] as const;

/** A stain that comes in a picture of its own. */
export type FurtherStain = (typeof furtherStains)[number];

/** Stains that a denoiser can be conditioned on: the DNA stain of the nucleus, and further ones. */
export const conditionStains = ["nucleus", ...furtherStains] as const;

/** A stain that a denoiser can be conditioned on. */
export type ConditionStain = (typeof conditionStains)[number];

/** Number of input channels of a denoiser that so many further stains take. */
export function stainChannels(stains: number, latentChannels: number): number {
  return stains * (latentChannels + 1);
}

/** The size of latents, and the scale that they are divided by. */
export interface StainLatents {
  readonly latentChannels: number;
  readonly latentSide: number;
  /** Standard deviation of the latents of the training images. */
  readonly latentScale: number;
}

/**
 * The condition of samples, [B, S * (latentChannels + 1), h, w]: per sample the mean latents [latentChannels, h, w] of each
 * stain in the model's order, undefined for a stain that is missing. @throws RangeError for latents of another size
 */
export function stainCondition(
  samples: readonly (readonly (Float32Array | undefined)[])[],
  { latentChannels, latentSide, latentScale }: StainLatents,
): NdArray {
  const plane = latentSide * latentSide;
  const channels = stainChannels(samples[0]?.length ?? 0, latentChannels);
  const data = new Float32Array(samples.length * channels * plane);
  let offset = 0;
  for (const latents of samples.flat()) {
    if (latents !== undefined) {
      if (latents.length !== latentChannels * plane)
        throw new RangeError(`a stain has ${latents.length} latents where ${latentChannels * plane} fit`);
      data.set(
        latents.map((value) => value / latentScale),
        offset,
      );
      data.fill(1, offset + latentChannels * plane, offset + (latentChannels + 1) * plane);
    }
    offset += (latentChannels + 1) * plane;
  }
  return float32([samples.length, channels, latentSide, latentSide], data);
}

/**
 * The weights of a denoiser for inputs of more channels, which have no effect at first: training begins with what the
 * denoiser can do without the further stains.
 */
export function widenDenoiserInput(
  weights: ReadonlyMap<string, NdArray>,
  inChannels: number,
): ReadonlyMap<string, NdArray> {
  const name = "conv_in.weight";
  const narrow = weights.get(name);
  if (narrow === undefined || narrow.shape[1]! >= inChannels) return weights;
  const [outChannels, before, ...kernel] = narrow.shape as [number, number, number, number];
  const size = kernel[0]! * kernel[1]!;
  const data = new Float32Array(outChannels * inChannels * size);
  for (let channel = 0; channel < outChannels; channel++) {
    const row = (narrow.data as Float32Array).subarray(
      channel * before * size,
      (channel + 1) * before * size,
    );
    data.set(row, channel * inChannels * size);
  }
  return new Map([...weights, [name, float32([outChannels, inChannels, ...kernel], data)]]);
}
