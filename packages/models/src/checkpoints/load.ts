// Published checkpoints, in the layouts people have them: a Hugging Face ESM folder, a part of a diffusers folder, a
// single safetensors file, fair-esm's .pt, a checkpoint of cytoself, the .ckpt of the original's training. Which network
// it is, is said by config.json, else by the configuration in the file's metadata, else by the names and shapes of the
// tensors.
//
//   const model = await loadPretrained(openFolder("checkpoints/esm2_t6_8M"));   // or webFolder("https://...")
//   if (model.architecture === "esm2") compile(runtime, (w, x) => esm2(w, model.config, x), types, { weights: model.weights });

import { type NdArray, toFloat32 } from "@proteoscope/formats";
import { upgradeAutoencoderNames } from "../autoencoder-kl/network.ts";
import {
  cytoselfRegressorFormat,
  jointEmbeddingFormat,
  projectionClasses,
  withoutIdleToken,
} from "../contrastive/checkpoint.ts";
import { canonicalCytoselfNames } from "../cytoself/names.ts";
import type { NoiseScheduleConfig } from "../diffusion/noise-schedule.ts";
import { canonicalEsm2Names } from "../esm2/names.ts";
import {
  type Architecture,
  architectureTitles,
  checkPretrained,
  esm2Heads,
  hasPart,
  type Pretrained,
  type StateDict,
} from "./architectures.ts";
import { type Json, parseConfig } from "./config-json.ts";
import { CheckpointError, type FileSource, parseJson, readJson, subfolder } from "./file-source.ts";
import { inferConfig, recognizeNames } from "./infer-config.ts";
import {
  autoencoderKlFormat,
  cytoselfFormat,
  esm2Format,
  noiseScheduleFormat,
  unetFormat,
} from "./model-configs.ts";
import { readWeights, regressionSuffix, type StoredWeights } from "./state-dict.ts";
import { choosePart, splitTrainingModule, type TrainedPart } from "./training-module.ts";

export interface LoadOptions {
  /** The file of weights, where the folder has several or an unusual name. */
  readonly file?: string;
  /** The network, where a checkpoint of training has several; its main one when absent. */
  readonly part?: Architecture;
}

/**
 * Loads a network and holds its weights to it; f16, bf16 and f64 become f32.
 *
 * @throws CheckpointError when there is nothing that can be loaded; WeightsError when the tensors do not fit;
 * FormatError when a file is damaged.
 */
export async function loadPretrained(
  folder: FileSource,
  { file, part }: LoadOptions = {},
): Promise<Pretrained> {
  const stored = await readWeights(folder, file);
  const place = `${folder.name}/${stored.path}`;
  const parts = await findParts(folder, stored, place);
  if (parts === undefined) return loadNetwork(folder, stored, place);
  return loadPart(choosePart(parts, part, place), place);
}

async function loadNetwork(folder: FileSource, stored: StoredWeights, place: string): Promise<Pretrained> {
  const json = await findConfig(folder, stored);
  const architecture = json === undefined ? recognizeNames(stored.tensors) : recognizeConfig(json, place);
  if (architecture === undefined)
    throw new CheckpointError(
      `${place}: no config.json, and these tensors are those of no known network; known are ${knownTitles}`,
    );
  const weights = new Map<string, NdArray>();
  for (const [name, value] of canonicalNames(architecture, stored.tensors))
    weights.set(name, asFloat32(value));
  if (architecture === "esm2" && !hasPart(weights, esm2Heads.contact)) {
    for (const [name, value] of await readRegression(folder, stored.path))
      weights.set(name, asFloat32(value));
  }
  const config = json ?? inferConfig(architecture, weights, stored.tensors, place);
  const model = withConfig(architecture, config, weights, json === undefined ? place : `${place}, config`);
  checkPretrained(model, place);
  return model;
}

/** All networks that a checkpoint holds, the main one first. @throws as `loadPretrained` does. */
export async function loadParts(
  folder: FileSource,
  { file }: Omit<LoadOptions, "part"> = {},
): Promise<readonly Pretrained[]> {
  const stored = await readWeights(folder, file);
  const place = `${folder.name}/${stored.path}`;
  const parts = await findParts(folder, stored, place);
  if (parts === undefined) return [await loadNetwork(folder, stored, place)];
  return parts.map((part) => loadPart(part, place));
}

/** The networks of a checkpoint of training; a configuration beside the weights says that they are one network. */
async function findParts(
  folder: FileSource,
  stored: StoredWeights,
  place: string,
): Promise<readonly TrainedPart[] | undefined> {
  if ((await findConfig(folder, stored)) !== undefined) return undefined;
  return splitTrainingModule(stored.tensors, stored.hyperParameters, place);
}

function loadPart({ architecture, tensors, config: context }: TrainedPart, place: string): Pretrained {
  const weights = new Map<string, NdArray>();
  for (const [name, value] of canonicalNames(architecture, tensors)) weights.set(name, asFloat32(value));
  const config = { ...inferConfig(architecture, weights, tensors, place), ...context };
  const model = withConfig(architecture, config, weights, `${place}, ${architecture}`);
  checkPretrained(model, `${place}, ${architecture}`);
  return model;
}

