// What a protein's sequence says: the language model's representation of its residues (ESM2, Lin et al. 2023) and the
// compartments that the localization head reads off it, with what descriptors of the sequence and the protein's relatives
// say. The microscope draws from the former and from what is decided of the latter; `localize` stops here.

import { compile, f32, float32, type InputTypes, i64, type Runtime, type Tensor } from "@proteoscope/engine";
import {
  answerProbabilities,
  applyCompartmentTarget,
  computeSequenceFeatures,
  type Homologs,
  labelProbabilities,
  openHomologs,
  type ProteinContext,
  randomSequence,
  readSequence,
  type SequenceWindow,
  sequenceCondition,
  sequenceFeatureCount,
  sequenceInputWidth,
  sequenceRows,
  tokenizeBatch,
  windowSequence,
} from "@proteoscope/models";
import type { Component, SequenceModel } from "../model/model.ts";
import { openContextEncoder } from "./context.ts";

/** A probability for each compartment, by name. */
export type CompartmentProbabilities = Readonly<Record<string, number>>;

/** A protein as the language model reads it. */
export interface ReadProtein {
  readonly sequence: string;
  /** What the language model was shown. */
  readonly window: SequenceWindow;
  /** What the denoiser is told, [tokens, width]: of the residues, <cls> and <eos>, then of what is known beside. */
  readonly condition: Float32Array;
  readonly width: number;
  /** Names of the extra conditions that are among it. */
  readonly context: readonly string[];
  /** Likeness of the nearest annotated protein that the model brings, in [0, 1]; at 1 the protein itself is known. */
  readonly nearestHomolog: number | undefined;
  /** The localization head's logits with what descriptors and relatives say, in the order of its labels. */
  readonly logits: Float32Array;
  /** From the sequence alone; compartments do not exclude each other. */
  readonly compartments: CompartmentProbabilities;
  /** If the protein were in one compartment alone and none were more frequent than others: they sum to 1. */
  readonly answer: CompartmentProbabilities;
  /** Shares of the compartments that the denoiser is told to draw, which sum to 1; undefined where none are decided. */
  readonly targetCompartments: CompartmentProbabilities | undefined;
}

export interface ProteinReader {
  readonly model: SequenceModel;
  /**
   * `context` is what is known beside the sequence; a model that was not trained with it takes no notice.
   * @throws SequenceError for a residue that the language model does not know, RangeError for an unknown cell line.
   */
  read(sequence: string, context?: ProteinContext): Promise<ReadProtein>;
  close(): Promise<void>;
}

/** Compiles the language model with its head; any length of sequence will do. */
export async function openProteinReader(runtime: Runtime, model: SequenceModel): Promise<ProteinReader> {
  const { constants, localization, calibration, languageModel, condition, extra } = model;
  const { labels } = localization.config;
  const width = sequenceInputWidth(condition.input, languageModel.config);
  const [program, homologs] = await Promise.all([compileReader(runtime, model), indexHomologs(model)]);
  const contextEncoder = extra && (await openContextEncoder(runtime, extra));
  return {
    model,
    read: async (sequence, context = {}) => {
      const window = windowSequence(sequence, constants.windowResidues);
      const { inputIds } = tokenizeBatch([window.sequence]);
      const known = homologs?.score(sequence);
      const outputs = await program.run({
        inputIds,
        homologs: float32([1, labels.length], known?.logits ?? new Float32Array(labels.length)),
        ...(model.sequenceFeatures && {
          sequenceFeatures: float32([1, sequenceFeatureCount], computeSequenceFeatures(sequence)),
        }),
      });
      const logits = outputs.logits!.data as Float32Array;
      const residues = outputs.condition?.data ?? randomSequence(sequence, width);
      const { target } = condition;
      const shares = outputs.shares?.data as Float32Array | undefined;
      const beside = (await contextEncoder?.encode(context)) ?? { names: [], tokens: new Float32Array(0) };
      return {
        ...{ sequence, window, width, logits, context: beside.names, nearestHomolog: known?.nearest },
        condition: joined(residues as Float32Array, beside.tokens),
        compartments: byName(labels, labelProbabilities(logits, calibration)),
        answer: byName(labels, answerProbabilities(logits, calibration)),
        targetCompartments: target && shares && byName(target.compartments, shares),
      };
    },
    close: async () => {
      await program.close();
      await contextEncoder?.close();
    },
  };
}

/** Takes this thread a good part of a second: behind what a microscope sets other threads to compile at the same time. */
async function indexHomologs({ homologs }: SequenceModel): Promise<Homologs | undefined> {
  await Promise.resolve();
  return homologs && openHomologs(homologs.config, homologs.proteins);
}

/**
 * input_ids [1, tokens], what relatives say [1, compartments] and, where the model reads them, descriptors
 * [1, descriptorCount] -> logits [1, compartments], unless it is drawn condition [1, tokens, width] and, where they are
 * decided, shares [1, drawn compartments].
 */
function compileReader(runtime: Runtime, model: SequenceModel) {
  const { languageModel, localization, sequenceFeatures, condition, calibration } = model;
  const { labels } = localization.config;
  const below = (scope: string, named: Component<unknown>["weights"] = new Map()) =>
    [...named].map(([name, value]) => [`${scope}.${name}`, value] as const);
  const weights = new Map([
    ...languageModel.weights,
    ...localization.weights,
    ...below("sequence_features", sequenceFeatures?.weights),
    ...below("condition", condition.weights),
  ]);
  const network = {
    esm: languageModel.config,
    head: localization.config,
    sequenceFeatures: sequenceFeatures?.config,
  };
  const inputTypes: InputTypes = {
    ...{ inputIds: i64(1, "tokens"), homologs: f32(1, labels.length) },
    ...(sequenceFeatures && { sequenceFeatures: f32(1, sequenceFeatureCount) }),
  };
  return compile(
    runtime,
    (w, { inputIds, ...beside }): Record<string, Tensor> => {
      const reading = readSequence(w, network, inputIds!, beside);
      const logits = reading.compartmentLogits!;
      if (condition.input === "random") return { logits };
      const rows = sequenceRows(reading, condition.input, network.esm);
      const scope = w.at("condition");
      if (condition.target === undefined) return { logits, condition: sequenceCondition(scope, rows) };
      const targeted = applyCompartmentTarget(scope, logits, condition.target, labels, calibration.answer);
      const context = { ...rows, compartmentLogits: targeted.logits };
      return { logits, shares: targeted.shares, condition: sequenceCondition(scope, context) };
    },
    inputTypes,
    { weights },
  );
}

/** Values in the order of the labels, by label. */
export function byName(labels: readonly string[], values: Float32Array): CompartmentProbabilities {
  return Object.fromEntries(labels.map((label, index) => [label, values[index]!]));
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  if (second.length === 0) return first;
  const whole = new Float32Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
