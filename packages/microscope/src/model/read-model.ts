// Reads a model folder, as checkpoints/proteoscope-mini is one: a diffusers pipeline (unet/, vae/, scheduler/,
// model_index.json) with a Hugging Face language model (plm/), its heads (localization/, sequence_features/), annotated
// proteins (homologs/) and the image classifier (classifier/). Statistics of the training data are in condition/ and in
// model_index.json under "proteoscope", context tokens in extra/. Parts that do not fit each other are refused here, by file
// and field, and not by a network that is given the wrong shape. docs/model.md lists the files.

import { f32, initializeWeights, trace } from "@proteoscope/engine";
import { type NucleusLibrary, readNucleusLibrary } from "@proteoscope/imaging";
import {
  CheckpointError,
  compartmentClassifier,
  conditionStains,
  type FileSource,
  type Json,
  type LoadedCondition,
  loadAs,
  loadCheckedWeights,
  loadExtraConditions,
  loadHomologs,
  loadNoiseSchedule,
  loadSequenceCondition,
  parseConfig,
  readJson,
  readParsed,
  sequenceCondition,
  sequenceInputWidth,
  stainChannels,
  subfolder,
} from "@proteoscope/models";
import { z } from "zod";
import { type ProteinNetworks, readProteinNetworks } from "../protein/networks.ts";
import { sha256Hex } from "../sha256.ts";
import { readCalibration } from "./calibration-file.ts";
import type {
  Component,
  ImageClassifierConfig,
  ImagingConstants,
  MicroscopeModel,
  SequenceModel,
} from "./model.ts";

const indexFile = "model_index.json";
/** Name of the file of nuclei in a model folder. */
export const nucleusLibraryFile = "nuclei.safetensors";

/** Reads the constants that were measured on the training data. @throws CheckpointError naming file and field. */
export async function readImagingConstants(folder: FileSource): Promise<ImagingConstants> {
  const index = await readJson(folder, indexFile);
  const path = `${folder.name}/${indexFile}`;
  if (typeof index.proteoscope !== "object" || index.proteoscope === null)
    throw new CheckpointError(`${path}: has no field "proteoscope", so it is a pipeline of another kind`);
  return parse(constantsSchema, index.proteoscope as Json, `${path}, proteoscope`);
}

/** Reads the parts that encode a sequence. @throws CheckpointError, WeightsError or FormatError, naming file and field. */
export async function readSequenceModel(folder: FileSource): Promise<SequenceModel> {
  const checksums: Record<string, string> = {};
  const parts = await readSequenceParts(withChecksums(folder, checksums));
  return { ...parts, checksums: sorted(checksums) };
}

/** Reads all parts of a model folder. @throws CheckpointError, WeightsError or FormatError, naming file and field. */
export async function readModel(folder: FileSource): Promise<MicroscopeModel> {
  const checksums: Record<string, string> = {};
  const source = withChecksums(folder, checksums);
  const [sequence, constants, unet, autoencoder, classifier, schedule] = await Promise.all([
    readSequenceParts(source),
    readImagingConstants(source),
    loadAs("unet", subfolder(source, "unet")),
    loadAs("autoencoder", subfolder(source, "vae")),
    readClassifier(subfolder(source, "classifier")),
    loadNoiseSchedule(subfolder(source, "scheduler")),
  ]);
  const model = {
    ...sequence,
    constants,
    unet,
    autoencoder,
    classifier,
    schedule,
    checksums: sorted(checksums),
  };
  checkFit(model, folder.name);
  return model;
}

/** Reads the image classifier alone. @throws CheckpointError, WeightsError or FormatError, naming file and field. */
export function readImageClassifier(folder: FileSource): Promise<Component<ImageClassifierConfig>> {
  return readClassifier(subfolder(folder, "classifier"));
}

/** Reads the nuclei that ship with a model, crops of its own size. @throws FormatError or CheckpointError. */
export async function readModelNuclei(folder: FileSource): Promise<NucleusLibrary> {
  const [library, { cropPixels }] = await Promise.all([
    readParsed(folder, nucleusLibraryFile, readNucleusLibrary),
    readImagingConstants(folder),
  ]);
  const { height, width } = library;
  if (height !== cropPixels || width !== cropPixels)
    throw new CheckpointError(
      `${folder.name}/${nucleusLibraryFile}: nuclei of ${height}x${width} pixels, but ${indexFile} says crop_pixels ${cropPixels}`,
    );
  return library;
}

const size = z.int().min(1).max(100_000);
const labels = z.array(z.string().min(1)).min(1).max(1000);
const share = z.number().min(0).max(1);

const constantsSchema: z.ZodType<ImagingConstants> = z.object({
  latentScale: z.number().positive(),
  distanceScale: z.number().positive(),
  pixelSizeMicrons: z.number().positive(),
  cropPixels: z.int().min(4).max(4096),
  windowResidues: size.min(2),
  stains: z
    .array(z.enum(conditionStains))
    .refine((names) => new Set(names).size === names.length, "names a stain twice")
    .default([]),
});

