// How well the language model and its head do on proteins that they do not learn from: hidden residues, and compartments
// of whole sequences.

import {
  compile,
  createGenerator,
  i32,
  type NdArray,
  type RandomSource,
  type Runtime,
  sigmoid,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import { languageModelHead, maskedTokenLoss, readSequence } from "@proteoscope/models";
import { compartments } from "../../data/atlas/compartments.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { maskedBatch } from "../../data/batches/sequence-batches.ts";
import { localizationScores } from "../../training/localization-scores.ts";
import type { Scores } from "../../training/scores.ts";
import type { ReportItem } from "../../training/validation-sets.ts";
import type { PlmConfig, PlmNetwork } from "./config.ts";

/** inputIds [B, L] -> logits of tokens [B, L, vocabulary] and of compartments [B, labels]. */
export function computeLogits(w: Weights, network: PlmNetwork, inputIds: Tensor, random?: RandomSource) {
  const { representation, compartmentLogits } = readSequence(w, network, inputIds, { random });
  return {
    tokenLogits: languageModelHead(w, network.esm, representation),
    compartmentLogits: compartmentLogits!,
  };
}

/** `tokens`, the mean loss of hidden residues, and the scores of the compartments of whole sequences. */
export async function validatePlm(
  runtime: Runtime,
  weights: ReadonlyMap<string, NdArray>,
  network: PlmNetwork,
  proteins: readonly Protein[],
  { data, train }: PlmConfig,
  report?: ReportItem,
): Promise<Scores> {
  const program = await compile(
    runtime,
    (w, { inputIds, labels }) => {
      const { tokenLogits, compartmentLogits } = computeLogits(w, network, inputIds);
      return { tokens: maskedTokenLoss(tokenLogits, labels), probabilities: sigmoid(compartmentLogits) };
    },
    { inputIds: i32("batch", "tokens"), labels: i32("batch", "tokens") },
    { weights },
  );
  try {
    const length = data.lengths.at(-1)!;
    const probabilities: Float32Array[] = [];
    let tokens = 0;
    for (let begin = 0; begin < proteins.length; begin += data.batchSize) {
      const part = proteins.slice(begin, begin + data.batchSize);
      const uniform = createGenerator(train.seed, "validation", begin).uniform(3 * part.length * length);
      const hidden = await program.run(maskedBatch(part, length, uniform, data.maskRate));
      tokens += ((hidden.tokens.data as Float32Array)[0]! * part.length) / proteins.length;
      const whole = await program.run(maskedBatch(part, length, uniform, 0));
      const rows = whole.probabilities.data as Float32Array;
      for (let row = 0; row < part.length; row++)
        probabilities.push(rows.slice(row * compartments.length, (row + 1) * compartments.length));
    }
    return { tokens, ...localizationScores(probabilities, proteins, report) };
  } finally {
    await program.close();
  }
}
