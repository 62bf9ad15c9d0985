// A protein's sequence, encoded: the condition that the denoiser is given, and the compartments that are predicted from the
// sequence by the localization head, the head on sequence features and the protein's homologs.

import { compile, type Runtime, type Tensor } from "@proteoscope/engine";
import {
  answerProbabilities,
  applyCompartmentTarget,
  type Homologs,
  labelProbabilities,
  openHomologs,
  type ProteinContext,
  randomSequence,
  type SequenceWindow,
  sequenceCondition,
  sequenceInputWidth,
  sequenceRows,
} from "@proteoscope/models";
import type { SequenceModel } from "../model/model.ts";
import { openContextEncoder } from "./context.ts";
import {
  applyProteinNetworks,
  type ProteinNetworks,
  proteinInputs,
  proteinInputTypes,
  proteinWeights,
} from "./networks.ts";

/** A probability for each compartment, by name. */
export type CompartmentProbabilities = Readonly<Record<string, number>>;

/** A protein as the networks encode it: the condition of an image, and what is predicted from the sequence. */
export interface EncodedProtein {
  readonly sequence: string;
  /** The residues that the language model was shown. */
  readonly window: SequenceWindow;
  /** The denoiser's condition, [tokens, width]: <cls>, the residues and <eos>, then the context tokens. */
  readonly condition: Float32Array;
  readonly width: number;
  /** Names of the context tokens in the condition. */
  readonly context: readonly string[];
  /** k-mer similarity of the nearest annotated protein of the model, in [0, 1]; at 1 the protein itself is annotated. */
  readonly nearestHomolog: number | undefined;
  /** Logits of the compartments by all heads and homologs together, in the order of the labels. */
  readonly logits: Float32Array;
  /** Multi-label probabilities: each compartment by itself, so that they need not sum to 1. */
  readonly probabilities: CompartmentProbabilities;
  /** Single-label, balanced posterior: for a protein of one compartment, where all are equally frequent. Sums to 1. */
  readonly posterior: CompartmentProbabilities;
  /** Shares of the compartments that the denoiser is conditioned on, which sum to 1; undefined where the model has none. */
  readonly targetCompartments: CompartmentProbabilities | undefined;
}

/** Compiled networks that encode a protein. */
export interface ProteinEncoder {
  readonly model: SequenceModel;
  /**
   * Encodes a sequence; a model that was trained without context ignores `context`.
   * @throws SequenceError for a residue that the language model does not know, RangeError for an unknown cell line.
   */
  encode(sequence: string, context?: ProteinContext): Promise<EncodedProtein>;
  close(): Promise<void>;
}

/** Compiles the networks that read a sequence, for sequences of any length. */
export async function openProteinEncoder(runtime: Runtime, model: SequenceModel): Promise<ProteinEncoder> {
  const { constants, localization, calibration, languageModel, condition, extra } = model;
  const { labels } = localization.config;
  const networks = { ...model, windowResidues: constants.windowResidues };
  const width = sequenceInputWidth(condition.input, languageModel.config);
  const [program, homologs] = await Promise.all([
    compileEncoder(runtime, model, networks),
    indexHomologs(model),
  ]);
  const contextEncoder = extra && (await openContextEncoder(runtime, extra));
  return {
    model,
    encode: async (sequence, context = {}) => {
      const known = homologs?.score(sequence);
      const homologLogits = known?.logits ?? new Float32Array(labels.length);
      const { window, inputs } = proteinInputs(networks, sequence, homologLogits);
      const outputs = await program.run(inputs);
      const logits = outputs.logits!.data as Float32Array;
      const residues = outputs.condition?.data ?? randomSequence(sequence, width);
      const { target } = condition;
      const shares = outputs.shares?.data as Float32Array | undefined;
      const { names, tokens } = (await contextEncoder?.encode(context)) ?? {
        ...{ names: [], tokens: new Float32Array(0) },
      };
      return {
        ...{ sequence, window, width, logits, context: names, nearestHomolog: known?.nearest },
        condition: concatenate(residues as Float32Array, tokens),
        probabilities: byName(labels, labelProbabilities(logits, calibration)),
        posterior: byName(labels, answerProbabilities(logits, calibration)),
        targetCompartments: target && shares && byName(target.compartments, shares),
      };
    },
    close: async () => {
      await program.close();
      await contextEncoder?.close();
    },
  };
}

/** Takes this thread a good part of a second; it yields first, so that the networks compile meanwhile on other threads. */
async function indexHomologs({ homologs }: SequenceModel): Promise<Homologs | undefined> {
  await Promise.resolve();
  return homologs && openHomologs(homologs.config, homologs.proteins);
}

/**
 * inputs of `proteinInputTypes` -> logits [1, labels]; unless the condition is random numbers, condition
 * [1, tokens, width]; and where the model has a compartment target, its shares [1, target compartments].
 */
function compileEncoder(
  runtime: Runtime,
  { localization, condition, calibration }: SequenceModel,
  networks: ProteinNetworks,
) {
  const { labels } = localization.config;
  const scoped = [...condition.weights].map(([name, value]) => [`condition.${name}`, value] as const);
  return compile(
    runtime,
    (w, inputs): Record<string, Tensor> => {
      const reading = applyProteinNetworks(w, networks, inputs);
      const logits = reading.compartmentLogits!;
      if (condition.input === "random") return { logits };
      const rows = sequenceRows(reading, condition.input, networks.languageModel.config);
      const scope = w.at("condition");
      if (condition.target === undefined) return { logits, condition: sequenceCondition(scope, rows) };
      const targeted = applyCompartmentTarget(scope, logits, condition.target, labels, calibration.answer);
      const conditioned = { ...rows, compartmentLogits: targeted.logits };
      return { logits, shares: targeted.shares, condition: sequenceCondition(scope, conditioned) };
    },
    proteinInputTypes(networks, { homologs: true }),
    { weights: new Map([...proteinWeights(networks), ...scoped]) },
  );
}

/** Values in the order of the labels, by label. */
export function byName(labels: readonly string[], values: Float32Array): CompartmentProbabilities {
  return Object.fromEntries(labels.map((label, index) => [label, values[index]!]));
}

function concatenate(first: Float32Array, second: Float32Array): Float32Array {
  if (second.length === 0) return first;
  const whole = new Float32Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
