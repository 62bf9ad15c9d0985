// The localization heads of a model folder: localization/, the head on the language model, and sequence_features/, the head
// on features of the whole sequence, which adds to its logits. Trainers read them as the microscope does.

import { f32, i64 } from "@proteoscope/engine";
import { z } from "zod";
import { loadCheckedWeights } from "../checkpoints/checked-weights.ts";
import { type ConfigFormat, parseConfig, rate, shorten } from "../checkpoints/config-json.ts";
import { partFolder } from "../checkpoints/earlier-names.ts";
import { CheckpointError, type FileSource, readJson, subfolder } from "../checkpoints/file-source.ts";
import { hasNetwork } from "../checkpoints/model-folder.ts";
import type { StateDict } from "../checkpoints/network-definition.ts";
import type { LanguageModelConfig } from "../language-model/language-model.ts";
import { type FeatureHeadConfig, featureHead } from "./feature-head.ts";
import { type LocalizationHeadConfig, localizationHead } from "./head.ts";
import { sequenceFeatureCount } from "./sequence-features.ts";

const size = z.int().min(1).max(100_000);

/** The fields of localization/config.json. */
export const localizationHeadFormat: ConfigFormat<
  LocalizationHeadConfig & { readonly windowResidues?: number | undefined }
> = {
  schema: z.object({
    labels: z.array(z.string().min(1)).min(1).max(1000),
    hiddenSize: size,
    attentionHeads: size,
    terminusWindow: size,
    motifs: z.object({ widths: z.array(size.max(999)).min(1).max(100), channels: size, size }).optional(),
    dropout: rate,
    windowResidues: size.min(2).optional(),
  }),
  fixed: () => ({}),
};

/** The localization head of a model folder. */
export interface LoadedHead {
  readonly config: LocalizationHeadConfig;
  /** Weights with the prefix `localization.` in their names. */
  readonly weights: StateDict;
  /** Number of residues that the head was trained to see, where the file says so. */
  readonly windowResidues: number | undefined;
}

/**
 * Loads the localization head of a model folder; undefined where there is none.
 * @throws CheckpointError, WeightsError or FormatError, naming file and field.
 */
export async function loadLocalizationHead(
  folder: FileSource,
  { hiddenSize }: LanguageModelConfig,
): Promise<LoadedHead | undefined> {
  const place = subfolder(folder, "localization");
  if (!(await hasNetwork(place))) return undefined;
  const { windowResidues, ...config } = parseConfig(
    localizationHeadFormat,
    await readJson(place, "config.json"),
    `${place.name}/config.json`,
  );
  const weights = await loadCheckedWeights(
    place,
    (w, { inputIds, representation }) => ({
      logits: localizationHead(w.at("localization"), config, {
        inputIds: inputIds!,
        representation: representation!,
      }),
    }),
    { inputIds: i64(1, 3), representation: f32(1, 3, hiddenSize) },
  );
  return { config, weights, windowResidues };
}

/** The feature head of a model folder. */
export interface LoadedFeatureHead {
  readonly config: FeatureHeadConfig;
  readonly weights: StateDict;
}

/** The fields of sequence_features/config.json. */
export const featureHeadFormat: ConfigFormat<FeatureHeadConfig> = {
  schema: z.object({
    labels: z.array(z.string().min(1)).min(1).max(1000),
    hiddenSize: size,
    layers: z.int().min(0).max(100),
    inputDropout: rate,
    dropout: rate,
  }),
  fixed: () => ({}),
};

/**
 * Loads the feature head of a model folder for the labels of its localization head; undefined where there is none.
 * @throws CheckpointError, WeightsError or FormatError, naming file and field.
 */
export async function loadFeatureHead(
  folder: FileSource,
  labels: readonly string[] | undefined,
): Promise<LoadedFeatureHead | undefined> {
  const place = await partFolder(folder, "sequence_features");
  if (!(await hasNetwork(place))) return undefined;
  const file = `${place.name}/config.json`;
  const config = parseConfig(featureHeadFormat, await readJson(place, "config.json"), file);
  checkLabels(file, config.labels, labels);
  const weights = await loadCheckedWeights(
    place,
    (w, { sequenceFeatures }) => ({ logits: featureHead(w, config, sequenceFeatures!) }),
    { sequenceFeatures: f32(1, sequenceFeatureCount) },
  );
  return { config, weights };
}

/** Holds the labels of a part to those of the localization head. @throws CheckpointError where they differ. */
export function checkLabels(
  file: string,
  found: readonly string[],
  wanted: readonly string[] | undefined,
): void {
  if (String(found) !== String(wanted))
    throw new CheckpointError(
      `${file}: labels: ${shorten(String(found))} where localization/config.json says ${shorten(String(wanted))}`,
    );
}
