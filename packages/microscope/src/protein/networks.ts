// The networks that read a protein's sequence, as one graph: the language model, the localization head and the head on
// sequence features. Everything that encodes a protein, to train, to generate or to evaluate, is built from the functions
// of this file, so that a network is given in use what it was given in training.

import {
  f32,
  float32,
  type InputTypes,
  i64,
  type NdArray,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import {
  computeSequenceFeatures,
  type FileSource,
  type LanguageModelConfig,
  type LoadedFeatureHead,
  type LocalizationHeadConfig,
  languageModelFolder,
  loadFeatureHead,
  loadLanguageModel,
  loadLocalizationHead,
  readSequence,
  type SequenceReading,
  type SequenceWindow,
  sequenceFeatureCount,
  tokenizeBatch,
  windowSequence,
} from "@proteoscope/models";
import type { Component } from "../model/model.ts";

/** The networks that encode a protein, with their weights. */
export interface ProteinNetworks {
  readonly languageModel: Component<LanguageModelConfig>;
  /** undefined for a language model as it was published. */
  readonly localization: Component<LocalizationHeadConfig> | undefined;
  readonly sequenceFeatures: LoadedFeatureHead | undefined;
  /** Number of residues that the language model is shown; longer proteins are shown by both ends. */
  readonly windowResidues: number;
}

/** Window of a language model whose folder does not state one: the length of the original's training proteins. */
const defaultWindowResidues = 1024;

/**
 * Reads the `model` folder of a trained language model with its heads, or a checkpoint of ESM2 or ESMC as it was published, which
 * has none. @throws CheckpointError, WeightsError or FormatError, naming file and field.
 */
export async function readProteinNetworks(folder: FileSource): Promise<ProteinNetworks> {
  const languageModel = await loadLanguageModel(await languageModelFolder(folder));
  const localization = await loadLocalizationHead(folder, languageModel.config);
  const sequenceFeatures = await loadFeatureHead(folder, localization?.config.labels);
  const windowResidues = localization?.windowResidues ?? defaultWindowResidues;
  return { languageModel, localization, sequenceFeatures, windowResidues };
}

/** The inputs of the graph for one sequence of any length; `homologs` where homologs' logits are added to the heads'. */
export function proteinInputTypes(
  { localization, sequenceFeatures }: ProteinNetworks,
  { homologs }: { readonly homologs: boolean },
): InputTypes {
  return {
    inputIds: i64(1, "tokens"),
    ...(localization && homologs && { homologs: f32(1, localization.config.labels.length) }),
    ...(sequenceFeatures && { sequenceFeatures: f32(1, sequenceFeatureCount) }),
  };
}

/** The values of these inputs for a sequence. @throws SequenceError for a residue that the language model does not know. */
export function proteinInputs(
  { localization, sequenceFeatures, windowResidues }: ProteinNetworks,
  sequence: string,
  homologLogits?: Float32Array,
): { readonly window: SequenceWindow; readonly inputs: Readonly<Record<string, NdArray>> } {
  const window = windowSequence(sequence, windowResidues);
  const inputs = {
    inputIds: tokenizeBatch([window.sequence]).inputIds,
    ...(localization && homologLogits && { homologs: float32([1, homologLogits.length], homologLogits) }),
    ...(sequenceFeatures && {
      sequenceFeatures: float32([1, sequenceFeatureCount], computeSequenceFeatures(sequence)),
    }),
  };
  return { window, inputs };
}

/** The parameters of the graph, under the names that `applyProteinNetworks` gives them. */
export function proteinWeights({
  languageModel,
  localization,
  sequenceFeatures,
}: ProteinNetworks): Map<string, NdArray> {
  const features = [...(sequenceFeatures?.weights ?? [])];
  return new Map([
    ...languageModel.weights,
    ...(localization?.weights ?? []),
    ...features.map(([name, value]) => [`sequence_features.${name}`, value] as const),
  ]);
}

/** The graph: the representation [1, tokens, hidden] and, where there is a head, the compartments' logits [1, labels]. */
export function applyProteinNetworks(
  w: Weights,
  { languageModel, localization, sequenceFeatures }: ProteinNetworks,
  { inputIds, ...optional }: Readonly<Record<string, Tensor>>,
): SequenceReading {
  const network = {
    esm: languageModel.config,
    head: localization?.config,
    sequenceFeatures: sequenceFeatures?.config,
  };
  return readSequence(w, network, inputIds!, optional);
}
