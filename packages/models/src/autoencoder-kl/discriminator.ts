/**
 * The patch discriminator of pix2pix (Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial
 * Networks"; `NLayerDiscriminator`): a logit for every overlapping patch of an image, high for a real one.
 */
import {
  batchNorm,
  conv2d,
  fanInUniform,
  fixed,
  type Initializer,
  leakyRelu,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";

/** The size of the discriminator. */
export interface DiscriminatorConfig {
  /** Channels of the first layer; each further layer doubles them, up to eight times. */
  readonly baseChannels: number;
  /** Number of layers that halve the sides; with three, a patch is 70 pixels wide. */
  readonly layers: number;
}

/** The sizes of pix2pix, which the original has too. */
export const discriminatorDefaults: DiscriminatorConfig = { baseChannels: 64, layers: 3 };

/** How batch normalisation works. */
export interface DiscriminatorOptions {
  /** True normalises by the batch and records its statistics; false normalises by the recorded ones. */
  readonly training: boolean;
}

const convolutionInitializer: Initializer = { kind: "normal", deviation: 0.02 };
const scaleInitializer: Initializer = { kind: "normal", mean: 1, deviation: 0.02 };
const kernel = 4;

/**
 * Classifies the patches of images: x [B, C, H, W] -> logits [B, 1, h, w]; 100x100 gives 10x10 with three layers.
 * Parameters are `main.0.weight`, ...
 */
export function discriminator(
  w: Weights,
  { baseChannels, layers }: DiscriminatorConfig,
  x: Tensor,
  { training }: DiscriminatorOptions,
): Tensor {
  const main = w.at("main");
  let h = leakyRelu(patchConvolution(main.at(0), x, baseChannels, { stride: 2, bias: true }));
  let index = 2;
  for (let layer = 1; layer <= layers; layer++) {
    const channels = baseChannels * Math.min(2 ** layer, 8);
    h = patchConvolution(main.at(index), h, channels, { stride: layer < layers ? 2 : 1, bias: false });
    h = leakyRelu(batchNorm(main.at(index + 1), h, { training, scaleInitializer }));
    index += 3;
  }
  return patchConvolution(main.at(index), h, 1, { stride: 1, bias: true });
}

interface PatchConvolutionOptions {
  stride: number;
  bias: boolean;
}

function patchConvolution(
  w: Weights,
  x: Tensor,
  outChannels: number,
  { stride, bias }: PatchConvolutionOptions,
) {
  const inChannels = fixed(x.shape[1], "discriminator", "the channel axis");
  const weight = w.parameter("weight", [outChannels, inChannels, kernel, kernel], convolutionInitializer);
  const offset = bias
    ? w.parameter("bias", [outChannels], fanInUniform(inChannels * kernel ** 2))
    : undefined;
  return conv2d(x, weight, offset, { stride, padding: 1 });
}
