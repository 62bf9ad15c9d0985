// The networks on a protein's sequence: the language model, and where the model has them the localization head, the feature head and the
// logits of homologs, which are added to those of the localization head. Trainers and the microscope share this function.

import { add, type RandomSource, type Tensor, type Weights } from "@proteoscope/engine";
import { type LanguageModelConfig, representTokens } from "../language-model/language-model.ts";
import { type FeatureHeadConfig, featureHead } from "../localization/feature-head.ts";
import { type LocalizationHeadConfig, localizationHead } from "../localization/head.ts";

/** The networks on a protein's sequence. */
export interface SequenceNetwork {
  /** The protein language model. */
  readonly esm: LanguageModelConfig;
  /** The localization head, whose parameters begin with `localization.`; undefined for a published language model. */
  readonly head: LocalizationHeadConfig | undefined;
  /** The feature head, whose parameters begin with `sequence_features.`. */
  readonly sequenceFeatures?: FeatureHeadConfig | undefined;
}

/** The outputs of the networks on a batch of sequences. */
export interface SequenceReading {
  /** Tokens, int32 or int64 [B, L]. */
  readonly inputIds: Tensor;
  /** The language model's last representation, [B, L, hidden]. */
  readonly representation: Tensor;
  /** Logits of the compartments, [B, compartments], where there is a head. */
  readonly compartmentLogits: Tensor | undefined;
}

/** Further inputs of the networks. */
export interface ReadSequenceOptions {
  /** Random numbers for dropout, in training alone. */
  readonly random?: RandomSource | undefined;
  /** Logits of the proteins' homologs, [B, compartments], which are added to the head's. */
  readonly homologs?: Tensor | undefined;
  /** Features of the whole sequences, [B, sequenceFeatureCount]; the logits of the feature head are added as well. */
  readonly sequenceFeatures?: Tensor | undefined;
}

/** Applies the networks to tokens [B, L]; L may be open. @throws RangeError where features are needed and absent. */
export function readSequence(
  w: Weights,
  { esm, head, sequenceFeatures: featureHeadConfig }: SequenceNetwork,
  inputIds: Tensor,
  { random, homologs, sequenceFeatures }: ReadSequenceOptions = {},
): SequenceReading {
  const representation = representTokens(w, esm, { inputIds }, { random });
  const logits =
    head && localizationHead(w.at("localization"), head, { inputIds, representation }, { random });
  if (featureHeadConfig !== undefined && sequenceFeatures === undefined)
    throw new RangeError("readSequence: this model reads sequence features, and none are given");
  const featureLogits =
    featureHeadConfig &&
    sequenceFeatures &&
    featureHead(w.at("sequence_features"), featureHeadConfig, sequenceFeatures, { random });
  const further = [featureLogits, homologs].filter((term) => term !== undefined);
  return { inputIds, representation, compartmentLogits: logits && further.reduce(add, logits) };
}
