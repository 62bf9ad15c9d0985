// Checkpoints for others to read: the files that Hugging Face's and diffusers' from_pretrained expect, and a single
// safetensors file that carries its configuration. Bytes by path are returned; writing them is the caller's.

import { float32ToFloat16, type NdArray, toFloat32, writeSafetensors } from "@proteoscope/formats";
import { cytoselfRegressorFormat, jointEmbeddingFormat } from "../contrastive/checkpoint.ts";
import { batchCounters } from "../cytoself/names.ts";
import type { NoiseScheduleConfig } from "../diffusion/noise-schedule.ts";
import { checkPretrained, esm2Heads, hasPart, type Pretrained } from "./architectures.ts";
import { formatConfig, type Json } from "./config-json.ts";
import { CheckpointError } from "./file-source.ts";
import {
  autoencoderKlFormat,
  cytoselfFormat,
  esm2Format,
  noiseScheduleFormat,
  unetFormat,
} from "./model-configs.ts";

export interface SaveOptions {
  /** float32 when absent; float16 halves the size. */
  readonly dtype?: "float32" | "float16";
}

export type Files = ReadonlyMap<string, Uint8Array>;

/** config.json and weights of a network, as its library names them. @throws WeightsError when they do not fit. */
export function savePretrained(model: Pretrained, options: SaveOptions = {}): Files {
  checkPretrained(model, "the model to be saved");
  const isDiffusers = model.architecture === "unet" || model.architecture === "autoencoder";
  const file = isDiffusers ? "diffusion_pytorch_model.safetensors" : "model.safetensors";
  return new Map([
    ["config.json", jsonBytes(configJson(model))],
    [file, writeSafetensors(encodeWeights(model, options), { format: "pt" })],
  ]);
}

/** One safetensors file that says itself what it is. @throws WeightsError when the weights do not fit. */
export function saveSingleFile(model: Pretrained, options: SaveOptions = {}): Uint8Array {
  checkPretrained(model, "the model to be saved");
  const metadata = { format: "pt", config: JSON.stringify(configJson(model)) };
  return writeSafetensors(encodeWeights(model, options), metadata);
}

export interface PipelineParts {
  readonly unet: Extract<Pretrained, { readonly architecture: "unet" }>;
  readonly autoencoder: Extract<Pretrained, { readonly architecture: "autoencoder" }>;
  readonly noiseSchedule: NoiseScheduleConfig;
}

/** The folder that diffusers' DiffusionPipeline.from_pretrained reads. */
export function savePipeline(parts: PipelineParts, options: SaveOptions = {}): Files {
  const index = {
    _class_name: "DiffusionPipeline",
    scheduler: ["diffusers", "DDPMScheduler"],
    unet: ["diffusers", "UNet2DConditionModel"],
    vae: ["diffusers", "AutoencoderKL"],
  };
  const scheduler = {
    _class_name: "DDPMScheduler",
    ...formatConfig(noiseScheduleFormat, parts.noiseSchedule),
  };
  const below = (folder: string, files: Files) =>
    [...files].map(([path, bytes]) => [`${folder}/${path}`, bytes] as const);
  return new Map([
    ["model_index.json", jsonBytes(index)],
    ["scheduler/scheduler_config.json", jsonBytes(scheduler)],
    ...below("unet", savePretrained(parts.unet, options)),
    ...below("vae", savePretrained(parts.autoencoder, options)),
  ]);
}

function configJson(model: Pretrained): Json {
  switch (model.architecture) {
    case "esm2": {
      const hasHead = hasPart(model.weights, esm2Heads.languageModel);
      const architectures = [hasHead ? "EsmForMaskedLM" : "EsmModel"];
      return { architectures, ...formatConfig(esm2Format, model.config) };
    }
    case "unet":
      return formatConfig(unetFormat, model.config);
    case "autoencoder":
      return formatConfig(autoencoderKlFormat, model.config);
    case "cytoself":
      return formatConfig(cytoselfFormat, model.config);
    case "clip":
    case "triplet":
      return formatConfig(jointEmbeddingFormat(model.architecture), model.config);
    case "cytoclass":
      return formatConfig(cytoselfRegressorFormat, model.config);
  }
}

function encodeWeights(
  { architecture, weights }: Pretrained,
  { dtype = "float32" }: SaveOptions,
): [string, NdArray][] {
  const encode = ([name, value]: [string, NdArray]): [string, NdArray] => [
    name,
    dtype === "float32" ? value : asFloat16(name, value),
  ];
  return [...[...weights].map(encode), ...(architecture === "cytoself" ? batchCounters(weights) : [])];
}

function asFloat16(name: string, value: NdArray): NdArray {
  const numbers = toFloat32(value);
  const largest = numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0);
  if (largest >= 65520)
    throw new CheckpointError(`${name} has the value ${largest}, float16 ends at 65504: save it as float32`);
  return { dtype: "float16", shape: value.shape, data: float32ToFloat16(numbers) };
}

function jsonBytes(value: Json): Uint8Array {
  const text = JSON.stringify(value, null, 2).replace(wholeFloats, "$&.0");
  return new TextEncoder().encode(`${text}\n`);
}

/** transformers checks types, and in Python's JSON 0 is no float while 0.0 is one. */
const wholeFloats = /"(hidden_dropout_prob|initializer_range|layer_norm_eps|rope_theta)": \d+(?=,?\n)/g;
