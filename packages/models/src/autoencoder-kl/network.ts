/**
 * AutoencoderKL: images [B, C, H, W] <-> a Gaussian latent at a quarter of the sides (Rombach et al. 2022,
 * "High-Resolution Image Synthesis with Latent Diffusion Models"; Kingma & Welling 2013).
 *
 * Architecture, parameter names and numerics are those of diffusers 0.20, so that its checkpoints load:
 *
 *     const posterior = encode(w, config, image);
 *     const image = decode(w, config, sampleLatent(posterior, noise));
 */
import {
  add,
  attention,
  clip,
  convolution,
  exp,
  fanInUniform,
  fixed,
  groupNorm,
  linear,
  matrixTranspose,
  mul,
  product,
  reshape,
  resizeNearest,
  silu,
  split,
  sub,
  sum,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";

/** The fields of diffusers' config.json that shape the network. */
export interface AutoencoderKlConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly latentChannels: number;
  /** Channels of each level, from the image inwards; every level but the last halves the sides. */
  readonly blockOutChannels: readonly number[];
  /** Number of residual blocks in an encoder level; a decoder level has one more. */
  readonly layersPerBlock: number;
  readonly normNumGroups: number;
}

/** The published size, 55.3 M parameters: protein and nucleus 100x100 -> 4 channels of 25x25. */
export const autoencoderKlDefaults: AutoencoderKlConfig = {
  inChannels: 2,
  outChannels: 2,
  latentChannels: 4,
  blockOutChannels: [128, 256, 512],
  layersPerBlock: 2,
  normNumGroups: 32,
};

/** A diagonal Gaussian over latents; both [B, latentChannels, h, w]. */
export interface Posterior {
  readonly mean: Tensor;
  /** Natural logarithm of the variance, within [-30, 20]. */
  readonly logvar: Tensor;
}

const normEpsilon = 1e-6;

/** Images [B, inChannels, H, W] -> the posterior, [B, latentChannels, floor(H / 4), floor(W / 4)] for three levels. */
export function encode(w: Weights, config: AutoencoderKlConfig, x: Tensor): Posterior {
  const { blockOutChannels, latentChannels } = config;
  const encoder = w.at("encoder");
  let h = convolution(encoder.at("conv_in"), x, blockOutChannels[0]!, { kernel: 3, padding: 1 });
  blockOutChannels.forEach((channels, level) => {
    const block = encoder.at("down_blocks", level);
    for (let layer = 0; layer < config.layersPerBlock; layer++)
      h = residualBlock(block.at("resnets", layer), config, h, channels);
    if (level < blockOutChannels.length - 1) h = downsample(block.at("downsamplers", 0), h, channels);
  });
  h = middleBlock(encoder.at("mid_block"), config, h, blockOutChannels.at(-1)!);
  h = normConvolution(encoder, config, h, 2 * latentChannels);
  const moments = convolution(w.at("quant_conv"), h, 2 * latentChannels, { kernel: 1 });
  const [mean, logvar] = split(moments, 1, [latentChannels, latentChannels]) as [Tensor, Tensor];
  return { mean, logvar: clip(logvar, -30, 20) };
}

/** Latents [B, latentChannels, h, w] -> images [B, outChannels, 4h, 4w] for three levels, not limited to [0, 1]. */
export function decode(w: Weights, config: AutoencoderKlConfig, latent: Tensor): Tensor {
  const decoder = w.at("decoder");
  const levels = config.blockOutChannels.toReversed();
  const z = convolution(w.at("post_quant_conv"), latent, config.latentChannels, { kernel: 1 });
  let h = convolution(decoder.at("conv_in"), z, levels[0]!, { kernel: 3, padding: 1 });
  h = middleBlock(decoder.at("mid_block"), config, h, levels[0]!);
  levels.forEach((channels, level) => {
    const block = decoder.at("up_blocks", level);
    for (let layer = 0; layer <= config.layersPerBlock; layer++)
      h = residualBlock(block.at("resnets", layer), config, h, channels);
    if (level < levels.length - 1) h = upsample(block.at("upsamplers", 0), h, channels);
  });
  return normConvolution(decoder, config, h, config.outChannels);
}

