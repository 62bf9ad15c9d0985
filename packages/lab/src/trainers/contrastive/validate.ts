// How well a network on pairs does on images that it does not learn from: its loss over all pairs as one batch, and how
// well images retrieve their proteins and proteins their images.

import {
  compile,
  f32,
  float32,
  type InputTypes,
  type NdArray,
  type Runtime,
  type Tensor,
} from "@proteoscope/engine";
import { type JointEmbeddingConfig, type JointEmbeddings, jointEmbedding } from "@proteoscope/models";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { embeddingBatch } from "../../training/frozen/embedding-batch.ts";
import { type LatentCoder, type LatentOptions, latentBatch } from "../../training/frozen/latents.ts";
import type { SequenceEmbedder } from "../../training/frozen/sequence-embedder.ts";
import { scorePairs } from "../../training/pairs/pair-validation.ts";
import type { Scores } from "../../training/scores.ts";
import type { ContrastiveLoss } from "./loss.ts";

interface Network {
  readonly network: JointEmbeddingConfig;
  readonly weights: ReadonlyMap<string, NdArray>;
  readonly learned: ContrastiveLoss;
}

interface ValidationPairs {
  readonly pairs: readonly Pair[];
  readonly pixels: CropPixels;
  readonly coder: LatentCoder;
  readonly latents: LatentOptions;
  readonly embedder: SequenceEmbedder;
  /** Input types of one pair. */
  readonly types: Readonly<Record<"latents" | "sequence" | "mask", InputTypes[string]>>;
}

/** `loss`, and the scores of `scorePairs` by the cosine; none where there is no pair. */
export async function validatePairs(
  runtime: Runtime,
  network: Network,
  data: ValidationPairs,
): Promise<Scores> {
  if (data.pairs.length === 0) return {};
  const embeddings = await embedPairs(runtime, network, data);
  const similarities = embeddings.images.map((image) =>
    Float32Array.from(embeddings.proteins, (protein) =>
      image.reduce((sum, x, i) => sum + x * protein[i]!, 0),
    ),
  );
  const loss = await lossOf(runtime, network, data.pairs, embeddings);
  return { loss, ...scorePairs(data.pairs, similarities) };
}

type Embeddings = Readonly<Record<"images" | "proteins", readonly Float32Array[]>>;

/** One pair is computed at a time. */
async function embedPairs(
  runtime: Runtime,
  { network, weights }: Network,
  { pairs, pixels, coder, latents, embedder, types }: ValidationPairs,
): Promise<Embeddings> {
  const program = await compile(runtime, (w, inputs) => ({ ...jointEmbedding(w, network, inputs) }), types, {
    weights,
  });
  const images: Float32Array[] = [];
  const proteins: Float32Array[] = [];
  const mean = new Float32Array(latents.latentChannels * latents.latentSide ** 2); // no deviation from it
  try {
    for (const { crop, protein } of pairs) {
      const { data: image } = await pixels.read(crop.index);
      const outputs = await program.run({
        latents: await latentBatch([{ crop, image, symmetry: 0 }], coder, latents, mean),
        ...(await embeddingBatch([protein], embedder, { embeddingWidth: embedder.width })),
      });
      images.push(outputs.images.data as Float32Array);
      proteins.push(outputs.proteins.data as Float32Array);
    }
  } finally {
    await program.close();
  }
  return { images, proteins };
}

async function lossOf(
  runtime: Runtime,
  { weights, learned }: Network,
  pairs: readonly Pair[],
  embeddings: Embeddings,
): Promise<number> {
  const width = embeddings.images[0]!.length;
  const stack = (rows: readonly Float32Array[]): NdArray =>
    float32([rows.length, width], Float32Array.from(rows.flatMap((row) => [...row])));
  const types: InputTypes = {
    images: f32(pairs.length, width),
    proteins: f32(pairs.length, width),
    ...learned.inputTypes(pairs.length),
  };
  const program = await compile(
    runtime,
    (w, inputs: Readonly<Record<string, Tensor>>) => {
      const { images, proteins } = inputs as typeof inputs & JointEmbeddings;
      return { loss: learned.loss(w, { images, proteins }, inputs) };
    },
    types,
    { weights },
  );
  try {
    const { loss } = await program.run({
      images: stack(embeddings.images),
      proteins: stack(embeddings.proteins),
      ...learned.inputs(pairs),
    });
    return (loss.data as Float32Array)[0]!;
  } finally {
    await program.close();
  }
}
