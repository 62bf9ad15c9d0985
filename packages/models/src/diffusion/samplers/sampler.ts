// A sampler: the timesteps at which the denoiser predicts, and the step that each prediction leads to. Samplers are pure:
// the state goes in and comes out, and the caller gives fresh random numbers.

/** The state of a sampler between two steps. */
export interface SamplerState {
  /** Values of x_t. */
  readonly latents: Float32Array;
  /** Clean latents as the last step predicted them, which a multistep sampler needs. */
  readonly denoised?: Float32Array;
}

/** The timesteps and the steps of a sampler. */
export interface Sampler {
  /** Timesteps in the order of use, from much noise to little. */
  readonly timesteps: readonly number[];
  /** Whether step `index` reads `freshNoise`. */
  readonly isRandom: (index: number) => boolean;
  /**
   * The step from the latents at `timesteps[index]` to those at the next timestep, or to the clean latents after the last.
   *
   * `prediction` is the denoiser's, noise or velocity as its schedule says, and `freshNoise` has standard normal numbers;
   * both are as long as the latents.
   */
  readonly step: (
    state: SamplerState,
    index: number,
    prediction: Float32Array,
    freshNoise?: Float32Array,
  ) => Required<SamplerState>;
}

/** Returns the fresh noise of a random step. @throws Error where it is absent. */
export function requireNoise(freshNoise: Float32Array | undefined, index: number): Float32Array {
  if (freshNoise === undefined) throw new Error(`sampling step ${index} is random: give it normal numbers`);
  return freshNoise;
}
