// The conditions of a denoiser's training proteins, and the embeddings of every other network on pairs, from the protein
// networks that also serve generation. One protein is computed at a time, so that its condition does not depend on the others
// of a batch and a resumed run gets the same bits.

import { compile, f32, type InputTypes, type NdArray, type Runtime, type Tensor } from "@proteoscope/engine";
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
  sequenceCondition,
  sequenceInputWidth,
  sequenceRows,
} from "@proteoscope/models";
import type { PrepareOptions } from "../loop.ts";
import { withPrefix } from "../model-files.ts";
import type { SequenceEmbeddings } from "./embedding-batch.ts";
import { openFrozenCache } from "./frozen-cache.ts";
import { memoize } from "./memoize.ts";

/** The tensor of a condition that holds the prototypes of the target compartments. */
export const prototypesName = "compartments.prototypes";

/** The networks that read a sequence, with what homologs add to their logits: one number per label. */
export interface TrainingEncoder extends ProteinNetworks {
  readonly homologLogits?: ((sequence: string) => Float32Array) | undefined;
}

/** Its `embed` gives the condition of a protein, <cls> and <eos> included. */
export interface SequenceEmbedder extends SequenceEmbeddings {
  /** The condition of each target compartment, [width]; undefined where the model has none. */
  readonly prototypes: ReadonlyMap<string, Float32Array> | undefined;
  readonly width: number;
  close(): Promise<void>;
}

/** The human proteins of an atlas; conditions of 400 tokens and 192 numbers take 1.5 GB. */
const cachedProteins = 5000;

/** Compiles finished networks and a condition that was measured with them. */
export async function createEmbedder(
  runtime: Runtime,
  model: TrainingEncoder,
  { input, target, weights }: LoadedCondition,
  { cacheDir }: Pick<PrepareOptions, "cacheDir"> = {},
): Promise<SequenceEmbedder> {
  const width = sequenceInputWidth(input, model.languageModel.config);
  if (input === "random") {
    const embed = async (sequence: string) => randomSequence(sequence, width);
    return { width, embed, prototypes: undefined, close: async () => {} };
  }
  const prototypes = target && (await prototypeConditions(runtime, target, weights, width));
  const all = new Map([...proteinWeights(model), ...withPrefix(weights, "condition.")]);
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
    { weights: all },
  );
  const cache = await openFrozenCache({
    ...{ cacheDir, name: "conditions", weights: all },
    settings: [settingsOf(runtime, model), input],
  });
  const context = memoize(
    async (sequence: string) => {
      const values = await cache.get(cacheKeyOf(sequence, model), async () => {
        const { condition, compartments } = await program.run(inputsOf(sequence, model));
        const joined = new Float32Array(condition!.data.length + width); // zeros where there are no compartments
        joined.set(condition!.data as Float32Array);
        if (compartments !== undefined) joined.set(compartments.data as Float32Array, condition!.data.length);
        return joined;
      });
      const end = values.length - width;
      return { condition: values.slice(0, end), compartments: values.slice(end) };
    },
    (sequence) => sequence,
    cachedProteins,
  );
  return {
    width,
    prototypes,
    embed: async (sequence, other = sequence) => {
      const { condition, compartments } = await context(sequence);
      if (other === sequence) return condition;
      const instead = typeof other === "string" ? (await context(other)).compartments : other;
      return condition.map((x, i) => x - compartments[i % width]! + instead[i % width]!);
    },
    async close() {
      await cache.close();
      await program.close();
    },
  };
}

/** The part of a residue's condition that stands for each target compartment, [width]. */
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

/** Input types of the networks for one sequence. */
export function inputTypesOf(model: TrainingEncoder): InputTypes {
  return proteinInputTypes(model, { homologs: model.homologLogits !== undefined });
}

/** Inputs of the networks for one sequence. */
export function inputsOf(sequence: string, model: TrainingEncoder): Readonly<Record<string, NdArray>> {
  return proteinInputs(model, sequence, model.homologLogits?.(sequence)).inputs;
}

/** What results of the networks depend on beside weights and sequence. */
export function settingsOf(runtime: Runtime, model: TrainingEncoder): unknown {
  const { languageModel, localization, sequenceFeatures, windowResidues } = model;
  const configs = [languageModel, localization, sequenceFeatures].map((part) => part?.config ?? null);
  return [runtime.device, configs, windowResidues];
}

/** A sequence, with what its homologs add. */
export function cacheKeyOf(sequence: string, model: TrainingEncoder): (string | Float32Array)[] {
  return [sequence, model.homologLogits?.(sequence) ?? "no homologs"];
}
