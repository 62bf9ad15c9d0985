// The targets of the regressor: the codes that a finished cytoself computes from images, and the classes of their proteins.
// Codes are cached, since a run uses an image many times.

import { compile, f32, float32, type NdArray, type Runtime } from "@proteoscope/engine";
import { encodeCytoself, judgedLevel } from "@proteoscope/models";
import { stackCytoselfImages } from "../../data/batches/cytoself-images.ts";
import { isKnownPair, type Pair } from "../../data/batches/negative-pairs.ts";
import type { FinishedCytoself } from "../../training/frozen/finished-models.ts";
import { memoize } from "../../training/frozen/memoize.ts";

const cachedCodes = 20_000; // of 4 kB each

export interface Codes {
  /** Numbers of a code. */
  readonly size: number;
  /**
   * Targets of pairs: `code` [B, size] of their images [3, N, N], `labels` int32 [B] and `labelWeights` [B], 0 where the
   * protein is unknown. `keys` identify the images.
   */
  targets(
    pairs: readonly Pair[],
    images: readonly Float32Array[],
    keys: readonly string[],
  ): Promise<Record<"code" | "labels" | "labelWeights", NdArray>>;
  close(): Promise<void>;
}

/** Compiles cytoself's encoder, up to the level whose code is regressed, for images of one side. */
export async function openCodes(
  runtime: Runtime,
  { config, weights, view, genes }: FinishedCytoself,
  side: number,
): Promise<Codes> {
  const [channels, height, width] = config.inputShape;
  const classes = new Map(genes.map((gene, index) => [gene, index]));
  const program = await compile(
    runtime,
    (w, { images }) => {
      const levels = encodeCytoself(w, config, images, { training: false });
      return { code: levels[judgedLevel(config) - 1]!.vectors };
    },
    { images: f32(1, channels, height, width) },
    { weights },
  );
  const encodeOne = async (image: Float32Array, _key: string): Promise<Float32Array> => {
    const { code } = await program.run({ images: stackCytoselfImages([image], side, view) });
    return code.data as Float32Array;
  };
  const size = (await encodeOne(new Float32Array(3 * side * side), "")).length;
  const encode = memoize(encodeOne, (_, key) => key, cachedCodes);
  return {
    size,
    async targets(pairs, images, keys) {
      const labels = pairs.map((pair) => (isKnownPair(pair) ? classes.get(pair.crop.gene ?? "") : undefined));
      const values = new Float32Array(pairs.length * size);
      for (const [item, image] of images.entries()) values.set(await encode(image, keys[item]!), item * size);
      const count = pairs.length;
      return {
        code: float32([count, size], values),
        labels: {
          dtype: "int32",
          shape: [count],
          data: Int32Array.from(labels, (label) => label ?? 0),
        },
        labelWeights: float32(
          [count],
          Float32Array.from(labels, (label) => (label === undefined ? 0 : 1)),
        ),
      };
    },
    close: () => program.close(),
  };
}
