// What a protein's sequence says by itself: the language model's representation of its residues (ESM2, Lin et al. 2023)
// and the compartments that the localization head reads off it. The microscope draws from the former; `localize`
// stops here.

import { compile, i64, type Program, type Runtime } from "@proteoscope/engine";
import {
  answerProbabilities,
  esm2,
  labelProbabilities,
  localizationHead,
  type SequenceWindow,
  sequenceCondition,
  tokenizeBatch,
  windowSequence,
} from "@proteoscope/models";
import type { SequenceModel } from "./model.ts";

/** A probability for each compartment, by name. */
export type CompartmentProbabilities = Readonly<Record<string, number>>;

/** A protein as the language model reads it. */
export interface ReadProtein {
  readonly sequence: string;
  /** What the language model was shown. */
  readonly window: SequenceWindow;
  /** What the denoiser is told, [tokens, width], <cls> and <eos> included. */
  readonly condition: Float32Array;
  readonly width: number;
  /** The localization head's logits, in the order of its labels. */
  readonly logits: Float32Array;
  /** From the sequence alone; compartments do not exclude each other. */
  readonly compartments: CompartmentProbabilities;
  /** If the protein were in one compartment alone and none were more frequent than others: they sum to 1. */
  readonly answer: CompartmentProbabilities;
}

export interface ProteinReader {
  readonly model: SequenceModel;
  /** @throws SequenceError for a residue that the language model does not know. */
  read(sequence: string): Promise<ReadProtein>;
  close(): Promise<void>;
}

/** Compiles the language model with its head; any length of sequence will do. */
export async function openProteinReader(runtime: Runtime, model: SequenceModel): Promise<ProteinReader> {
  const { constants, localization, calibration } = model;
  const { labels } = localization.config;
  const program = await compileReader(runtime, model);
  return {
    model,
    read: async (sequence) => {
      const window = windowSequence(sequence, constants.windowResidues);
      const { inputIds } = tokenizeBatch([window.sequence]);
      const { condition, compartmentLogits } = await program.run({ inputIds });
      const logits = compartmentLogits.data as Float32Array;
      return {
        sequence,
        window,
        condition: condition.data as Float32Array,
        width: condition.shape[2]!,
        logits,
        compartments: byName(labels, labelProbabilities(logits, calibration)),
        answer: byName(labels, answerProbabilities(logits, calibration)),
      };
    },
    close: () => program.close(),
  };
}

/** input_ids [1, tokens] -> condition [1, tokens, width] and the head's logits [1, compartments]. */
function compileReader(
  runtime: Runtime,
  { languageModel, localization, condition }: SequenceModel,
): Promise<Program<"inputIds", "condition" | "compartmentLogits">> {
  const measured = [...condition].map(([name, value]) => [`condition.${name}`, value] as const);
  const weights = new Map([...languageModel.weights, ...localization.weights, ...measured]);
  return compile(
    runtime,
    (w, { inputIds }) => {
      const representation = esm2(w, languageModel.config, { inputIds }).representations.at(-1)!;
      const head = w.at("localization");
      const compartmentLogits = localizationHead(head, localization.config, { inputIds, representation });
      return {
        condition: sequenceCondition(w.at("condition"), { representation, compartmentLogits }),
        compartmentLogits,
      };
    },
    { inputIds: i64(1, "tokens") },
    { weights },
  );
}

/** Values in the order of the labels, by label. */
export function byName(labels: readonly string[], values: Float32Array): CompartmentProbabilities {
  return Object.fromEntries(labels.map((label, index) => [label, values[index]!]));
}
