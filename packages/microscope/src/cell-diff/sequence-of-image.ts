// From a picture to a sequence by CELL-Diff: masked residues are filled from left to right, each drawn by its probability given
// the picture of the protein, the stains of its cell and all residues that are known.

import { createGenerator, type Runtime } from "@proteoscope/engine";
import { ProteoscopeError } from "@proteoscope/formats";
import {
  cellDiffMaskId,
  cellDiffTokens,
  fillCellDiffSequence,
  openStagedCellDiff,
  tokenizeCellDiff,
} from "@proteoscope/models/released";
import type { StainPlanes } from "../generate/stain-planes.ts";
import type { WorkOptions } from "../progress.ts";
import { encodePicture, encodeStains } from "./generate-cell-diff.ts";
import { type CellDiffModel, cellDiffPixels } from "./model.ts";

/** A picture of a cell at the model's pixel size, [256, 256] each in [0, 1]. */
export interface PicturedCell {
  readonly protein: Float32Array;
  readonly nucleus: Float32Array;
  readonly stains?: StainPlanes | undefined;
}

/** What is drawn. */
export interface SequenceRequest {
  /** A sequence with <mask> where residues are wanted. */
  readonly template: string;
  /** Number of sequences. */
  readonly count: number;
  readonly seed: number;
}

/** A sequence that fits a picture. */
export interface DrawnSequence {
  readonly sequence: string;
  /** Mean log-probability of the residues that were drawn, in nats. */
  readonly meanLogProbability: number;
}

/**
 * Draws sequences that fit a picture.
 * @throws ProteoscopeError (usage, field `template`) for a template without a mask or too long, SequenceError for a letter
 * that the model does not know, the signal's reason when it is aborted.
 */
export async function* sequencesOfImage(
  runtime: Runtime,
  model: CellDiffModel,
  cell: PicturedCell,
  { template, count, seed }: SequenceRequest,
  { signal, onProgress, groupBytes }: Partial<WorkOptions> & { readonly groupBytes?: number } = {},
): AsyncGenerator<DrawnSequence, void, undefined> {
  const tokens = tokenizeCellDiff(template);
  const masked = tokens.filter((token) => token === cellDiffMaskId).length;
  const { maxTokens } = model.network.config;
  if (masked === 0 || tokens.length > maxTokens)
    throw new ProteoscopeError(
      masked === 0
        ? "the sequence has no <mask>: nothing is to be drawn"
        : `${tokens.length - 2} residues, ${model.name} reads ${maxTokens - 2} at most`,
      { kind: "usage", field: "template" },
    );
  const condition = await encodeStains(runtime, model, cell, seed);
  const protein = await encodePicture(runtime, model, cell.protein, { seed, index: 3 });
  const side = cellDiffPixels / 4;
  const stepper = await openStagedCellDiff(runtime, model.network, {
    ...{ tokens: tokens.length, height: side, width: side, keepsReader: true, signal, groupBytes },
    onGroup: (done, total) => onProgress?.({ phase: "read weights", unit: "parts", done, total }),
  });
  try {
    for (let index = 0; index < count; index += 1) {
      let sum = 0;
      const filled = await fillCellDiffSequence(stepper, model.network.config, {
        ...{ tokens, cell: condition, protein },
        ...(signal && { signal }),
        choose(probabilities, place) {
          const [uniform] = createGenerator(seed, "cell-diff residue", index, place).uniform(1);
          const chosen = draw(probabilities, uniform!);
          sum += Math.log(probabilities[chosen]!);
          return chosen;
        },
        onStep: (done) =>
          onProgress?.({
            ...{ phase: "sequence", unit: "residues", done: index * masked + done, total: count * masked },
          }),
      });
      const sequence = filled
        .slice(1, -1)
        .map((token) => cellDiffTokens[token]!)
        .join("");
      yield { sequence, meanLogProbability: sum / masked };
    }
  } finally {
    await stepper.close();
  }
}

/** The index at which the cumulated probabilities pass a number in [0, 1). */
function draw(probabilities: Float32Array, uniform: number): number {
  let sum = 0;
  for (const [index, probability] of probabilities.entries()) {
    sum += probability;
    if (uniform < sum) return index;
  }
  return probabilities.length - 1;
}
