// What networks on proteins begin with: ESM2 reads a sequence, and the localization head, where the model has one, says
// in which compartments the protein may be, with what descriptors and relatives of the sequence say. Trainers, embedders
// and the microscope all read by this function.

import { add, type RandomSource, type Tensor, type Weights } from "@proteoscope/engine";
import { type Esm2Config, esm2 } from "../esm2/network.ts";
import { type FeatureHeadConfig, featureHead } from "../localization/feature-head.ts";
import { type LocalizationHeadConfig, localizationHead } from "../localization/head.ts";

export interface SequenceNetwork {
  readonly esm: Esm2Config;
  /** Parameters below `localization`; undefined for a language model as it was published. */
  readonly head: LocalizationHeadConfig | undefined;
  /** Parameters below `sequence_features`. */
  readonly sequenceFeatures?: FeatureHeadConfig | undefined;
}

export interface SequenceReading {
  /** int32 or int64 [B, L]. */
  readonly inputIds: Tensor;
  /** ESM2's last representation, [B, L, hidden]. */
  readonly representation: Tensor;
  /** [B, compartments], where there is a head. */
  readonly compartmentLogits: Tensor | undefined;
}

export interface ReadSequenceOptions {
  /** Draws dropout, in training alone. */
  readonly random?: RandomSource | undefined;
  /** What relatives of the proteins say, [B, compartments]: added to the logits. */
  readonly homologs?: Tensor | undefined;
  /** Of the whole sequences, [B, descriptorCount]; what their head says is added as well. */
  readonly sequenceFeatures?: Tensor | undefined;
}

/** Reads tokens [B, L]; L may be open. */
export function readSequence(
  w: Weights,
  { esm, head, sequenceFeatures: featureHeadConfig }: SequenceNetwork,
  inputIds: Tensor,
  { random, homologs, sequenceFeatures }: ReadSequenceOptions = {},
): SequenceReading {
  const representation = esm2(w, esm, { inputIds }, { random }).representations.at(-1)!;
  const logits =
    head && localizationHead(w.at("localization"), head, { inputIds, representation }, { random });
  if (featureHeadConfig !== undefined && sequenceFeatures === undefined)
    throw new RangeError("readSequence: this model reads descriptors, and none are given");
  const described =
    featureHeadConfig &&
    sequenceFeatures &&
    featureHead(w.at("sequence_features"), featureHeadConfig, sequenceFeatures, { random });
  const beside = [described, homologs].filter((one) => one !== undefined);
  return { inputIds, representation, compartmentLogits: logits && beside.reduce(add, logits) };
}
