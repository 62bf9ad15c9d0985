// Networks of finished runs that a later run is trained on: what `train plm` leaves, read as one reader of sequences,
// with its files, which go with every model that needs them, so that a model folder is whole; and cytoself with what its
// run has stored beside the weights.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { NdArray } from "@proteoscope/engine";
import { type CytoselfConfig, loadAs, type ReadFolder, readJson, subfolder } from "@proteoscope/models";
import { z } from "zod";
import { ConfigError, checkConfig } from "../config/compose.ts";
import { cropChannels } from "../data/crop-pixels.ts";
import type { CytoselfView } from "./cytoself-images.ts";
import type { SequenceModel } from "./sequence-embedder.ts";
import { readTensors } from "./starting-weights.ts";

const headSchema = z.object({
  labels: z.array(z.string()),
  hiddenSize: z.int().positive(),
  attentionHeads: z.int().positive(),
  terminusWindow: z.int().positive(),
  dropout: z.number(),
  windowResidues: z.int().positive(),
});

/** Reads the `model` folder of a run of `train plm`. @throws CheckpointError, ConfigError, WeightsError. */
export async function readSequenceModel(folder: ReadFolder): Promise<SequenceModel> {
  const place = subfolder(folder, "localization");
  const { windowResidues, ...config } = checkConfig(
    headSchema,
    await readJson(place, "config.json"),
    place.name,
  );
  return {
    esm: await loadAs("esm2", subfolder(folder, "plm")),
    head: { config, weights: await readTensors(place) },
    windowResidues,
  };
}

const sequenceModelFiles = ["plm", "localization"].flatMap((part) =>
  ["config.json", "model.safetensors"].map((name) => `${part}/${name}`),
);

/** The files of such a folder, as they are. */
export async function sequenceModelBytes(path: string): Promise<Map<string, Uint8Array>> {
  const read = async (name: string) => [name, await readFile(join(path, name))] as const;
  return new Map(await Promise.all(sequenceModelFiles.map(read)));
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
export async function readCytoself(folder: ReadFolder): Promise<FinishedCytoself> {
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
