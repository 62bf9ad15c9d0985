// The picture tokenizer of Vermeer: VQ-16 of LlamaGen (Sun et al. 2024, arXiv:2406.06525; code MIT, FoundationVision), a
// convolutional autoencoder whose latents, sixteen times smaller, are the nearest of a codebook's vectors (Esser et al.
// 2021, arXiv:2012.09841). Each stain is encoded alone, as a grey picture. Written from a description of the released
// weights, whose names the parameters carry.

import {
  add,
  argMax,
  attention,
  convolution,
  type Dim,
  div,
  fixed,
  gather,
  groupNorm,
  matmul,
  matrixTranspose,
  maximum,
  mul,
  product,
  reshape,
  resizeNearest,
  silu,
  sqrt,
  sum,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";

/** Sizes of the tokenizer. */
export interface VermeerVqConfig {
  /** Channels of the first level. */
  readonly numChannels: number;
  /** Multiples of these per level; every level but the last halves the sides. */
  readonly channelMultipliers: readonly number[];
  /** Number of residual blocks in an encoder level; a decoder level has one more. */
  readonly numResBlocks: number;
  readonly latentChannels: number;
  readonly numCodes: number;
  readonly codeWidth: number;
  readonly normNumGroups: number;
}

/** The released sizes: 72 M parameters, 256x256 pixels to 16x16 of 16384 codes. */
export const vermeerVqDefaults: VermeerVqConfig = {
  numChannels: 128,
  channelMultipliers: [1, 1, 2, 2, 4],
  numResBlocks: 2,
  latentChannels: 256,
  numCodes: 16384,
  codeWidth: 8,
  normNumGroups: 32,
};

const normEpsilon = 1e-6;

/** Pictures [B, 3, H, W] in [-1, 1] -> the codes' vectors before they are looked up, [B, codeWidth, H / 16, W / 16]. */
export function vermeerVqEncode(w: Weights, config: VermeerVqConfig, x: Tensor): Tensor {
  const { numChannels, channelMultipliers, numResBlocks, latentChannels, codeWidth } = config;
  const encoder = w.at("encoder");
  let h = convolution(encoder.at("conv_in"), x, numChannels, { kernel: 3, padding: 1 });
  const last = channelMultipliers.length - 1;
  for (const [level, multiplier] of channelMultipliers.entries()) {
    const block = encoder.at("conv_blocks", level);
    for (let layer = 0; layer < numResBlocks; layer += 1) {
      h = residualBlock(block.at("res", layer), config, h, numChannels * multiplier);
      if (level === last) h = spatialAttention(block.at("attn", layer), config, h);
    }
    if (level < last)
      h = convolution(block.at("downsample", "conv"), h, numChannels * multiplier, {
        ...{ kernel: 3, stride: 2 },
        padding: [0, 0, 1, 1],
      });
  }
  h = middle(encoder.at("mid"), config, h);
  return convolution(w.at("quant_conv"), finish(encoder, config, h, latentChannels), codeWidth, {
    kernel: 1,
  });
}

/** Vectors [B, codeWidth, h, w] -> indices of the codes in the same direction, int64 [B, h * w]; the first of equal ones. */
export function vermeerVqIndices(w: Weights, config: VermeerVqConfig, z: Tensor): Tensor {
  const [batch, , height, width] = z.shape as [Dim, Dim, Dim, Dim];
  const rows = matrixTranspose(reshape(z, [batch, config.codeWidth, product([height, width])]));
  return argMax(matmul(unit(rows), matrixTranspose(codebook(w, config))), -1);
}

/** Indices of codes [B, h * w], int64 or int32 -> pictures [B, 3, 16 h, 16 w], not limited to [-1, 1]. */
export function vermeerVqDecode(
  w: Weights,
  config: VermeerVqConfig,
  indices: Tensor,
  { height, width }: { readonly height: number; readonly width: number },
): Tensor {
  const { numChannels, channelMultipliers, numResBlocks, latentChannels, codeWidth } = config;
  const vectors = matrixTranspose(gather(codebook(w, config), indices));
  const z = reshape(vectors, [indices.shape[0]!, codeWidth, height, width]);
  const decoder = w.at("decoder");
  const levels = channelMultipliers.toReversed();
  let h = convolution(w.at("post_quant_conv"), z, latentChannels, { kernel: 1 });
  h = convolution(decoder.at("conv_in"), h, numChannels * levels[0]!, { kernel: 3, padding: 1 });
  h = middle(decoder.at("mid"), config, h);
  for (const [level, multiplier] of levels.entries()) {
    const block = decoder.at("conv_blocks", level);
    for (let layer = 0; layer <= numResBlocks; layer += 1) {
      h = residualBlock(block.at("res", layer), config, h, numChannels * multiplier);
      if (level === 0) h = spatialAttention(block.at("attn", layer), config, h);
    }
    if (level === levels.length - 1) continue;
    const twice = { height: 2 * side(h, 2), width: 2 * side(h, 3) };
    h = convolution(block.at("upsample", "conv"), resizeNearest(h, twice), numChannels * multiplier, {
      ...{ kernel: 3, padding: 1 },
    });
  }
  return finish(decoder, config, h, 3);
}

/** The codebook's rows at unit length, [codes, codeWidth]. */
function codebook(w: Weights, { numCodes, codeWidth }: VermeerVqConfig): Tensor {
  const bound = 1 / numCodes;
  return unit(
    w.at("quantize", "embedding").parameter("weight", [numCodes, codeWidth], { kind: "uniform", bound }),
  );
}

function unit(rows: Tensor): Tensor {
  return div(rows, maximum(sqrt(sum(mul(rows, rows), { axes: [-1], keepDims: true })), 1e-12));
}

/** GroupNorm, SiLU, 3x3 convolution, twice, added to the input. */
function residualBlock(w: Weights, config: VermeerVqConfig, x: Tensor, outChannels: number): Tensor {
  let h = x;
  for (const part of [1, 2]) {
    const normal = groupNorm(w.at(`norm${part}`), h, config.normNumGroups, normEpsilon);
    h = convolution(w.at(`conv${part}`), silu(normal), outChannels, { kernel: 3, padding: 1 });
  }
  const isSameSize = x.shape[1] === outChannels;
  return add(isSameSize ? x : convolution(w.at("nin_shortcut"), x, outChannels, { kernel: 1 }), h);
}

/** Self-attention of one head over all positions, added to the input. */
function spatialAttention(w: Weights, config: VermeerVqConfig, x: Tensor): Tensor {
  const [batch, , height, width] = x.shape as [Dim, Dim, Dim, Dim];
  const channels = fixed(x.shape[1], "vermeer", "the channel axis");
  const normal = groupNorm(w.at("norm"), x, config.normNumGroups, normEpsilon);
  const [query, key, value] = ["q", "k", "v"].map((name) =>
    matrixTranspose(
      reshape(convolution(w.at(name), normal, channels, { kernel: 1 }), [
        batch,
        channels,
        product([height, width]),
      ]),
    ),
  );
  const attended = reshape(matrixTranspose(attention(query!, key!, value!)), x.shape);
  return add(x, convolution(w.at("proj_out"), attended, channels, { kernel: 1 }));
}

function middle(w: Weights, config: VermeerVqConfig, x: Tensor): Tensor {
  const channels = fixed(x.shape[1], "vermeer", "the channel axis");
  const h = spatialAttention(w.at(1), config, residualBlock(w.at(0), config, x, channels));
  return residualBlock(w.at(2), config, h, channels);
}

/** The last layers of encoder and decoder. */
function finish(w: Weights, config: VermeerVqConfig, x: Tensor, outChannels: number): Tensor {
  const normal = groupNorm(w.at("norm_out"), x, config.normNumGroups, normEpsilon);
  return convolution(w.at("conv_out"), silu(normal), outChannels, { kernel: 3, padding: 1 });
}

const side = (x: Tensor, axis: 2 | 3): number => fixed(x.shape[axis], "vermeer", "a side");
