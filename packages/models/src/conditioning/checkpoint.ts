// The parts of a model folder that read a sequence beside the language model: localization/, the head, where there is
// one, descriptors/, which adds to what it says, and condition/, what the denoiser is told of both. Trainers read them as
// the microscope does.

import { f32, i64, type NdArray } from "@proteoscope/engine";
import { writeSafetensors } from "@proteoscope/formats";
import { z } from "zod";
import type { StateDict } from "../checkpoints/architectures.ts";
import { loadCheckedWeights } from "../checkpoints/checked-weights.ts";
import { type ConfigFormat, formatConfig, type Json, parseConfig } from "../checkpoints/config-json.ts";
import { partFolder, withCurrentNames } from "../checkpoints/earlier-names.ts";
import { CheckpointError, type FileSource, readJson, subfolder } from "../checkpoints/file-source.ts";
import type { Esm2Config } from "../esm2/network.ts";
import { noCalibration } from "../localization/calibration.ts";
import { type FeatureHeadConfig, featureHead } from "../localization/feature-head.ts";
import { type LocalizationHeadConfig, localizationHead } from "../localization/head.ts";
import { sequenceFeatureCount } from "../localization/sequence-features.ts";
import { applyCompartmentTarget, type CompartmentTarget } from "./compartment-target.ts";
import {
  type SequenceInput,
  sequenceCondition,
  sequenceInputs,
  sequenceInputWidth,
} from "./sequence-tokens.ts";

/** Where the language model of a model folder lies: in `plm`, or in the folder itself, as it was published. */
export async function languageModelFolder(folder: FileSource): Promise<FileSource> {
  const inside = ["config.json", "model.safetensors", "pytorch_model.bin"].map((file) =>
    folder.exists(`plm/${file}`),
  );
  return (await Promise.all(inside)).includes(true) ? subfolder(folder, "plm") : folder;
}

/** Half a head counts as well: it is refused where the other half is read, and not left out of the answers. */
async function hasPart(place: FileSource): Promise<boolean> {
  const files = ["config.json", "model.safetensors"].map((file) => place.exists(file));
  return (await Promise.all(files)).includes(true);
}

const size = z.int().min(1).max(100_000);

export const localizationHeadFormat: ConfigFormat<
  LocalizationHeadConfig & { readonly windowResidues?: number | undefined }
> = {
  schema: z.object({
    labels: z.array(z.string().min(1)).min(1).max(1000),
    hiddenSize: size,
    attentionHeads: size,
    terminusWindow: size,
    motifs: z.object({ widths: z.array(size.max(999)).min(1).max(100), channels: size, size }).optional(),
    dropout: z.number().min(0).max(1),
    windowResidues: size.min(2).optional(),
  }),
  fixed: () => ({}),
};

export interface LoadedHead {
  readonly config: LocalizationHeadConfig;
  /** Below `localization`. */
  readonly weights: StateDict;
  /** Residues that it was trained to see, where the file says so. */
  readonly windowResidues: number | undefined;
}

/**
 * The head of a model folder; undefined where there is none.
 * @throws CheckpointError, WeightsError or FormatError, naming file and field.
 */
