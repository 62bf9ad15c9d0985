// Networks of finished runs that a later run is trained on: what `train plm` leaves, read as one reader of sequences,
// with its files, which go with every model that needs them, so that a model folder is whole; and cytoself with what its
// run has stored beside the weights.

import type { NdArray } from "@proteoscope/engine";
import {
  type CytoselfConfig,
  type FileSource,
  languageModelFolder,
  loadAs,
  loadFeatureHead,
  loadLocalizationHead,
  readJson,
  subfolder,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { z } from "zod";
import { ConfigError, checkConfig } from "../../config/compose.ts";
import { cropChannels } from "../../data/atlas/crop-pixels.ts";
import { type ModelFiles, networkFiles } from "../model-files.ts";
import type { CytoselfView } from "./cytoself-images.ts";
import type { SequenceModel } from "./sequence-embedder.ts";

/** Residues of the original's proteins: what a language model without a word of its own is shown. */
const usualWindow = 1024;

/**
 * Reads the `model` folder of a run of `train plm`, or a checkpoint of ESM2 as it was published, which has no
 * localization head. @throws CheckpointError, WeightsError, FormatError.
 */
export async function readSequenceModel(folder: FileSource): Promise<SequenceModel> {
  const esm = await loadAs("esm2", await languageModelFolder(folder));
  const head = await loadLocalizationHead(folder, esm.config);
  const sequenceFeatures = await loadFeatureHead(folder, head?.config.labels);
  return { esm, head, sequenceFeatures, windowResidues: head?.windowResidues ?? usualWindow };
}

const headFiles = [
  "localization/config.json",
  "localization/model.safetensors",
  "localization/calibration.json",
  "sequence_features/config.json",
  "sequence_features/model.safetensors",
];

/** The files of such a folder for a model that stands on it: the head as it is, the language model in our layout. */
export async function sequenceModelFiles(path: string, { esm }: SequenceModel): Promise<ModelFiles> {
  const folder = openFolder(path);
  const files = new Map<string, Uint8Array | string>();
  for (const name of headFiles) if (await folder.exists(name)) files.set(name, await folder.read(name));
  const own = ["plm/config.json", "plm/model.safetensors"];
  if (!(await Promise.all(own.map((name) => folder.exists(name)))).includes(false)) {
    for (const name of own) files.set(name, await folder.read(name));
    return files;
  }
  return new Map([...files, ...networkFiles("plm", { architecture: "esm2", ...esm })]);
}

export interface FinishedCytoself {
  readonly config: CytoselfConfig;
  readonly weights: ReadonlyMap<string, NdArray>;
  readonly view: CytoselfView;
  /** Gene names, in the order of its classes. */
  readonly genes: readonly string[];
}

const cytoselfConstants = z.object({
  channels: z.array(z.enum(cropChannels)).min(1),
  labels: z.array(z.string()),
  imageVariance: z.number().positive(),
  distanceScale: z.number().positive(),
});

/** Reads the `model` folder of a run of `train cytoself`. @throws CheckpointError, ConfigError, WeightsError. */
export async function readCytoself(folder: FileSource): Promise<FinishedCytoself> {
  const place = subfolder(folder, "cytoself");
  const { config, weights } = await loadAs("cytoself", place);
  const { proteoscope } = await readJson(place, "config.json");
  if (typeof proteoscope !== "object" || proteoscope === null)
    throw new ConfigError(
      `${place.name}/config.json does not say its classes: give the model folder of a run of train cytoself`,
    );
  const { labels: genes, ...view } = checkConfig(
    cytoselfConstants,
    proteoscope as Record<string, unknown>,
    `${place.name}/config.json, proteoscope`,
  );
  return { config, weights, view, genes };
}
