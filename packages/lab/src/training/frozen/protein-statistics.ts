// Statistics of the training proteins as finished networks represent them, from which their condition is made: residues and
// compartment logits at zero mean and unit deviation. They are stored with the network that is trained on them.

import {
  compile,
  createGenerator,
  float32,
  mean,
  type NdArray,
  type Runtime,
  type Tensor,
} from "@proteoscope/engine";
import { applyProteinNetworks, proteinWeights } from "@proteoscope/microscope";
import { type SequenceInput, sequenceRows } from "@proteoscope/models";
import type { PrepareOptions } from "../loop.ts";
import { withPrefix } from "../model-files.ts";
import { openFrozenCache } from "./frozen-cache.ts";
import { cacheKeyOf, inputsOf, inputTypesOf, settingsOf, type TrainingEncoder } from "./sequence-embedder.ts";

/** One row per protein: the mean of its residues' rows, and its compartment logits where there is a localization head. */
export interface ProteinTable {
  readonly residues: readonly Float32Array[];
  readonly compartments: readonly Float32Array[] | undefined;
}

/** Applies finished networks to proteins, whose residues are represented by `input`; "random" is measured like "full". */
export async function tabulateProteins(
  runtime: Runtime,
  model: TrainingEncoder,
  sequences: readonly string[],
  input: SequenceInput = "full",
  { onRead, cacheDir }: PrepareOptions = {},
): Promise<ProteinTable> {
  const program = await compile(
    runtime,
    (w, inputs): Record<string, Tensor> => {
      const reading = applyProteinNetworks(w, model, inputs);
      const rows = sequenceRows(reading, input === "random" ? "full" : input, model.languageModel.config);
      const { compartmentLogits } = reading;
      return {
        residues: mean(rows.representation, { axes: [1] }),
        ...(compartmentLogits && { compartments: compartmentLogits }),
      };
    },
    inputTypesOf(model),
    { weights: proteinWeights(model) },
  );
  const cache = await openFrozenCache({
    ...{ cacheDir, name: "proteins", weights: proteinWeights(model) },
    settings: [settingsOf(runtime, model), input],
  });
  try {
    const rows = { residues: [] as Float32Array[], compartments: [] as Float32Array[] };
    const labels = model.localization?.config.labels.length ?? 0;
    for (const sequence of sequences) {
      const values = await cache.get(cacheKeyOf(sequence, model), async () => {
        const { residues, compartments } = await program.run(inputsOf(sequence, model));
        return Float32Array.of(
          ...(residues!.data as Float32Array),
          ...((compartments?.data ?? []) as Float32Array),
        );
      });
      rows.residues.push(values.slice(0, values.length - labels));
      if (labels > 0) rows.compartments.push(values.slice(values.length - labels));
      onRead?.(rows.residues.length, sequences.length);
    }
    return { ...rows, compartments: model.localization && rows.compartments };
  } finally {
    await cache.close();
    await program.close();
  }
}

/**
 * Weights of `sequenceCondition` that bring these proteins to zero mean and unit deviation, with random directions for
 * the compartments, where they are part of the condition, whose squares add up to one.
 */
export function conditionWeights(
  { residues, compartments }: ProteinTable,
  seed: number,
  input: SequenceInput = "full",
): Map<string, NdArray> {
  if (input === "random") return new Map();
  const measured = withPrefix(momentsOf(residues), "residues.");
  if (compartments === undefined || input === "one_hot") return measured;
  const [width, count] = [residues[0]!.length, compartments[0]!.length];
  const directions = createGenerator(seed, "compartment directions")
    .normal(count * width)
    .map((value) => value / Math.sqrt(count));
  return new Map([
    ...measured,
    ...withPrefix(momentsOf(compartments), "compartments."),
    ["compartments.directions", float32([count, width], directions)],
  ]);
}

/** Mean and standard deviation of each column. */
export function momentsOf(rows: readonly Float32Array[]): Map<string, NdArray> {
  const columns = Array.from(rows[0]!, (_, column) => rows.map((row) => row[column]!));
  const means = columns.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  const deviations = columns.map((values, column) => {
    const squares = values.reduce((sum, value) => sum + (value - means[column]!) ** 2, 0);
    return Math.sqrt(squares / values.length) || 1; // a constant column carries nothing
  });
  const vectorOf = (values: number[]) => float32([values.length], Float32Array.from(values));
  return new Map([
    ["mean", vectorOf(means)],
    ["deviation", vectorOf(deviations)],
  ]);
}
