// A baseline on amino-acid composition: logistic regression on the fractions of the twenty residues in the whole sequence
// and at either end, and on its length. A language model that is not better than this has learned nothing from the order.

import { createGenerator } from "@proteoscope/engine";
import { openLabelGradients } from "../../calibrate/gradients.ts";
import { compartments, sequenceTargets } from "../../data/atlas/compartments.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { pause } from "../../pause.ts";

/** Gives the logits of a sequence [compartments], in the order of `compartments`. */
export type SequenceBaseline = (sequence: string) => Float32Array;

const residues = "ACDEFGHIKLMNPQRSTVWY";
/** Number of residues at either end that are counted separately, because sorting signals stand there. */
const terminus = 30;

/** Features of a sequence [3 * 20 + 1]: fractions of residues in the whole and at either end, and the log of the length. */
export function compositionFeatures(sequence: string): Float64Array {
  const parts = [sequence, sequence.slice(0, terminus), sequence.slice(-terminus)];
  const shares = parts.flatMap((part) => {
    const counts = new Array<number>(residues.length).fill(0);
    for (const residue of part) {
      const index = residues.indexOf(residue);
      if (index >= 0) counts[index]! += 1 / part.length;
    }
    return counts;
  });
  return Float64Array.of(...shares, Math.log(sequence.length));
}

export interface CompositionOptions {
  /** Default 0. */
  readonly seed?: number;
  /** Default 20. */
  readonly epochs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each epoch. */
  readonly onEpoch?: ((done: number, total: number) => void) | undefined;
}

const firstStep = 0.02;
const batchSize = 64;

/**
 * Fits the regression to training proteins, by Adam (Kingma & Ba 2014) with a learning rate that falls to 0.
 * @throws RangeError for no proteins; the signal's reason when it is aborted
 */
export async function fitComposition(
  training: readonly Protein[],
  { seed = 0, epochs = 20, signal, onEpoch }: CompositionOptions = {},
): Promise<SequenceBaseline> {
  if (training.length === 0) throw new RangeError("no protein to fit a composition baseline to");
  const targets = training.map(sequenceTargets);
  const raw = training.map(({ sequence }) => compositionFeatures(sequence));
  const unit = openStandardization(raw);
  const rows = raw.map(unit);
  const gradientsOf = openLabelGradients(compartments);
  const [inputs, outputs] = [rows[0]!.length, compartments.length];
  const weights = new Float64Array(inputs * outputs);
  const [means, squares] = [new Float64Array(weights.length), new Float64Array(weights.length)];
  const batches = Math.ceil(rows.length / batchSize);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = createGenerator(seed, "composition", epoch).shuffle(rows.length);
    for (let batch = 0; batch < batches; batch++) {
      await pause(signal);
      const gradient = new Float64Array(weights.length);
      const chosen = order.subarray(batch * batchSize, (batch + 1) * batchSize);
      for (const index of chosen) {
        const probabilities = multiply(weights, rows[index]!).map((x) => 1 / (1 + Math.exp(-x)));
        const gradients = gradientsOf(probabilities, targets[index]!);
        for (let i = 0; i < inputs; i++)
          for (let o = 0; o < outputs; o++)
            gradient[i * outputs + o]! += (rows[index]![i]! * gradients[o]!) / chosen.length;
      }
      const size = firstStep * (1 - (epoch * batches + batch) / (epochs * batches));
      for (let i = 0; i < weights.length; i++) {
        means[i] = 0.9 * means[i]! + 0.1 * gradient[i]!;
        squares[i] = 0.99 * squares[i]! + 0.01 * gradient[i]! ** 2;
        weights[i]! -= (size * means[i]!) / (Math.sqrt(squares[i]!) + 1e-8);
      }
    }
    onEpoch?.(epoch + 1, epochs);
  }
  return (sequence) => Float32Array.from(multiply(weights, unit(compositionFeatures(sequence))));
}

/** weights [inputs, compartments] by row [inputs] */
function multiply(weights: Float64Array, row: Float64Array): Float64Array {
  const outputs = compartments.length;
  const sums = new Float64Array(outputs);
  for (let i = 0; i < row.length; i++)
    for (let o = 0; o < outputs; o++) sums[o]! += row[i]! * weights[i * outputs + o]!;
  return sums;
}

/** Brings features to zero mean and unit deviation over rows, and adds a constant. */
function openStandardization(rows: readonly Float64Array[]): (row: Float64Array) => Float64Array {
  const mean = rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
  const deviation = mean.map((centre, i) =>
    Math.sqrt(rows.reduce((sum, row) => sum + (row[i]! - centre) ** 2, 0) / rows.length),
  );
  return (row) =>
    Float64Array.of(...row.map((x, i) => (deviation[i]! > 0 ? (x - mean[i]!) / deviation[i]! : 0)), 1);
}
