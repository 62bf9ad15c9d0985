// The autoencoder by itself, which limits how good generated images can be. A crop is encoded and decoded, and the result
// is compared with the crop, beside what a linear filter of equal size leaves: an autoencoder that is not better than that
// has learned nothing but blur.
import { compile, f32, float32, type Runtime } from "@proteoscope/engine";
import {
  keptPerSide,
  medianOverlap,
  multiScaleSimilarity,
  openDctLowPass,
  radialSpectrum,
  signalToNoise,
  structuralSimilarity,
} from "@proteoscope/imaging";
import type { MicroscopeModel } from "@proteoscope/microscope";
import { decode, encode } from "@proteoscope/models";

export interface Autoencoding {
  /** image [2, N, N] -> the same from the mean of its latents, in [0, 1]. */
  run(image: Float32Array): Promise<Float32Array>;
  /** The same from as many DCT coefficients as the latents hold numbers, the lowest of each channel. */
  filter(image: Float32Array): Float32Array;
  close(): Promise<void>;
}

/** Compiles the autoencoder of a model for images of one side. */
export async function openAutoencoding(
  runtime: Runtime,
  { autoencoder: { config, weights } }: Pick<MicroscopeModel, "autoencoder">,
  side: number,
): Promise<Autoencoding> {
  const program = await compile(
    runtime,
    (w, { image }) => ({ decoded: decode(w, config, encode(w, config, image).mean) }),
    { image: f32(1, config.inChannels, side, side) },
    { weights },
  );
  const latentSide = Math.floor(side / 2 ** (config.blockOutChannels.length - 1));
  const lowPass = openDctLowPass(
    side,
    keptPerSide(config.latentChannels * latentSide ** 2, config.inChannels),
  );
  return {
    filter(image) {
      const area = side * side;
      const filtered = new Float32Array(image.length);
      for (let start = 0; start < image.length; start += area)
        filtered.set(lowPass(image.subarray(start, start + area)), start);
      return filtered;
    },
    async run(image) {
      const { decoded } = await program.run({ image: float32([1, config.inChannels, side, side], image) });
      return (decoded.data as Float32Array).map((value) => Math.min(1, Math.max(0, value)));
    },
    close: () => program.close(),
  };
}

export const channels = ["protein", "nucleus"] as const;
export const spectrumBands = 5;

export interface Quality {
  readonly signalToNoise: number;
  readonly structuralSimilarity: number;
  readonly multiScaleSimilarity: number;
  readonly overlap: number;
  /** Power of the decoded image over that of the crop, per band of frequency, from coarse to fine. */
  readonly power: readonly number[];
}

/** Quality of the reconstruction of either channel of an image [2, N, N]. */
export function compareImages(
  decoded: Float32Array,
  image: Float32Array,
  side: number,
): Record<(typeof channels)[number], Quality> {
  const area = side * side;
  const ofChannel = (channel: number): Quality => {
    const [a, b] = [decoded, image].map((planes) =>
      planes.subarray(channel * area, (channel + 1) * area),
    ) as [Float32Array, Float32Array];
    const [powerA, powerB] = [radialSpectrum(a, side, spectrumBands), radialSpectrum(b, side, spectrumBands)];
    return {
      signalToNoise: signalToNoise(a, b),
      structuralSimilarity: structuralSimilarity(a, b, side),
      multiScaleSimilarity: multiScaleSimilarity(a, b, side),
      overlap: medianOverlap(a, b),
      power: Array.from(powerA, (value, band) => value / powerB[band]!),
    };
  };
  return { protein: ofChannel(0), nucleus: ofChannel(1) };
}