const knownTitles = Object.values(architectureTitles).join(", ");

/** The configuration beside the weights, or in the metadata of the file. */
export async function findConfig(
  folder: FileSource,
  { metadata, path }: Pick<StoredWeights, "metadata" | "path">,
): Promise<Json | undefined> {
  if (metadata.config !== undefined)
    return parseJson(metadata.config, `${folder.name}/${path}, its configuration,`);
  return (await folder.exists("config.json")) ? readJson(folder, "config.json") : undefined;
}

export function recognizeConfig(json: Json, place: string): Architecture {
  if (json._class_name === "UNet2DConditionModel") return "unet";
  if (json._class_name === "AutoencoderKL") return "autoencoder";
  if (json._class_name === "CytoselfFull") return "cytoself";
  if (json.model_type === "esm") return "esm2";
  if (json._class_name === projectionClasses.clip) return "clip";
  if (json._class_name === projectionClasses.triplet) return "triplet";
  if (json._class_name === projectionClasses.cytoclass) return "cytoclass";
  const named = [json._class_name, json.model_type].find((name) => typeof name === "string");
  throw new CheckpointError(
    `${place}: ${named === undefined ? "its configuration names no architecture" : `"${named}" is no known architecture`}; known are ${knownTitles}`,
  );
}

function withConfig(architecture: Architecture, json: Json, weights: StateDict, place: string): Pretrained {
  switch (architecture) {
    case "esm2":
      return { architecture, config: parseConfig(esm2Format, json, place), weights };
    case "unet":
      return { architecture, config: parseConfig(unetFormat, json, place), weights };
    case "autoencoder":
      return { architecture, config: parseConfig(autoencoderKlFormat, json, place), weights };
    case "cytoself":
      return { architecture, config: parseConfig(cytoselfFormat, json, place), weights };
    case "clip":
    case "triplet":
      return { architecture, config: parseConfig(jointEmbeddingFormat(architecture), json, place), weights };
    case "cytoclass":
      return { architecture, config: parseConfig(cytoselfRegressorFormat, json, place), weights };
  }
}

function canonicalNames(architecture: Architecture, tensors: StateDict): StateDict {
  if (architecture === "esm2") return canonicalEsm2Names(tensors);
  if (architecture === "cytoself") return canonicalCytoselfNames(tensors);
  if (architecture in projectionClasses) return withoutIdleToken(tensors);
  return architecture === "autoencoder" ? upgradeAutoencoderNames(tensors) : tensors;
}

async function readRegression(folder: FileSource, path: string): Promise<StateDict> {
  const file = path.replace(/\.pt$/, regressionSuffix);
  if (file === path || !(await folder.exists(file))) return new Map();
  return canonicalEsm2Names((await readWeights(folder, file)).tensors);
}

function asFloat32(array: NdArray): NdArray {
  const isFloat = /float(16|32|64)$/.test(array.dtype);
  return isFloat ? { dtype: "float32", shape: array.shape, data: toFloat32(array) } : array;
}

type Of<A extends Architecture> = Extract<Pretrained, { readonly architecture: A }>;

/** What a latent diffusion pipeline of diffusers is made of. */
export interface PretrainedPipeline {
  readonly unet: Of<"unet">;
  readonly autoencoder: Of<"autoencoder">;
  readonly noiseSchedule: NoiseScheduleConfig;
  /** model_index.json, for what else a pipeline has. */
  readonly index: Json;
}

/** Loads the folder that `DiffusionPipeline.save_pretrained` writes. @throws as `loadPretrained` does. */
export async function loadPipeline(folder: FileSource): Promise<PretrainedPipeline> {
  if (!(await folder.exists("model_index.json")))
    throw new CheckpointError(`${folder.name}: has no model_index.json, so it is no diffusers pipeline`);
  return {
    index: await readJson(folder, "model_index.json"),
    unet: await loadAs("unet", subfolder(folder, "unet")),
    autoencoder: await loadAs("autoencoder", subfolder(folder, "vae")),
    noiseSchedule: await loadNoiseSchedule(subfolder(folder, "scheduler")),
  };
}

/** Loads a network that must be of one architecture. @throws as `loadPretrained` does. */
export async function loadAs<A extends Architecture>(
  architecture: A,
  folder: FileSource,
  options: Omit<LoadOptions, "part"> = {},
): Promise<Of<A>> {
  const model = await loadPretrained(folder, { ...options, part: architecture });
  if (model.architecture !== architecture)
    throw new CheckpointError(
      `${folder.name}: is ${architectureTitles[model.architecture]}, wanted is ${architectureTitles[architecture]}`,
    );
  return model as Of<A>;
}

/** The noise schedule of a diffusers folder's `scheduler/`. @throws CheckpointError for a schedule of another kind. */
export async function loadNoiseSchedule(folder: FileSource): Promise<NoiseScheduleConfig> {
  const path = "scheduler_config.json";
  return parseConfig(noiseScheduleFormat, await readJson(folder, path), `${folder.name}/${path}`);
}
