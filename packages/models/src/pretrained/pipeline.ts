// A latent diffusion pipeline of diffusers: denoiser, autoencoder and noise schedule in the folders unet/, vae/ and
// scheduler/, with model_index.json above them.

import type { autoencoderKlDefinition } from "../autoencoder-kl/definition.ts";
import { formatConfig, type Json } from "../checkpoints/config-json.ts";
import {
  CheckpointError,
  type FileSource,
  type Files,
  readJson,
  subfolder,
} from "../checkpoints/file-source.ts";
import type { NetworkOf } from "../checkpoints/network-definition.ts";
import { loadNoiseSchedule, noiseScheduleFormat } from "../diffusion/checkpoint.ts";
import type { NoiseScheduleConfig } from "../diffusion/noise-schedule.ts";
import type { unetDefinition } from "../unet/definition.ts";
import { loadAs } from "./load.ts";
import { jsonBytes, type SaveOptions, savePretrained } from "./save.ts";

/** The parts of a latent diffusion pipeline. */
export interface PipelineParts {
  readonly unet: NetworkOf<typeof unetDefinition>;
  readonly autoencoder: NetworkOf<typeof autoencoderKlDefinition>;
  readonly noiseSchedule: NoiseScheduleConfig;
}

/** A loaded pipeline. */
export interface PretrainedPipeline extends PipelineParts {
  /** The fields of model_index.json, where a pipeline names what else it has. */
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

/** The folder that diffusers' `DiffusionPipeline.from_pretrained` reads. @throws as `savePretrained` does. */
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
  const inFolder = (name: string, files: Files) =>
    [...files].map(([path, bytes]) => [`${name}/${path}`, bytes] as const);
  return new Map([
    ["model_index.json", jsonBytes(index)],
    ["scheduler/scheduler_config.json", jsonBytes(scheduler)],
    ...inFolder("unet", savePretrained(parts.unet, options)),
    ...inFolder("vae", savePretrained(parts.autoencoder, options)),
  ]);
}
