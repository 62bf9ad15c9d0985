// Both halves of a finished autoencoder, for square images. One image is computed at a time, so that an answer does not
// depend on its company and a resumed run gets the same bits.

import { compile, exp, f32, mul, type NdArray, type Runtime } from "@proteoscope/engine";
import { type AutoencoderKlConfig, decode, encode } from "@proteoscope/models";
import { memoize } from "./memoize.ts";

type StateDict = ReadonlyMap<string, NdArray>;

export interface Latents {
  /** [channels, h, w], both. */
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

export interface LatentCoder {
  /** The posterior of an image [channels, N, N]; `key` tells it from all others. */
  encode(image: Float32Array, key: string): Promise<Latents>;
  /** The image [channels, N, N] of latents, within [0, 1]. */
  decode(latents: Float32Array): Promise<Float32Array>;
  readonly latentSide: number;
  close(): Promise<void>;
}

const keptLatents = 40_000; // of 20 kB each: an atlas of some thousand crops, turned eight ways

/** Both halves of an autoencoder for square images. */
export async function createLatentCoder(
  runtime: Runtime,
  { config, weights }: { config: AutoencoderKlConfig; weights: StateDict },
  side: number,
): Promise<LatentCoder> {
  const halvings = config.blockOutChannels.length - 1;
  const latentSide = Math.floor(side / 2 ** halvings);
  const imageShape = [1, config.inChannels, side, side];
  const latentShape = [1, config.latentChannels, latentSide, latentSide];
  const encoder = await compile(
    runtime,
    (w, { image }) => {
      const posterior = encode(w, config, image);
      return { mean: posterior.mean, deviation: exp(mul(posterior.logvar, 0.5)) };
    },
    { image: f32(...imageShape) },
    { weights },
  );
  const decoder = await compile(
    runtime,
    (w, { latent }) => ({ image: decode(w, config, latent) }),
    { latent: f32(...latentShape) },
    { weights },
  );
  const encodeOne = async (data: Float32Array, _key: string): Promise<Latents> => {
    const posterior = await encoder.run({ image: { dtype: "float32", shape: imageShape, data } });
    return {
      mean: posterior.mean.data as Float32Array,
      deviation: posterior.deviation.data as Float32Array,
    };
  };
  return {
    latentSide,
    encode: memoize(encodeOne, (_, key) => key, keptLatents),
    async decode(data) {
      const { image } = await decoder.run({ latent: { dtype: "float32", shape: latentShape, data } });
      return (image.data as Float32Array).map((value) => Math.min(1, Math.max(0, value)));
    },
    async close() {
      await encoder.close();
      await decoder.close();
    },
  };
}
