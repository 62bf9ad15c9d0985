// Reads a model folder, as checkpoints/proteoscope-mini is one: a diffusers pipeline (unet/, vae/, scheduler/,
// model_index.json) with a Hugging Face language model (plm/) and the two heads beside it (localization/, classifier/).
// What was measured on the training data is in model_index.json under "proteoscope".

import { readSafetensors, toFloat32 } from "@proteoscope/formats";
import {
  CheckpointError,
  type Json,
  type LocalizationHeadConfig,
  loadAs,
  loadPipeline,
  parseConfig,
  type ReadFolder,
  readJson,
  subfolder,
} from "@proteoscope/models";
import { z } from "zod";
import type { Component, ImagingConstants, MicroscopeModel } from "./model.ts";
import { type NucleusLibrary, readNucleusLibrary } from "./nuclei/library.ts";

const parse = <T>(schema: z.ZodType<T>, json: Json, place: string): T =>
  parseConfig({ schema, fixed: () => ({}) }, json, place);

const size = z.int().min(1).max(100_000);
const labels = z.array(z.string().min(1)).min(1).max(1000);

const constantsSchema: z.ZodType<ImagingConstants> = z.object({
  latentScale: z.number().positive(),
  distanceScale: z.number().positive(),
  pixelSizeMicrons: z.number().positive(),
  cropPixels: size,
  windowResidues: size,
});

const localizationSchema: z.ZodType<LocalizationHeadConfig> = z.object({
  labels,
  hiddenSize: size,
  attentionHeads: size,
  terminusWindow: size,
  dropout: z.number().min(0).max(1),
});

const classifierSchema: z.ZodType<MicroscopeModel["classifier"]["config"]> = z.object({
  labels,
  classes: size,
  channels: z.array(size).min(1).max(16),
  normGroups: size,
  dropout: z.number().min(0).max(1),
});

export const nucleusLibraryFile = "nuclei.safetensors";

/** @throws CheckpointError, WeightsError or FormatError, naming file and field. */
export async function readModel(folder: ReadFolder): Promise<MicroscopeModel> {
  const checksums: Record<string, string> = {};
  const source = withChecksums(folder, checksums);
  const { unet, autoencoder, noiseSchedule, index } = await loadPipeline(source);
  const place = `${folder.name}/model_index.json`;
  if (typeof index.proteoscope !== "object" || index.proteoscope === null)
    throw new CheckpointError(`${place}: has no field "proteoscope", so it is a pipeline of another kind`);
  return {
    name: folder.name.split("/").at(-1)!,
    constants: parse(constantsSchema, index.proteoscope as Json, place),
    languageModel: await loadAs("esm2", subfolder(source, "plm")),
    localization: await readHead(subfolder(source, "localization"), localizationSchema),
    unet,
    autoencoder,
    classifier: await readHead(subfolder(source, "classifier"), classifierSchema),
    schedule: noiseSchedule,
    checksums,
  };
}

/** The nuclei that ship with a model. */
export async function readModelNuclei(folder: ReadFolder): Promise<NucleusLibrary> {
  return readNucleusLibrary(await folder.read(nucleusLibraryFile));
}

async function readHead<Config>(folder: ReadFolder, schema: z.ZodType<Config>): Promise<Component<Config>> {
  const config = parse(schema, await readJson(folder, "config.json"), `${folder.name}/config.json`);
  const { tensors } = readSafetensors(await folder.read("model.safetensors"));
  const weights = [...tensors].map(([name, value]) => {
    return [name, { dtype: "float32", shape: value.shape, data: toFloat32(value) }] as const;
  });
  return { config, weights: new Map(weights) };
}

/** The same folder, noting the sha256 of each file of weights that is read. */
function withChecksums(folder: ReadFolder, checksums: Record<string, string>): ReadFolder {
  return {
    ...folder,
    async read(path) {
      const bytes = await folder.read(path);
      const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
      checksums[path] = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join(
        "",
      );
      return bytes;
    },
  };
}
