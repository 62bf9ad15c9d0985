// Both halves of a finished autoencoder, for square images. One image is computed at a time, so that its latents do not
// depend on the others of a batch and a resumed run gets the same bits.

import { compile, exp, f32, float32, mul, type NdArray, type Runtime } from "@proteoscope/engine";
import { type AutoencoderKlConfig, decode, encode } from "@proteoscope/models";
import type { ShownCrop } from "../../data/batches/image-batches.ts";
import type { PrepareOptions } from "../loop.ts";
import { openFrozenCache } from "./frozen-cache.ts";
import { memoize } from "./memoize.ts";

type StateDict = ReadonlyMap<string, NdArray>;

/** The posterior of one image. */
export interface Latents {
  /** [channels, h, w], both. */
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

export interface LatentCoder {
  /** The posterior of an image [channels, N, N]; `key` identifies the image. */
  encode(image: Float32Array, key: string): Promise<Latents>;
  /** The image [channels, N, N] of latents, within [0, 1]. */
  decode(latents: Float32Array): Promise<Float32Array>;
  readonly latentSide: number;
  close(): Promise<void>;
}

const cachedLatents = 40_000; // of 20 kB each: an atlas of some thousand crops, in eight orientations

/** Compiles an autoencoder for images of one side. */
export async function createLatentCoder(
  runtime: Runtime,
  { config, weights }: { config: AutoencoderKlConfig; weights: StateDict },
  side: number,
  { cacheDir }: Pick<PrepareOptions, "cacheDir"> = {},
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
  const cache = await openFrozenCache({
    ...{ cacheDir, name: "latents", weights, settings: [runtime.device, config, side] },
  });
  const encodeOne = async (data: Float32Array, _key: string): Promise<Latents> => {
    const values = await cache.get([data], async () => {
      const { mean, deviation } = await encoder.run({ image: float32(imageShape, data) });
      const joined = new Float32Array(2 * mean.data.length);
      joined.set(mean.data as Float32Array);
      joined.set(deviation.data as Float32Array, mean.data.length);
      return joined;
    });
    const middle = values.length / 2;
    return { mean: values.slice(0, middle), deviation: values.slice(middle) };
  };
  return {
    latentSide,
    encode: memoize(encodeOne, (_, key) => key, cachedLatents),
    async decode(data) {
      const { image } = await decoder.run({ latent: float32(latentShape, data) });
      return (image.data as Float32Array).map((value) => Math.min(1, Math.max(0, value)));
    },
    async close() {
      await cache.close();
      await encoder.close();
      await decoder.close();
    },
  };
}

export interface LatentOptions {
  /** Side of the images in pixels. */
  readonly side: number;
  readonly latentSide: number;
  readonly latentChannels: number;
  /** Standard deviation of the latents of the training images, by which they are divided. */
  readonly latentScale: number;
}

/** Latents [B, C, h, w] of protein and nucleus, sampled from the posterior by standard normal numbers. */
export async function latentBatch(
  shown: readonly ShownCrop[],
  { encode }: Pick<LatentCoder, "encode">,
  { side, latentSide, latentChannels, latentScale }: LatentOptions,
  normal: Float32Array,
): Promise<NdArray> {
  const size = latentChannels * latentSide * latentSide;
  const data = new Float32Array(shown.length * size);
  for (const [item, { crop, image, symmetry }] of shown.entries()) {
    const { mean, deviation } = await encode(image.subarray(0, 2 * side * side), `${crop.index} ${symmetry}`);
    for (let i = 0; i < size; i++) {
      data[item * size + i] = (mean[i]! + deviation[i]! * normal[item * size + i]!) / latentScale;
    }
  }
  return float32([shown.length, latentChannels, latentSide, latentSide], data);
}
