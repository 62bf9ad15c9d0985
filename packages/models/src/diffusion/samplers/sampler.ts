// What a sampler is: the timesteps at which it asks the denoiser, and what it does with the answer.
// Samplers are pure: the state goes in and comes out, fresh random numbers are given by the caller.

export interface SamplerState {
  /** Values of x_t. */
  readonly latents: Float32Array;
  /** Clean latents as the last step saw them; what a multistep sampler remembers. */
  readonly denoised?: Float32Array;
}

export interface Sampler {
  /** In the order of use, from much noise to little. */
  readonly timesteps: readonly number[];
  /** Whether step `index` reads `freshNoise`. */
  readonly isRandom: (index: number) => boolean;
  /**
   * From the latents at `timesteps[index]` to those at the next timestep, or to the clean latents after the last.
   *
   * `prediction` is the denoiser's answer, the noise or the velocity as its schedule says, `freshNoise` standard normal
   * numbers; both are as long as the latents.
   */
  readonly step: (
    state: SamplerState,
    index: number,
    prediction: Float32Array,
    freshNoise?: Float32Array,
  ) => Required<SamplerState>;
}

/** The fresh noise of a step that needs it. @throws Error when it is not there. */
export function requireNoise(freshNoise: Float32Array | undefined, index: number): Float32Array {
  if (freshNoise === undefined) throw new Error(`sampling step ${index} is random: give it normal numbers`);
  return freshNoise;
}