const classifierSchema: z.ZodType<ImageClassifierConfig> = z
  .object({
    labels,
    classes: size,
    channels: z.array(size).min(1).max(6),
    normGroups: size,
    dropout: share,
    distanceScale: z.number().positive(),
  })
  .refine((config) => config.labels.length === config.classes, {
    path: ["labels"],
    message: "one name for each of classes",
  })
  .refine(({ channels, normGroups }) => channels.every((width) => width % normGroups === 0), {
    path: ["channels"],
    message: "must be multiples of norm_groups",
  });

function parse<T>(schema: z.ZodType<T>, json: Json, path: string): T {
  return parseConfig({ schema, fixed: () => ({}) }, json, path);
}

async function readSequenceParts(folder: FileSource): Promise<Omit<SequenceModel, "checksums">> {
  const isWhole = await folder.exists(indexFile); // a run of train plm leaves the networks of sequences alone
  const [constants, networks, extra] = await Promise.all([
    isWhole ? readImagingConstants(folder) : undefined,
    readProteinNetworks(folder),
    loadExtraConditions(folder),
  ]);
  const { languageModel, localization, sequenceFeatures } = networks;
  if (localization === undefined)
    throw new CheckpointError(`${folder.name}/localization: missing, so no compartment can be predicted`);
  const { labels } = localization.config;
  const [homologs, condition, calibration] = await Promise.all([
    loadHomologs(folder, labels),
    isWhole ? loadSequenceCondition(folder, languageModel.config, localization.config) : unmeasured(networks),
    readCalibration(subfolder(folder, "localization"), labels),
  ]);
  const name = folder.name.split(/[\\/]/).at(-1)!;
  const parts = { sequenceFeatures, homologs, calibration, condition, extra };
  const { windowResidues } = constants ?? networks;
  return { name, constants: { windowResidues }, languageModel, localization, ...parts };
}

/** The condition of networks that no denoiser was trained on: its layer as it begins. */
function unmeasured({ languageModel, localization }: ProteinNetworks): LoadedCondition {
  const { parameters } = trace(
    (w, { representation, compartmentLogits }) => ({
      sequence: sequenceCondition(w, { representation: representation!, compartmentLogits }),
    }),
    {
      representation: f32(1, 3, languageModel.config.hiddenSize),
      compartmentLogits: f32(1, localization!.config.labels.length),
    },
  );
  return { input: "full", weights: initializeWeights(parameters, 0) };
}

async function readClassifier(folder: FileSource): Promise<Component<ImageClassifierConfig>> {
  const config = parse(classifierSchema, await readJson(folder, "config.json"), `${folder.name}/config.json`);
  const weights = await loadCheckedWeights(
    folder,
    (w, { image }) => ({ logits: compartmentClassifier(w, config, image!) }),
    { image: f32(1, 3, 64, 64) },
  );
  return { config, weights };
}

/** @throws CheckpointError naming the first two fields that contradict each other. */
function checkFit(model: MicroscopeModel, folder: string): void {
  const { constants, languageModel, condition, extra, unet, autoencoder } = model;
  const { crossAttentionDim, timeCondProjDim, inChannels, outChannels, sampleSize } = unet.config;
  const { latentChannels, blockOutChannels } = autoencoder.config;
  const further = stainChannels(constants.stains.length, outChannels);
  const channelsOf = `latents and nuclear distance${further > 0 ? ` and ${constants.stains.length} stains` : ""}`;
  const width = sequenceInputWidth(condition.input, languageModel.config);
  const reason = condition.input === "one_hot" ? "vocab_size of plm" : "hidden_size of plm";
  const tokenWidth = extra?.config.tokenWidth ?? width;
  const expectations: [file: string, field: string, found: unknown, wanted: unknown, reason: string][] = [
    ["unet", "cross_attention_dim", crossAttentionDim, width, reason],
    ["unet", "time_cond_proj_dim", timeCondProjDim, width, reason],
    ["extra", "token_width", tokenWidth, width, "cross_attention_dim of unet"],
    ["unet", "in_channels", inChannels, outChannels + 1 + further, channelsOf],
    ["vae", "latent_channels", latentChannels, outChannels, "out_channels of unet"],
    ["vae", "in_channels", autoencoder.config.inChannels, 2, "protein and nucleus"],
    ["vae", "out_channels", autoencoder.config.outChannels, 2, "protein and nucleus"],
    ["vae", "block_out_channels", `${blockOutChannels.length} blocks`, "3 blocks", "sides are halved twice"],
    ["unet", "sample_size", sampleSize * 4, constants.cropPixels, "four times sample_size is crop_pixels"],
  ];
  for (const [file, field, found, wanted, reason] of expectations)
    if (found !== wanted)
      throw new CheckpointError(
        `${folder}/${file}/config.json: ${field}: ${found} where ${wanted} fits (${reason})`,
      );
}

/** Checksums in the order of the paths: files are read concurrently, and their order differs from run to run. */
function sorted(checksums: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(checksums).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The same folder, noting the sha256 of each file that is read. */
function withChecksums(folder: FileSource, checksums: Record<string, string>): FileSource {
  return {
    ...folder,
    async read(path) {
      const bytes = await folder.read(path);
      checksums[path] = await sha256Hex(bytes);
      return bytes;
    },
  };
}
