// The model folder that a run of `train diffusion` leaves: a diffusers pipeline of U-Net and autoencoder, the language model
// with its heads, and everything that was measured on the training data.

import type { NdArray } from "@proteoscope/engine";
import {
  type NoiseScheduleConfig,
  saveExtraConditions,
  saveHomologs,
  savePipeline,
  saveSequenceCondition,
  type UnetConfig,
} from "@proteoscope/models";
import { sequenceModelFiles } from "../../training/frozen/finished-models.ts";
import { jsonText, type ModelFiles, withoutPrefix } from "../../training/model-files.ts";
import type { DiffusionConfig } from "./config.ts";
import { extraScope } from "./context.ts";
import { type DenoiserData, pixelSizeMicrons } from "./data.ts";

interface TrainedDenoiser {
  readonly config: DiffusionConfig;
  readonly data: DenoiserData;
  readonly unet: UnetConfig;
  readonly noiseSchedule: NoiseScheduleConfig;
}

/** The files of a denoiser with these weights, by path. */
export async function denoiserFiles(
  weights: ReadonlyMap<string, NdArray>,
  { config, data, unet, noiseSchedule }: TrainedDenoiser,
): Promise<ModelFiles> {
  const { autoencoder, reader, condition, homologs, extra, images, statistics, latentScale, nuclei } = data;
  const own = new Map([...weights].filter(([name]) => !name.startsWith(extraScope)));
  const pipeline = savePipeline({
    unet: { architecture: "unet", config: unet, weights: own },
    autoencoder,
    noiseSchedule,
  });
  const index = JSON.parse(new TextDecoder().decode(pipeline.get("model_index.json")));
  const constants = {
    latentScale,
    ...statistics,
    pixelSizeMicrons,
    cropPixels: images.pixels.height,
    windowResidues: reader.windowResidues,
    ...(config.model.stains.length > 0 && { stains: config.model.stains }),
  };
  return new Map<string, Uint8Array | string>([
    ...pipeline,
    ["model_index.json", jsonText({ ...index, proteoscope: constants })],
    ...(nuclei === undefined ? [] : [["nuclei.safetensors", nuclei] as const]),
    ...saveSequenceCondition(condition),
    ...(homologs === undefined ? [] : saveHomologs(homologs)),
    ...(extra === undefined
      ? []
      : saveExtraConditions({ ...extra, weights: withoutPrefix(weights, extraScope) })),
    ...(await sequenceModelFiles(config.models.plm, reader)),
  ]);
}