/** The kernel of the decoder's last convolution, [outChannels, C, 3, 3]: the parameter nearest to the image. */
export function outputWeight(w: Weights, { blockOutChannels, outChannels }: AutoencoderKlConfig): Tensor {
  const channels = blockOutChannels[0]!;
  const shape = [outChannels, channels, 3, 3];
  return w.at("decoder", "conv_out").parameter("weight", shape, fanInUniform(channels * 9));
}

/** A sample of the posterior: mean + deviation * noise, with standard normal noise in the latent's shape. */
export function sampleLatent({ mean, logvar }: Posterior, noise: Tensor): Tensor {
  return add(mean, mul(exp(mul(logvar, 0.5)), noise));
}

/** The Kullback-Leibler divergence of the posterior from the standard normal in nats, summed per image: [B]. */
export function klDivergence({ mean, logvar }: Posterior): Tensor {
  const terms = sub(sub(add(mul(mean, mean), exp(logvar)), 1), logvar);
  return mul(sum(terms, { axes: [1, 2, 3] }), 0.5);
}

/** GroupNorm, SiLU, 3x3 convolution, twice, added to the input. */
function residualBlock(w: Weights, config: AutoencoderKlConfig, x: Tensor, outChannels: number): Tensor {
  let h = x;
  for (const part of [1, 2]) {
    const normal = groupNorm(w.at(`norm${part}`), h, config.normNumGroups, normEpsilon);
    h = convolution(w.at(`conv${part}`), silu(normal), outChannels, { kernel: 3, padding: 1 });
  }
  const isSameSize = x.shape[1] === outChannels;
  return add(isSameSize ? x : convolution(w.at("conv_shortcut"), x, outChannels, { kernel: 1 }), h);
}

function middleBlock(w: Weights, config: AutoencoderKlConfig, x: Tensor, channels: number): Tensor {
  const h = residualBlock(w.at("resnets", 0), config, x, channels);
  return residualBlock(
    w.at("resnets", 1),
    config,
    spatialAttention(w.at("attentions", 0), config, h, channels),
    channels,
  );
}

/** Self-attention of one head over all positions, added to the input. */
function spatialAttention(w: Weights, config: AutoencoderKlConfig, x: Tensor, channels: number): Tensor {
  const [batch, , height, width] = x.shape;
  const normal = groupNorm(w.at("group_norm"), x, config.normNumGroups, normEpsilon);
  const positions = matrixTranspose(reshape(normal, [batch!, channels, product([height!, width!])])); // [B, HW, C]
  const [query, key, value] = ["to_q", "to_k", "to_v"].map((name) => linear(w.at(name), positions, channels));
  const y = linear(w.at("to_out", 0), attention(query!, key!, value!), channels);
  return add(x, reshape(matrixTranspose(y), x.shape));
}

/** Zeros are added at the bottom and at the right alone, so that the sides are floored: 25 -> 12. */
function downsample(w: Weights, x: Tensor, channels: number): Tensor {
  return convolution(w.at("conv"), x, channels, { kernel: 3, stride: 2, padding: [0, 0, 1, 1] });
}

function upsample(w: Weights, x: Tensor, channels: number): Tensor {
  const [height, width] = [
    fixed(x.shape[2], "decode", "the height"),
    fixed(x.shape[3], "decode", "the width"),
  ];
  const twice = resizeNearest(x, { height: 2 * height, width: 2 * width });
  return convolution(w.at("conv"), twice, channels, { kernel: 3, padding: 1 });
}

/** The last layers of encoder and decoder. */
function normConvolution(w: Weights, config: AutoencoderKlConfig, x: Tensor, outChannels: number): Tensor {
  const normal = groupNorm(w.at("conv_norm_out"), x, config.normNumGroups, normEpsilon);
  return convolution(w.at("conv_out"), silu(normal), outChannels, { kernel: 3, padding: 1 });
}

const newAttentionNames: Readonly<Record<string, string>> = {
  query: "to_q",
  key: "to_k",
  value: "to_v",
  proj_attn: "to_out.0",
};

/** A state dict whose attention has the names of diffusers before 0.17 (`query`, `key`, `value`, `proj_attn`) under today's. */
export function upgradeAutoencoderNames<T>(tensors: ReadonlyMap<string, T>): Map<string, T> {
  const pattern = /(?<=\.attentions\.0\.)(query|key|value|proj_attn)(?=\.(weight|bias)$)/;
  const renamed = [...tensors].map(
    ([name, tensor]) => [name.replace(pattern, (old) => newAttentionNames[old]!), tensor] as const,
  );
  return new Map(renamed);
}
