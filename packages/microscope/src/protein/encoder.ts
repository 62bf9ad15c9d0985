// What a protein's sequence says: the language model's representation of its residues (ESM2, Lin et al. 2023) and the
// compartments that the localization head reads off it, with what descriptors of the sequence and the protein's relatives
// say. The microscope draws from the former and from what is decided of the latter; `localize` stops here.

import { compile, f32, float32, type InputTypes, i64, type Runtime, type Tensor } from "@proteoscope/engine";
import {
  answerProbabilities,
  decideCompartments,
  describeSequence,
  descriptorCount,
  labelProbabilities,
  openRelatives,
  type Relatives,
  randomSequence,
  readSequence,
  type SequenceWindow,
  sequenceCondition,
  sequenceInputWidth,
  sequenceRows,
  type ToldOfProtein,
  tokenizeBatch,
  windowSequence,
} from "@proteoscope/models";
import type { Component, SequenceModel } from "../model/model.ts";
import { openTeller } from "./context.ts";

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
  readonly told: readonly string[];
  /** Likeness of the nearest annotated protein that the model brings, in [0, 1]; at 1 the protein itself is known. */
  readonly nearestRelative: number | undefined;
  /** The localization head's logits with what descriptors and relatives say, in the order of its labels. */
  readonly logits: Float32Array;
  /** From the sequence alone; compartments do not exclude each other. */
  readonly compartments: CompartmentProbabilities;
  /** If the protein were in one compartment alone and none were more frequent than others: they sum to 1. */
  readonly answer: CompartmentProbabilities;
  /** Shares of the compartments that the denoiser is told to draw, which sum to 1; undefined where none are decided. */
  readonly drawnAs: CompartmentProbabilities | undefined;
}

export interface ProteinReader {
  readonly model: SequenceModel;
  /**
   * `told` is what is known beside the sequence; a model that was not trained with it takes no notice.
   * @throws SequenceError for a residue that the language model does not know, RangeError for an unknown cell line.
   */
  read(sequence: string, told?: ToldOfProtein): Promise<ReadProtein>;
  close(): Promise<void>;
}

/** Compiles the language model with its head; any length of sequence will do. */
export async function openProteinReader(runtime: Runtime, model: SequenceModel): Promise<ProteinReader> {
  const { constants, localization, calibration, languageModel, condition, extra } = model;
  const { labels } = localization.config;
  const width = sequenceInputWidth(condition.input, languageModel.config);
  const [program, relatives] = await Promise.all([compileReader(runtime, model), listRelatives(model)]);
  const teller = extra && (await openTeller(runtime, extra));
  return {
    model,
    read: async (sequence, told = {}) => {
      const window = windowSequence(sequence, constants.windowResidues);
      const { inputIds } = tokenizeBatch([window.sequence]);
      const known = relatives?.tell(sequence);
      const outputs = await program.run({
        inputIds,
        relatives: float32([1, labels.length], known?.logits ?? new Float32Array(labels.length)),
        ...(model.descriptors && {
          descriptors: float32([1, descriptorCount], describeSequence(sequence)),
        }),
      });
      const logits = outputs.logits!.data as Float32Array;
      const residues = outputs.condition?.data ?? randomSequence(sequence, width);
      const { decision } = condition;
      const shares = outputs.shares?.data as Float32Array | undefined;
      const beside = (await teller?.tell(told)) ?? { names: [], tokens: new Float32Array(0) };
      return {
        ...{ sequence, window, width, logits, told: beside.names, nearestRelative: known?.nearest },
        condition: joined(residues as Float32Array, beside.tokens),
        compartments: byName(labels, labelProbabilities(logits, calibration)),
        answer: byName(labels, answerProbabilities(logits, calibration)),
        drawnAs: decision && shares && byName(decision.compartments, shares),
      };
    },
    close: async () => {
      await program.close();
      await teller?.close();
    },
  };
}

/** Takes this thread a good part of a second: behind what a microscope sets other threads to compile at the same time. */
async function listRelatives({ relatives }: SequenceModel): Promise<Relatives | undefined> {
  await Promise.resolve();
  return relatives && openRelatives(relatives.config, relatives.proteins);
}

/**
 * input_ids [1, tokens], what relatives say [1, compartments] and, where the model reads them, descriptors
 * [1, descriptorCount] -> logits [1, compartments], unless it is drawn condition [1, tokens, width] and, where they are
 * decided, shares [1, drawn compartments].
 */
function compileReader(runtime: Runtime, model: SequenceModel) {
  const { languageModel, localization, descriptors, condition, calibration } = model;
  const { labels } = localization.config;
  const below = (scope: string, named: Component<unknown>["weights"] = new Map()) =>
    [...named].map(([name, value]) => [`${scope}.${name}`, value] as const);
  const weights = new Map([
    ...languageModel.weights,
    ...localization.weights,
    ...below("descriptors", descriptors?.weights),
    ...below("condition", condition.weights),
  ]);
  const network = {
    esm: languageModel.config,
    head: localization.config,
    descriptors: descriptors?.config,
  };
  const inputTypes: InputTypes = {
    ...{ inputIds: i64(1, "tokens"), relatives: f32(1, labels.length) },
    ...(descriptors && { descriptors: f32(1, descriptorCount) }),
  };
  return compile(
    runtime,
    (w, { inputIds, ...beside }): Record<string, Tensor> => {
      const reading = readSequence(w, network, inputIds!, beside);
      const logits = reading.compartmentLogits!;
      if (condition.input === "random") return { logits };
      const rows = sequenceRows(reading, condition.input, network.esm);
      const scope = w.at("condition");
      if (condition.decision === undefined) return { logits, condition: sequenceCondition(scope, rows) };
      const decided = decideCompartments(scope, logits, condition.decision, labels, calibration.answer);
      const told = { ...rows, compartmentLogits: decided.logits };
      return { logits, shares: decided.shares, condition: sequenceCondition(scope, told) };
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
