// How well the regressor does on images that it does not learn from: errors of the codes, proteins named right, and how
// well codes of images and expected codes of proteins retrieve each other. One pair is computed at a time.

import { compile, type NdArray, type Runtime } from "@proteoscope/engine";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { embeddingBatch } from "../../training/frozen/embedding-batch.ts";
import type { SequenceEmbedder } from "../../training/frozen/sequence-embedder.ts";
import { scorePairs } from "../../training/pairs/pair-validation.ts";
import type { Scores } from "../../training/scores.ts";
import type { Codes } from "./codes.ts";
import { type RegressorNetwork, regress, regressorInputs } from "./network.ts";

interface ValidationPairs {
  readonly pairs: readonly Pair[];
  readonly pixels: CropPixels;
  readonly codes: Codes;
  readonly embedder: SequenceEmbedder;
}

/** `loss` as in training, its terms, `accuracy` on known proteins, and retrieval by distance of the codes. */
export async function validateRegressor(
  runtime: Runtime,
  weights: ReadonlyMap<string, NdArray>,
  network: RegressorNetwork,
  { pairs, pixels, codes, embedder }: ValidationPairs,
): Promise<Scores> {
  const { width } = embedder;
  const program = await compile(
    runtime,
    (w, inputs) => {
      const { expected, meanSquaredError: error, crossEntropy, logits } = regress(w, network, inputs);
      return { expected, error, crossEntropy, logits };
    },
    regressorInputs(1, width, codes.size),
    { weights },
  );
  try {
    const rows: ScoredPair[] = [];
    for (const pair of pairs) {
      const { data: image } = await pixels.read(pair.crop.index);
      const targets = await codes.targets([pair], [image], [`${pair.crop.index} 0`]);
      const embeddings = await embeddingBatch([pair.protein], embedder, { embeddingWidth: width });
      const outputs = await program.run({ ...embeddings, ...targets });
      const isNamed = targets.labelWeights.data[0] === 1;
      const logits = outputs.logits.data as Float32Array;
      rows.push({
        code: targets.code.data as Float32Array,
        expected: outputs.expected.data as Float32Array,
        error: (outputs.error.data as Float32Array)[0]!,
        crossEntropy: isNamed ? (outputs.crossEntropy.data as Float32Array)[0]! : undefined,
        isRight: logits[Number(targets.labels.data[0])] === Math.max(...logits),
      });
    }
    return scoreCodes(pairs, rows, network.classifierWeight);
  } finally {
    await program.close();
  }
}

interface ScoredPair {
  readonly code: Float32Array;
  readonly expected: Float32Array;
  readonly error: number;
  /** Where the protein is known. */
  readonly crossEntropy: number | undefined;
  readonly isRight: boolean;
}

function scoreCodes(pairs: readonly Pair[], rows: readonly ScoredPair[], classifierWeight: number): Scores {
  if (rows.length === 0) return {};
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const named = rows.filter(({ crossEntropy }) => crossEntropy !== undefined);
  const meanSquaredError = mean(rows.map(({ error }) => error));
  const crossEntropy = named.length === 0 ? 0 : mean(named.map((row) => row.crossEntropy!));
  const similarities = rows.map(({ code }) =>
    Float32Array.from(rows, ({ expected }) => -code.reduce((sum, x, i) => sum + (x - expected[i]!) ** 2, 0)),
  );
  return {
    loss: meanSquaredError + classifierWeight * crossEntropy,
    meanSquaredError,
    ...(named.length > 0 && { crossEntropy, accuracy: mean(named.map(({ isRight }) => Number(isRight))) }),
    ...scorePairs(pairs, similarities),
  };
}
