// What a process that does work holds: the model at work, its nuclei, and the networks that only some jobs need, which are
// opened when the first such job comes.

import type { Runtime } from "@proteoscope/engine";
import { bytesOf } from "@proteoscope/formats";
import { compositeCell, type NucleusLibrary } from "@proteoscope/imaging";
import {
  type ChosenNucleus,
  type ImageClassifier,
  type Microscope,
  openImageClassifier,
  openMicroscope,
  readModel,
  readModelNuclei,
  rgbPng,
} from "@proteoscope/microscope";
import {
  type CellImager,
  type IndexItem,
  openCellImager,
  openRetrievalIndex,
  openSequencePredictor,
  type RetrievalIndex,
  type SequencePredictor,
} from "@proteoscope/microscope/experiments";
import type { FileSource } from "@proteoscope/models";
import type { FileStore } from "../files/file-store.ts";
import { chooseNuclei } from "./choose-nuclei.ts";

/** What a process that does work is opened with. */
export interface WorkOptions {
  readonly runtime: Runtime;
  /** The model. */
  readonly folder: FileSource;
  readonly files: FileStore;
  /** Versions of the programs, for the provenance. */
  readonly software: Readonly<Record<string, string>>;
  /** Items of the index that retrieval searches; without it there is no retrieval. */
  readonly readIndex?: (() => Promise<readonly IndexItem[]>) | undefined;
}

/** The model at work, with what jobs need. */
export interface WorkTools extends Omit<WorkOptions, "folder" | "readIndex"> {
  readonly microscope: Microscope;
  readonly library: NucleusLibrary;
  readonly canRetrieve: boolean;
  classifier(): Promise<ImageClassifier>;
  predictor(): Promise<SequencePredictor>;
  imager(): Promise<CellImager>;
  /** The index; undefined where the server was started without one. */
  index(): Promise<RetrievalIndex | undefined>;
  /** The nuclei of ids, each with a label of its own where there are several. @throws ProteoscopeError (field `nuclei`). */
  nuclei(ids: readonly string[], signal?: AbortSignal): Promise<IdentifiedNucleus[]>;
  close(): Promise<void>;
}

/** A nucleus with the id that names it alone. */
export type IdentifiedNucleus = ChosenNucleus & { readonly id: string };

/** Reads a model and opens it on a runtime, which stays the caller's to close. @throws what `readModel` throws. */
export async function openWorkTools({ folder, readIndex, ...options }: WorkOptions): Promise<WorkTools> {
  const [model, library] = [await readModel(folder), await readModelNuclei(folder)];
  const { runtime } = options;
  const microscope = openMicroscope(runtime, model);
  const classifier = once(() => openImageClassifier(runtime, model.classifier, model.constants.cropPixels));
  const predictor = once(() => openSequencePredictor(runtime, model));
  const imager = once(async () => openCellImager(runtime, model));
  const index = once(async () => readIndex && openRetrievalIndex(await readIndex()));
  return {
    ...options,
    ...{ microscope, library, canRetrieve: readIndex !== undefined },
    ...{ classifier, predictor, imager, index },
    nuclei: chooseNuclei(options.files, library, model.constants),
    async close() {
      await microscope.close();
    },
  };
}

/** The value of a function that is called when it is first needed; one that fails is called again. */
function once<Value>(open: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => {
    value ??= open().catch((error) => {
      value = undefined;
      throw error;
    });
    return value;
  };
}

const apiFiles = "/api/v1/files/";

/** The address of a stored file. */
export function addressOf(name: string): string {
  return `${apiFiles}${name}`;
}

/** The name of the stored file that an address leads to. */
export function nameOf(address: string): string {
  return address.slice(apiFiles.length);
}

/** Keeps a plane of float32; returns its address. */
export async function keepPlane({ files }: Pick<WorkTools, "files">, plane: Float32Array): Promise<string> {
  return addressOf(await files.put(bytesOf(plane), "f32"));
}

/** Keeps a picture of protein and nucleus; returns its address. */
export async function keepComposite(
  { files }: Pick<WorkTools, "files">,
  { protein, nucleus }: { readonly protein: Float32Array; readonly nucleus: Float32Array },
  size: { readonly height: number; readonly width: number },
): Promise<string> {
  const png = rgbPng(compositeCell({ nucleus, protein }, size), {
    ...{ Software: "proteoscope", synthetic: "true" },
  });
  return addressOf(await files.put(png, "png"));
}
