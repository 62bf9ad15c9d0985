// Networks of finished runs that a later run is trained on: the files of a run of `train plm`, which are copied to every
// model that needs them, so that a model folder is whole; and cytoself with what its run has stored with the weights.

import type { NdArray } from "@proteoscope/engine";
import type { ProteinNetworks } from "@proteoscope/microscope";
import {
  asLanguageModel,
  type CytoselfConfig,
  type FileSource,
  loadAs,
  readJson,
  subfolder,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { z } from "zod";
import { ConfigError, checkConfig } from "../../config/compose.ts";
import { cropChannels } from "../../data/atlas/crop-pixels.ts";
import type { CytoselfView } from "../../data/batches/cytoself-images.ts";
import { type ModelFiles, networkFiles } from "../model-files.ts";

const headFiles = [
  "localization/config.json",
  "localization/model.safetensors",
  "localization/calibration.json",
  "sequence_features/config.json",
  "sequence_features/model.safetensors",
];

/** The files of such a folder for a model that needs it: the heads as they are, the language model in our layout. */
export async function sequenceModelFiles(
  path: string,
  { languageModel }: ProteinNetworks,
): Promise<ModelFiles> {
  const folder = openFolder(path);
  const files = new Map<string, Uint8Array | string>();
  for (const name of headFiles) if (await folder.exists(name)) files.set(name, await folder.read(name));
  const own = ["plm/config.json", "plm/model.safetensors"];
  if (!(await Promise.all(own.map((name) => folder.exists(name)))).includes(false)) {
    for (const name of own) files.set(name, await folder.read(name));
    return files;
  }
  return new Map([...files, ...networkFiles("plm", asLanguageModel(languageModel))]);
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
      `${place.name}/config.json does not list its classes: give the model folder of a run of train cytoself`,
    );
  const { labels: genes, ...view } = checkConfig(
    cytoselfConstants,
    proteoscope as Record<string, unknown>,
    `${place.name}/config.json, proteoscope`,
  );
  return { config, weights, view, genes };
}
