// The noise of a latent at each timestep: the linear schedule of DDPM (Ho et al. 2020, arXiv:2006.11239,
// section 4), x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) noise with a_t the running product of 1 - beta. Tables are float32,
// as diffusers has them (the betas' last bit depends on the vector width of the machine that ran PyTorch).

/** Field names of diffusers' scheduler_config.json, in camel case. */
export interface NoiseScheduleConfig {
  readonly numTrainTimesteps: number;
  readonly betaStart: number;
  readonly betaEnd: number;
  /** What the denoiser predicts: the noise, or the velocity sqrt(a_t) noise - sqrt(1 - a_t) x_0. */
  readonly predictionType: PredictionType;
}

/** Noise and velocity, as diffusers names them. */
export const predictionTypes = ["epsilon", "v_prediction"] as const;
/** What a denoiser predicts. */
export type PredictionType = (typeof predictionTypes)[number];

/** The schedule of DDPM, 1000 timesteps. */
export const noiseScheduleDefaults: NoiseScheduleConfig = {
  numTrainTimesteps: 1000,
  betaStart: 1e-4,
  betaEnd: 0.02,
  predictionType: "epsilon",
};

/** A schedule as tables over timesteps. */
export interface NoiseSchedule {
  /** Variance that timestep t adds. */
  readonly betas: Float32Array;
  /** Fraction of the variance at timestep t that is the clean latent's (alpha bar). */
  readonly alphasCumprod: Float32Array;
  readonly predictionType: PredictionType;
}

/** The tables of a linear schedule. */
export function linearNoiseSchedule(config: NoiseScheduleConfig = noiseScheduleDefaults): NoiseSchedule {
  const { numTrainTimesteps: count, betaStart, betaEnd, predictionType } = config;
  const betas = new Float32Array(count);
  const alphasCumprod = new Float32Array(count);
  let product = 1;
  for (let t = 0; t < count; t++) {
    betas[t] = betaStart + ((betaEnd - betaStart) * t) / (count - 1);
    product *= Math.fround(1 - betas[t]!);
    alphasCumprod[t] = product;
  }
  return { betas, alphasCumprod, predictionType };
}

/**
 * Timesteps of a sampling run in the order of use, "leading" spacing: multiples of floor(count / steps), down to 0.
 *
 * @throws RangeError when `steps` is no whole number from 1 to the schedule's count.
 */
export function leadingTimesteps({ betas }: NoiseSchedule, steps: number): number[] {
  checkSteps(steps, betas.length);
  const stride = Math.floor(betas.length / steps);
  return Array.from({ length: steps }, (_, index) => (steps - 1 - index) * stride);
}

/** Checks the number of sampling steps. @throws RangeError where it is no whole number from 1 to `most`. */
export function checkSteps(steps: number, most: number): void {
  if (!Number.isInteger(steps) || steps < 1 || steps > most)
    throw new RangeError(`sampling takes a whole number of steps from 1 to ${most}, got ${steps}`);
}

/**
 * Adds noise to clean latents, x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) noise, each at its own timestep. Values are [B, ...],
 * with B timesteps. @throws RangeError where the numbers of values do not fit.
 */
export function addNoise(
  schedule: NoiseSchedule,
  latents: Float32Array,
  noise: Float32Array,
  timesteps: ArrayLike<number>,
): Float32Array {
  return mix(schedule, latents, noise, timesteps, (signal, sigma, x, e) => signal * x + sigma * e);
}

/**
 * The velocity sqrt(a_t) noise - sqrt(1 - a_t) x_0 (Salimans & Ho 2022, arXiv:2202.00512), with the arguments of `addNoise`.
 */
export function velocity(
  schedule: NoiseSchedule,
  latents: Float32Array,
  noise: Float32Array,
  timesteps: ArrayLike<number>,
): Float32Array {
  return mix(schedule, latents, noise, timesteps, (signal, sigma, x, e) => signal * e - sigma * x);
}

/** The noise in latents x_t by a denoiser's prediction: sqrt(a_t) v + sqrt(1 - a_t) x_t for a velocity v. */
export function predictedNoise(
  { alphasCumprod, predictionType }: NoiseSchedule,
  latents: Float32Array,
  prediction: Float32Array,
  timestep: number,
): Float32Array {
  if (predictionType === "epsilon") return prediction;
  const alphaBar = alphasCumprod[timestep]!;
  return latents.map((x, i) => Math.sqrt(alphaBar) * prediction[i]! + Math.sqrt(1 - alphaBar) * x);
}

function mix(
  { alphasCumprod }: NoiseSchedule,
  latents: Float32Array,
  noise: Float32Array,
  timesteps: ArrayLike<number>,
  combine: (signal: number, sigma: number, latent: number, noise: number) => number,
): Float32Array {
  const size = latents.length / timesteps.length;
  if (!Number.isInteger(size) || noise.length !== latents.length)
    throw new RangeError(
      `${latents.length} latent values and ${noise.length} of noise do not fit ${timesteps.length} timesteps`,
    );
  return latents.map((latent, i) => {
    const alphaBar = alphasCumprod[timesteps[Math.floor(i / size)]!]!;
    return combine(Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar), latent, noise[i]!);
  });
}
