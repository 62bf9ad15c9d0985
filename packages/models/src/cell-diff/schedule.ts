// The diffusion of CELL-Diff: 200 steps of a squared cosine (Nichol & Dhariwal 2021, arXiv:2102.09672), of which a sampler
// takes some. Samplers are DDIM without noise (Song et al. 2020, arXiv:2010.02502), as released, and DDPM (Ho et al. 2020,
// arXiv:2006.11239). Tables are kept in double precision and rounded when they are used.

/** Number of steps that the network was trained on. */
export const cellDiffTimesteps = 200;

/** A choice of the steps: "ddim100" has a constant stride and never the last step, "100" spreads to it. */
export type Respacing = `ddim${number}` | `${number}`;

/** The steps of a sampler, from the least noise to the most. */
export interface CellDiffSchedule {
  /** Steps as the network knows them. */
  readonly timesteps: readonly number[];
  /** Product of 1 - beta up to each step. */
  readonly alphasCumprod: readonly number[];
  readonly betas: readonly number[];
  /** Variance of a DDPM step given its end, and the coefficients of its mean. */
  readonly posteriorVariance: readonly number[];
  readonly posteriorCoefficients: readonly (readonly [start: number, current: number])[];
}

/** The schedule of a choice of steps. @throws RangeError for a number of steps that no stride gives. */
export function cellDiffSchedule(respacing: Respacing): CellDiffSchedule {
  const all = trainingAlphasCumprod();
  const timesteps = chosenSteps(respacing);
  const alphasCumprod = timesteps.map((t) => all[t]!);
  const before = (index: number) => (index === 0 ? 1 : alphasCumprod[index - 1]!);
  const betas = alphasCumprod.map((alpha, index) => 1 - alpha / before(index));
  return {
    timesteps,
    alphasCumprod,
    betas,
    posteriorVariance: betas.map((beta, i) => (beta * (1 - before(i))) / (1 - alphasCumprod[i]!)),
    posteriorCoefficients: betas.map((beta, i) => [
      (beta * Math.sqrt(before(i))) / (1 - alphasCumprod[i]!),
      ((1 - before(i)) * Math.sqrt(1 - beta)) / (1 - alphasCumprod[i]!),
    ]),
  };
}

function trainingAlphasCumprod(): number[] {
  const level = (u: number) => Math.cos((((u + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  const products: number[] = [];
  for (let i = 0; i < cellDiffTimesteps; i += 1) {
    const ratio = level((i + 1) / cellDiffTimesteps) / level(i / cellDiffTimesteps);
    products.push((products.at(-1) ?? 1) * (1 - Math.min(1 - ratio, 0.999)));
  }
  return products;
}

function chosenSteps(respacing: Respacing): number[] {
  const count = Number(respacing.replace(/^ddim/, ""));
  const isCount = Number.isInteger(count) && count >= 1 && count <= cellDiffTimesteps;
  if (respacing.startsWith("ddim")) {
    for (let stride = 1; isCount && stride <= cellDiffTimesteps; stride += 1)
      if (Math.ceil(cellDiffTimesteps / stride) === count)
        return Array.from({ length: count }, (_, index) => index * stride);
    throw new RangeError(
      `no stride takes ${count} of ${cellDiffTimesteps} steps: choose 10, 20, 40, 50, 100 or 200`,
    );
  }
  if (!isCount) throw new RangeError(`"${respacing}" is no number of steps from 1 to ${cellDiffTimesteps}`);
  const stride = count === 1 ? 1 : (cellDiffTimesteps - 1) / (count - 1);
  return Array.from({ length: count }, (_, index) => Math.round(index * stride));
}

/** What a sampler knows at step `index` of a schedule. */
export interface CellDiffStep {
  readonly index: number;
  /** The noised latents, and the noise that the network predicts in them. */
  readonly sample: Float32Array;
  readonly noise: Float32Array;
}

/** The latents one DDIM step closer to the data, without noise. */
export function cellDiffDdimStep(
  schedule: CellDiffSchedule,
  { index, sample, noise }: CellDiffStep,
): Float32Array {
  const alpha = schedule.alphasCumprod[index]!;
  const before = index === 0 ? 1 : schedule.alphasCumprod[index - 1]!;
  const [recip, recipm1] = [Math.fround(Math.sqrt(1 / alpha)), Math.fround(Math.sqrt(1 / alpha - 1))];
  const [signal, rest] = [Math.fround(Math.sqrt(before)), Math.fround(Math.sqrt(1 - before))];
  return sample.map((x, i) => {
    const start = Math.fround(recip * x) - Math.fround(recipm1 * noise[i]!);
    return signal * start + rest * ((recip * x - start) / recipm1);
  });
}

/** The latents one DDPM step closer to the data; `random` is standard normal, and not used at the last step. */
export function cellDiffDdpmStep(
  schedule: CellDiffSchedule,
  { index, sample, noise }: CellDiffStep,
  random: Float32Array,
): Float32Array {
  const alpha = schedule.alphasCumprod[index]!;
  const [recip, recipm1] = [Math.fround(Math.sqrt(1 / alpha)), Math.fround(Math.sqrt(1 / alpha - 1))];
  const [ofStart, ofSample] = schedule.posteriorCoefficients[index]!;
  const deviation = index === 0 ? 0 : Math.sqrt(schedule.betas[index]!);
  return sample.map(
    (x, i) => ofStart * (recip * x - recipm1 * noise[i]!) + ofSample * x + deviation * random[i]!,
  );
}
