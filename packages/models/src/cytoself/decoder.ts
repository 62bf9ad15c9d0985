/**
 * The decoders of cytoself: residual blocks (He et al. 2016, "Deep Residual Learning for Image Recognition") between
 * bilinear enlargements, the width halved at each. Convolutions have no bias and batch normalisation no scale.
 */
import {
  add,
  batchNorm,
  conv2d,
  fixed,
  type Initializer,
  resizeBilinear,
  type Size,
  silu,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import type { CytoselfMode } from "./encoder.ts";

/** The shape of what a decoder makes. */
export interface DecoderShape extends Size {
  readonly channels: number;
  /** Whether it ends in a convolution alone, as an image needs it; else the last block ends as the others do. */
  readonly isLinear: boolean;
}

const residualBlocks = 2;

/** Decodes x [B, C, h, w] -> [B, channels, height, width] in as many doublings of the sides as that takes. */
export function cytoselfDecoder(w: Weights, x: Tensor, target: DecoderShape, mode: CytoselfMode): Tensor {
  const decoder = w.at("decoder");
  const doublings = doublingsBetween(sizeOf(x), target);
  let h = x;
  for (let step = 1; step <= doublings; step++) {
    const divisor = 2 ** (doublings - step);
    const [height, width] = [Math.ceil(target.height / divisor), Math.ceil(target.width / divisor)];
    h = resizeBilinear(h, { height, width });
    for (let block = 1; block <= residualBlocks; block++)
      h = residualBlock(decoder.at(`resrep${step}`, "res_repeat", `res${block}`), h, mode);
    const isLast = step === doublings && !target.isLinear;
    const channels = isLast ? target.channels : Math.max(Math.floor(channelsOf(h) / 2), 1);
    h = convolutionNorm(decoder.at(`resrep${step}last`), h, channels, mode);
  }
  return target.isLinear ? convolution(decoder.at("output_conv"), h, target.channels) : h;
}

/** The number of doublings from one size to another. */
export function doublingsBetween(from: Size, to: Size): number {
  return Math.ceil(Math.log2(Math.max(to.height / from.height, to.width / from.width)));
}

function sizeOf(x: Tensor): Size {
  const [height, width] = x.shape.slice(2).map((side) => fixed(side, "cytoselfDecoder", "every side"));
  return { height: height!, width: width! };
}

const channelsOf = (x: Tensor): number => fixed(x.shape[1], "cytoselfDecoder", "the channel axis");

function residualBlock(w: Weights, x: Tensor, mode: CytoselfMode): Tensor {
  const channels = channelsOf(x);
  const h = convolution(w.at("conv2"), convolutionNorm(w.at("conv1"), x, channels, mode), channels);
  return silu(add(batchNorm(w.at("bn2"), h, { training: mode.training, affine: false }), x));
}

function convolutionNorm(w: Weights, x: Tensor, outChannels: number, { training }: CytoselfMode): Tensor {
  const h = convolution(w.at("conv"), x, outChannels);
  return silu(batchNorm(w.at("bn"), h, { training, affine: false }));
}

function convolution(w: Weights, x: Tensor, outChannels: number): Tensor {
  const channels = channelsOf(x);
  const weight = w.parameter("weight", [outChannels, channels, 3, 3], glorotNormal(channels, outChannels));
  return conv2d(x, weight, undefined, { padding: 1 });
}

/** The initialisation of Glorot & Bengio 2010 for a 3x3 kernel. */
const glorotNormal = (inChannels: number, outChannels: number): Initializer => ({
  kind: "normal",
  deviation: Math.sqrt(2 / (9 * (inChannels + outChannels))),
});
