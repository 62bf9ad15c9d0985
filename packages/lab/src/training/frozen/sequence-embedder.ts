// What a finished language model and its head say of a protein, as the denoiser is told it. One protein is computed at a
// time, so that an answer does not depend on its company and a resumed run gets the same bits.

import {
  compile,
  createGenerator,
  f32,
  float32,
  type InputTypes,
  mean,
  type NdArray,
  type Runtime,
  type Tensor,
} from "@proteoscope/engine";
import {
  applyProteinNetworks,
  type ProteinNetworks,
  proteinInputs,
  proteinInputTypes,
  proteinWeights,
} from "@proteoscope/microscope";
import {
  type CompartmentTarget,
  compartmentCondition,
  type LoadedCondition,
  randomSequence,
  type SequenceInput,
  sequenceCondition,
  sequenceInputWidth,
  sequenceRows,
} from "@proteoscope/models";
import type { PrepareOptions } from "../loop.ts";
import { withPrefix } from "../model-files.ts";
import { memoize } from "./memoize.ts";

/** The networks that read a sequence, with what homologs add to their logits: one number per label. */
export interface TrainingEncoder extends ProteinNetworks {
  readonly homologLogits?: ((sequence: string) => Float32Array) | undefined;
}

export interface SequenceEmbedder {
  /**
   * The condition [tokens, width] of a protein, <cls> and <eos> included, as one array: its residues with its compartments,
   * with those of another protein's sequence, or with what is told of them [width].
   */
  embed(sequence: string, compartments?: string | Float32Array): Promise<Float32Array>;
  /** What is told of each compartment that may be decided on, [width]; undefined where nothing is decided. */
  readonly prototypes: ReadonlyMap<string, Float32Array> | undefined;
  readonly width: number;
  close(): Promise<void>;
}

/** Of a condition of 400 tokens and 192 numbers each 1.5 GB, an atlas's human proteins. */
const keptProteins = 5000;

/** Embeds proteins by a finished language model and what was measured of it. */
export async function createEmbedder(
  runtime: Runtime,
  model: TrainingEncoder,
  { input, target, weights }: LoadedCondition,
): Promise<SequenceEmbedder> {
  const width = sequenceInputWidth(input, model.languageModel.config);
  if (input === "random") {
    const embed = async (sequence: string) => randomSequence(sequence, width);
    return { width, embed, prototypes: undefined, close: async () => {} };
  }
  const prototypes = target && (await prototypeConditions(runtime, target, weights, width));
  const program = await compile(
    runtime,
    (w, inputs): Record<string, Tensor> => {
      const rows = sequenceRows(applyProteinNetworks(w, model, inputs), input, model.languageModel.config);
      const scope = w.at("condition");
      const compartments =
        rows.compartmentLogits && compartmentCondition(scope, rows.compartmentLogits, width);
      return { condition: sequenceCondition(scope, rows), ...(compartments && { compartments }) };
    },
    inputTypesOf(model),
    { weights: new Map([...proteinWeights(model), ...withPrefix(weights, "condition.")]) },
  );
  const context = memoize(
    async (sequence: string) => {
      const { condition, compartments } = await program.run(inputsOf(sequence, model));
      const data = {
        condition: condition!.data,
        compartments: compartments?.data ?? new Float32Array(width),
      };
      return data as Record<keyof typeof data, Float32Array>;
    },
    (sequence) => sequence,
    keptProteins,
  );
  return {
    ...{ width, prototypes },
    embed: async (sequence, other = sequence) => {
      const { condition, compartments } = await context(sequence);
      if (other === sequence) return condition;
      const instead = typeof other === "string" ? (await context(other)).compartments : other;
      return condition.map((x, i) => x - compartments[i % width]! + instead[i % width]!);
    },
    close: () => program.close(),
  };
}

/** What every residue is told of each compartment that may be decided on, [width]. */
async function prototypeConditions(
  runtime: Runtime,
  { compartments }: CompartmentTarget,
  weights: LoadedCondition["weights"],
  width: number,
): Promise<Map<string, Float32Array>> {
  const logits = weights.get(prototypesName)!;
  const program = await compile(
    runtime,
    (w, inputs) => ({ context: compartmentCondition(w, inputs.logits, width) }),
    { logits: f32(...logits.shape) },
    { weights },
  );
  try {
    const context = (await program.run({ logits })).context.data as Float32Array;
    return new Map(compartments.map((name, row) => [name, context.slice(row * width, (row + 1) * width)]));
  } finally {
    await program.close();
  }
}

/** Of `decideCompartments`. */
export const prototypesName = "compartments.prototypes";

/** A row a protein: the mean of what stands for its residues, and its compartments' logits where there is a head. */
export interface ProteinTable {
  readonly residues: readonly Float32Array[];
  readonly compartments: readonly Float32Array[] | undefined;
}

/** Reads proteins by a finished language model, the residues as `input` says (of "random" nothing is measured). */
export async function tabulateProteins(
  runtime: Runtime,
  model: TrainingEncoder,
  sequences: readonly string[],
  input: SequenceInput = "full",
  onRead?: PrepareOptions["onRead"],
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
  try {
    const rows = { residues: [] as Float32Array[], compartments: [] as Float32Array[] };
    for (const sequence of sequences) {
      const outputs = await program.run(inputsOf(sequence, model));
      rows.residues.push(outputs.residues!.data as Float32Array);
      if (model.localization !== undefined)
        rows.compartments.push(outputs.compartments!.data as Float32Array);
      onRead?.(rows.residues.length, sequences.length);
    }
    return { ...rows, compartments: model.localization && rows.compartments };
  } finally {
    await program.close();
  }
}

/**
 * Weights of `sequenceCondition` that bring these proteins to zero mean and unit deviation, with random directions for
 * the compartments, where they are told, whose squares add up to one.
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
    return Math.sqrt(squares / values.length) || 1; // a column that is the same for all says nothing
  });
  const vectorOf = (values: number[]) => float32([values.length], Float32Array.from(values));
  return new Map([
    ["mean", vectorOf(means)],
    ["deviation", vectorOf(deviations)],
  ]);
}

function inputTypesOf(model: TrainingEncoder): InputTypes {
  return proteinInputTypes(model, { homologs: model.homologLogits !== undefined });
}

function inputsOf(sequence: string, model: TrainingEncoder): Readonly<Record<string, NdArray>> {
  return proteinInputs(model, sequence, model.homologLogits?.(sequence)).inputs;
}
