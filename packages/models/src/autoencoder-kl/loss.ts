/**
 * The autoencoder's training losses: absolute and squared error, LPIPS, divergence from the standard normal, and a patch
 * discriminator with an adaptive weight (Esser et al. 2021, "Taming Transformers for High-Resolution Image
 * Synthesis", equation 7; Rombach et al. 2022, appendix G). Both sides of the adversarial game come from one
 * forward pass:
 *
 *     const { losses, metrics } = autoencoderLosses(w, { autoencoder, loss }, { images, noise, adversarialFactor });
 */
import {
  abs,
  add,
  clip,
  div,
  grad,
  mean,
  mul,
  neg,
  pullback,
  relu,
  reshape,
  scalar,
  sqrt,
  stopGradient,
  straightThrough,
  sub,
  sum,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import { type DiscriminatorConfig, discriminator, discriminatorDefaults } from "./discriminator.ts";
import { type LpipsNetwork, lpips } from "./lpips.ts";
import {
  type AutoencoderKlConfig,
  decode,
  encode,
  klDivergence,
  outputWeight,
  type Posterior,
  sampleLatent,
} from "./network.ts";

/** The weights of the autoencoder's losses, and the networks that two of them need. */
export interface PerceptualAdversarialConfig {
  /** Weight of the absolute error. */
  readonly pixelWeight: number;
  /** Weight of the squared error, which PSNR counts; 0 leaves it out. */
  readonly squaredWeight: number;
  /** Weight of LPIPS; 0 leaves its network out. */
  readonly perceptualWeight: number;
  readonly perceptualNetwork: LpipsNetwork;
  /** Weight of the divergence from the standard normal. */
  readonly klWeight: number;
  /** Weight of the adversarial loss; the adaptive weight multiplies it. 0 leaves the discriminator out. */
  readonly discriminatorWeight: number;
  readonly discriminator: DiscriminatorConfig;
}

/** The weights of the original's training. */
export const perceptualAdversarialDefaults: PerceptualAdversarialConfig = {
  pixelWeight: 1,
  squaredWeight: 0,
  perceptualWeight: 2,
  perceptualNetwork: "vgg16",
  klWeight: 1e-7,
  discriminatorWeight: 1,
  discriminator: discriminatorDefaults,
};

/** A batch of images, and what the autoencoder made of them. */
export interface PerceptualAdversarialInputs {
  /** Images [B, C, H, W] in [0, 1]. */
  readonly images: Tensor;
  /** Reconstructed images [B, C, H, W], limited to [0, 1]. */
  readonly reconstruction: Tensor;
  readonly posterior: Posterior;
  /** The parameter nearest to the reconstruction, at which the norms of the two gradients are compared. */
  readonly lastLayer: Tensor;
  /** Scalar: 0 until the discriminator starts, 1 from then on. It is an input, so that one graph serves every step. */
  readonly adversarialFactor: Tensor;
  /** Weight of each pixel in the reconstruction loss; broadcasts to [B, C, H, W]. */
  readonly pixelWeights?: Tensor | undefined;
}

/** The losses of both networks, and scalars to log. */
export interface PerceptualAdversarialLosses {
  /** Scalars; each is differentiated by its own network's parameters alone. */
  readonly losses: { readonly autoencoder: Tensor; readonly discriminator: Tensor };
  /** Scalars to log. */
  readonly metrics: Readonly<
    Record<
      | "reconstructionLoss"
      | "perceptualDistance"
      | "klDivergence"
      | "adversarialLoss"
      | "adaptiveWeight"
      | "realLogit"
      | "fakeLogit",
      Tensor
    >
  >;
}

/**
 * The losses of a batch, by equation 7 of Esser et al. 2021. Parameters are `discriminator.*` and the frozen
 * `perceptual_loss.*`.
 */
export function perceptualAdversarialLoss(
  w: Weights,
  config: PerceptualAdversarialConfig,
  inputs: PerceptualAdversarialInputs,
): PerceptualAdversarialLosses {
  const { images, reconstruction, lastLayer, adversarialFactor } = inputs;
  const { reconstructionLoss, klTerm, metrics } = reconstructionTerms(w, config, inputs);

  const discriminate = (x: Tensor) =>
    discriminator(w.at("discriminator"), config.discriminator, x, { training: true });
  const fake = discriminate(reconstruction);
  const real = discriminate(images);
  // The reference computes the same `fake` again for the discriminator's step, so that its batch statistics are recorded
  // a second time; the runtime merges what is computed twice.
  discriminate(reconstruction);
  const adversarialLoss = neg(mean(fake));
  const hinge = mul(add(mean(relu(sub(1, real))), mean(relu(add(fake, 1)))), 0.5);

  // Both gradients are taken once, at the reconstruction. Pulled back by one more layer they give the adaptive weight;
  // their weighted sum is the gradient of the whole loss, which the surrogate passes on to the autoencoder.
  const [reconstructionGradient] = grad(reconstructionLoss, [reconstruction]) as [Tensor];
  const [adversarialGradient] = grad(adversarialLoss, [reconstruction]) as [Tensor];
  const normAtLastLayer = (gradient: Tensor): Tensor => {
    const [pulled] = pullback([reconstruction], [gradient], [lastLayer]);
    if (pulled === undefined)
      throw new Error("perceptualAdversarialLoss: the reconstruction does not depend on lastLayer");
    return sqrt(sum(mul(pulled, pulled)));
  };
  const ratio = div(normAtLastLayer(reconstructionGradient), add(normAtLastLayer(adversarialGradient), 1e-4));
  const adaptiveWeight = mul(clip(ratio, 0, 1e4), config.discriminatorWeight);
  const weight = mul(adaptiveWeight, adversarialFactor);
  const gradient = stopGradient(add(reconstructionGradient, mul(adversarialGradient, weight)));
  const surrogate = add(sum(mul(gradient, reconstruction)), klTerm);
  const value = add(add(reconstructionLoss, klTerm), mul(weight, adversarialLoss));

  return {
    losses: { autoencoder: straightThrough(surrogate, value), discriminator: mul(hinge, adversarialFactor) },
    metrics: { ...metrics, adversarialLoss, adaptiveWeight, realLogit: mean(real), fakeLogit: mean(fake) },
  };
}

/** The terms that need no discriminator, as scalars: means over the batch of sums over pixels and channels, or latents. */
function reconstructionTerms(
  w: Weights,
  config: PerceptualAdversarialConfig,
  {
    images,
    reconstruction,
    posterior,
    pixelWeights,
  }: Pick<PerceptualAdversarialInputs, "images" | "reconstruction" | "posterior" | "pixelWeights">,
) {
  const batch = images.shape[0] as number;
  const { pixelWeight, squaredWeight, perceptualWeight } = config;
  const difference = sub(images, reconstruction);
  const absolute = mul(abs(difference), pixelWeight);
  const error = squaredWeight > 0 ? add(absolute, mul(mul(difference, difference), squaredWeight)) : absolute;
  // The distance, one number per image, is added to every pixel before the sum and so counts as often as there are
  // pixels: this sets the proportion of the two terms with which the weights were chosen.
  const distance = perceptualWeight > 0 ? perceptualDistance(w, config, images, reconstruction) : undefined;
  const errors = distance === undefined ? error : add(error, mul(distance, perceptualWeight));
  const weighted = pixelWeights === undefined ? errors : mul(errors, pixelWeights);
  const reconstructionLoss = mul(sum(weighted), 1 / batch);
  const kl = mul(sum(klDivergence(posterior)), 1 / batch);
  return {
    reconstructionLoss,
    klTerm: mul(kl, config.klWeight),
    metrics: {
      reconstructionLoss,
      perceptualDistance: distance === undefined ? scalar(0) : mean(distance),
      klDivergence: kl,
    },
  };
}

/** The mean of LPIPS over channels, each as a grey image: [B, 1, 1, 1]. Images stay in [0, 1], as in the reference. */
function perceptualDistance(w: Weights, config: PerceptualAdversarialConfig, a: Tensor, b: Tensor): Tensor {
  const [batch, channels, height, width] = a.shape as [number, number, number, number];
  const grey = (x: Tensor) => reshape(x, [batch * channels, 1, height, width]);
  const distances = lpips(w.at("perceptual_loss"), config.perceptualNetwork, grey(a), grey(b));
  return mean(reshape(distances, [batch, channels, 1, 1]), { axes: [1], keepDims: true });
}

/** The autoencoder and its losses. */
export interface AutoencoderTrainingConfig {
  readonly autoencoder: AutoencoderKlConfig;
  readonly loss: PerceptualAdversarialConfig;
}

/** A batch for `autoencoderLosses`. */
export interface AutoencoderTrainingInputs
  extends Pick<PerceptualAdversarialInputs, "images" | "adversarialFactor" | "pixelWeights"> {
  /** Standard normal numbers in the latent's shape, [B, latentChannels, h, w]. */
  readonly noise: Tensor;
}

/**
 * Encodes and decodes a batch and computes its losses. Parameters are `vae.*`, and those of the losses with the prefix
 * `loss.`. The reconstruction is [B, C, H, W] in [0, 1].
 */
export function autoencoderLosses(
  w: Weights,
  config: AutoencoderTrainingConfig,
  { images, noise, adversarialFactor, pixelWeights }: AutoencoderTrainingInputs,
): PerceptualAdversarialLosses & { readonly reconstruction: Tensor } {
  const vae = w.at("vae");
  const { posterior, reconstruction } = reconstruct(vae, config.autoencoder, images, noise);
  const lastLayer = outputWeight(vae, config.autoencoder);
  const inputs = { images, reconstruction, posterior, lastLayer, adversarialFactor, pixelWeights };
  return { ...perceptualAdversarialLoss(w.at("loss"), config.loss, inputs), reconstruction };
}

/** The same without a discriminator, for `discriminatorWeight` 0. Parameters: `vae.*`, and LPIPS's below `loss.`. */
export function reconstructionLosses(
  w: Weights,
  config: AutoencoderTrainingConfig,
  { images, noise, pixelWeights }: Omit<AutoencoderTrainingInputs, "adversarialFactor">,
) {
  const { posterior, reconstruction } = reconstruct(w.at("vae"), config.autoencoder, images, noise);
  const inputs = { images, reconstruction, posterior, pixelWeights };
  const { reconstructionLoss, klTerm, metrics } = reconstructionTerms(w.at("loss"), config.loss, inputs);
  return { losses: { autoencoder: add(reconstructionLoss, klTerm) }, metrics, reconstruction };
}

/** An image, limited to [0, 1], from a sample of its posterior. */
function reconstruct(vae: Weights, config: AutoencoderKlConfig, images: Tensor, noise: Tensor) {
  const posterior = encode(vae, config, images);
  return { posterior, reconstruction: clip(decode(vae, config, sampleLatent(posterior, noise)), 0, 1) };
}
