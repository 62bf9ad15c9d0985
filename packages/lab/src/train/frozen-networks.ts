// The finished networks that the denoiser is trained on: the language model's embeddings and the autoencoder's
// latents. Each answer is kept, so that a protein or a crop that comes again costs nothing. One item is computed at
// a time, so that an answer does not depend on its company and a resumed run gets the same bits.

import { compile, exp, f32, i32, mul, type NdArray, type Runtime } from "@proteoscope/engine";
import {
  type AutoencoderKlConfig,
  decode,
  type Esm2Config,
  encode,
  esm2,
  tokenizeBatch,
  windowSequence,
} from "@proteoscope/models";

type StateDict = ReadonlyMap<string, NdArray>;

export interface SequenceEmbedder {
  /** Embeddings [tokens, hidden] of a protein, <cls> and <eos> included, as one array. */
  embed(sequence: string): Promise<Float32Array>;
  close(): Promise<void>;
}

const keptProteins = 1500;

/** Embeds both ends of long proteins, `windowResidues` in all. */
export async function createEmbedder(
  runtime: Runtime,
  { config, weights }: { config: Esm2Config; weights: StateDict },
  windowResidues: number,
): Promise<SequenceEmbedder> {
  const program = await compile(
    runtime,
    (w, { inputIds }) => ({ representation: esm2(w, config, { inputIds }).representations.at(-1)! }),
    { inputIds: i32(1, "tokens") },
    { weights },
  );
  const embed = async (sequence: string) => {
    const { inputIds } = tokenizeBatch([windowSequence(sequence, windowResidues).sequence]);
    const data = Int32Array.from(inputIds.data as BigInt64Array, Number);
    const ids: NdArray = { dtype: "int32", shape: inputIds.shape, data };
    return (await program.run({ inputIds: ids })).representation.data as Float32Array;
  };
  return { embed: remember(embed, (sequence) => sequence, keptProteins), close: () => program.close() };
}

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

const keptLatents = 20_000; // of 20 kB each

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
      const { mean, logvar } = encode(w, config, image);
      return { mean, deviation: exp(mul(logvar, 0.5)) };
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
    const { mean, deviation } = await encoder.run({ image: { dtype: "float32", shape: imageShape, data } });
    return { mean: mean.data as Float32Array, deviation: deviation.data as Float32Array };
  };
  return {
    latentSide,
    encode: remember(encodeOne, (_, key) => key, keptLatents),
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

/** The same function with its last `limit` answers kept; those first asked for are forgotten first. */
function remember<Arguments extends readonly unknown[], Answer>(
  compute: (...args: Arguments) => Promise<Answer>,
  keyOf: (...args: Arguments) => string,
  limit: number,
): (...args: Arguments) => Promise<Answer> {
  const answers = new Map<string, Promise<Answer>>();
  return (...args) => {
    const key = keyOf(...args);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = compute(...args);
    answers.set(key, answer);
    if (answers.size > limit) answers.delete(answers.keys().next().value!);
    return answer;
  };
}
