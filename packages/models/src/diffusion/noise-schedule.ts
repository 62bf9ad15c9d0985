// How much noise a latent carries at each timestep: the linear schedule of DDPM (Ho et al. 2020, arXiv:2006.11239,
// section 4), x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) noise with a_t the running product of 1 - beta. Tables are float32,
// as diffusers has them (the betas' last bit depends on the vector width of the machine that ran PyTorch).

/** Field names of diffusers' scheduler_config.json, in camel case. */
export interface NoiseScheduleConfig {
  readonly numTrainTimesteps: number;
  readonly betaStart: number;
  readonly betaEnd: number;
  /** What the denoiser answers: the noise, or the velocity sqrt(a_t) noise - sqrt(1 - a_t) x_0. */
  readonly predictionType: PredictionType;
}

export const predictionTypes = ["epsilon", "v_prediction"] as const;
export type PredictionType = (typeof predictionTypes)[number];

export const noiseScheduleDefaults: NoiseScheduleConfig = {
  numTrainTimesteps: 1000,
  betaStart: 1e-4,
  betaEnd: 0.02,
  predictionType: "epsilon",
};

export interface NoiseSchedule {
  /** Variance that timestep t adds. */
  readonly betas: Float32Array;
  /** Share of the variance at timestep t that is still the clean latent's. */
  readonly alphasCumprod: Float32Array;
  readonly predictionType: PredictionType;
}

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

/** @throws RangeError when a run of so many steps does not exist. */
export function checkSteps(steps: number, most: number): void {
  if (!Number.isInteger(steps) || steps < 1 || steps > most)
    throw new RangeError(`sampling takes a whole number of steps from 1 to ${most}, got ${steps}`);
}

/** Clean latents with noise at each latent's own timestep: x_t. Values [B, ...], as many timesteps as latents. */
export function addNoise(
  schedule: NoiseSchedule,
  latents: Float32Array,
  noise: Float32Array,
  timesteps: ArrayLike<number>,
): Float32Array {
  return mix(schedule, latents, noise, timesteps, (signal, sigma, x, e) => signal * x + sigma * e);
}

/** sqrt(a_t) noise - sqrt(1 - a_t) x_0, the other target of training (Salimans & Ho 2022, arXiv:2202.00512). */
export function velocity(
  schedule: NoiseSchedule,
  latents: Float32Array,
  noise: Float32Array,
  timesteps: ArrayLike<number>,
): Float32Array {
  return mix(schedule, latents, noise, timesteps, (signal, sigma, x, e) => signal * e - sigma * x);
}

/** The noise in latents x_t that a denoiser's answer says: sqrt(a_t) v + sqrt(1 - a_t) x_t of a velocity v. */
export function predictedNoise(
  { alphasCumprod, predictionType }: NoiseSchedule,
  latents: Float32Array,
  prediction: Float32Array,
  timestep: number,
): Float32Array {
  if (predictionType === "epsilon") return prediction;
  const share = alphasCumprod[timestep]!;
  return latents.map((x, i) => Math.sqrt(share) * prediction[i]! + Math.sqrt(1 - share) * x);
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
    const share = alphasCumprod[timesteps[Math.floor(i / size)]!]!;
    return combine(Math.sqrt(share), Math.sqrt(1 - share), latent, noise[i]!);
  });
}