export async function loadLocalizationHead(
  folder: FileSource,
  { hiddenSize }: Esm2Config,
): Promise<LoadedHead | undefined> {
  const place = subfolder(folder, "localization");
  if (!(await hasPart(place))) return undefined;
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

export interface LoadedFeatureHead {
  readonly config: FeatureHeadConfig;
  readonly weights: StateDict;
}

const share = z.number().min(0).max(1);

export const featureHeadFormat: ConfigFormat<FeatureHeadConfig> = {
  schema: z.object({
    labels: z.array(z.string().min(1)).min(1).max(1000),
    hiddenSize: size,
    layers: z.int().min(0).max(100),
    inputDropout: share,
    dropout: share,
  }),
  fixed: () => ({}),
};

/**
 * The descriptors' head of a model folder, for the labels of its localization head; undefined where there is none.
 * @throws CheckpointError, WeightsError or FormatError, naming file and field.
 */
export async function loadFeatureHead(
  folder: FileSource,
  labels: readonly string[] | undefined,
): Promise<LoadedFeatureHead | undefined> {
  const place = await partFolder(folder, "sequence_features");
  if (!(await hasPart(place))) return undefined;
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

/** @throws CheckpointError where a part of a model folder has other labels than its localization head. */
export function checkLabels(
  file: string,
  found: readonly string[],
  wanted: readonly string[] | undefined,
): void {
  if (String(found) !== String(wanted))
    throw new CheckpointError(`${file}: labels: ${found} where localization/config.json says ${wanted}`);
}

export interface LoadedCondition {
  readonly input: SequenceInput;
  /** How a target compartment is chosen from the head's logits; undefined where the denoiser is conditioned on the logits. */
  readonly target?: CompartmentTarget | undefined;
  /** Of `sequenceCondition`, and of `decideCompartments` where it is made. */
  readonly weights: ReadonlyMap<string, NdArray>;
}

const conditionFormat: ConfigFormat<Omit<LoadedCondition, "weights">> = {
  schema: z.object({
    input: z.enum(sequenceInputs),
    target: z
      .object({
        compartments: z.array(z.string().min(1)).min(1).max(1000),
        inverseTemperature: z.number().positive().max(1000),
      })
      .optional(),
  }),
  fixed: () => ({}),
};

/**
 * The condition of a model folder; without a config.json it is told every residue.
 * @throws CheckpointError, WeightsError or FormatError, naming file and field.
 */
export async function loadSequenceCondition(
  folder: FileSource,
  esm: Esm2Config,
  head: LocalizationHeadConfig | undefined,
): Promise<LoadedCondition> {
  const place = subfolder(folder, "condition");
  const { input, target } = (await place.exists("config.json"))
    ? parseConfig(
        conditionFormat,
        withCurrentConfig(await readJson(place, "config.json")),
        `${place.name}/config.json`,
      )
    : { input: "full" as const, target: undefined };
  if (input === "random") return { input, weights: new Map() };
  const labels = input === "one_hot" ? undefined : head?.labels;
  const unknown = target?.compartments.find((name) => labels?.includes(name) !== true);
  if (unknown !== undefined)
    throw new CheckpointError(
      `${place.name}/config.json: target.compartments: "${unknown}" is no label of localization/`,
    );
  const weights = await loadCheckedWeights(
    place,
    (w, { representation, compartmentLogits }) => {
      const context = { representation: representation!, compartmentLogits };
      if (target === undefined) return { sequence: sequenceCondition(w, context) };
      const { answer } = noCalibration(labels!.length);
      const { logits } = applyCompartmentTarget(w, compartmentLogits!, target, labels!, answer);
      return { sequence: sequenceCondition(w, { ...context, compartmentLogits: logits }) };
    },
    {
      representation: f32(1, 3, sequenceInputWidth(input, esm)),
      ...(labels && { compartmentLogits: f32(1, labels.length) }),
    },
    { "compartments.typical": "compartments.prototypes" },
  );
  return { input, ...(target && { target }), weights };
}

function withCurrentConfig(json: Json): Json {
  const { target, ...rest } = withCurrentNames(json, { decision: "target" });
  if (typeof target !== "object" || target === null)
    return { ...rest, ...(target === undefined ? {} : { target }) };
  return { ...rest, target: withCurrentNames(target as Json, { sharpness: "inverse_temperature" }) };
}

/** The files of `condition/`, by path. */
export function saveSequenceCondition({ weights, ...config }: LoadedCondition): Map<string, Uint8Array> {
  const text = JSON.stringify(formatConfig(conditionFormat, config), null, 2);
  return new Map([
    ["condition/config.json", new TextEncoder().encode(`${text}\n`)],
    ["condition/model.safetensors", writeSafetensors(weights)],
  ]);
}
