// What a process that does work holds: the model at work, its nuclei, and the networks that only some jobs need, which are
// opened when the first such job comes.

import type { Runtime } from "@proteoscope/engine";
import type { NucleusLibrary } from "@proteoscope/imaging";
import {
  type ImageClassifier,
  loadOnce,
  type Microscope,
  openImageClassifier,
  openMicroscope,
  readModel,
  readModelNuclei,
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
import { chooseNuclei, type IdentifiedNucleus } from "./choose-nuclei.ts";

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
export interface WorkTools extends Omit<WorkOptions, "readIndex"> {
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

/** Reads a model and opens it on a runtime, which stays the caller's to close. @throws what `readModel` throws. */
export async function openWorkTools({ folder, readIndex, ...options }: WorkOptions): Promise<WorkTools> {
  const [model, library] = [await readModel(folder), await readModelNuclei(folder)];
  const { runtime } = options;
  const microscope = openMicroscope(runtime, model);
  const classifier = loadOnce(() =>
    openImageClassifier(runtime, model.classifier, model.constants.cropPixels),
  );
  const predictor = loadOnce(() => openSequencePredictor(runtime, model));
  const imager = loadOnce(async () => openCellImager(runtime, model));
  const index = loadOnce(async () => readIndex && openRetrievalIndex(await readIndex()));
  return {
    ...{ ...options, folder },
    ...{ microscope, library, canRetrieve: readIndex !== undefined },
    ...{ classifier, predictor, imager, index },
    nuclei: chooseNuclei(options.files, library, model.constants),
    async close() {
      await microscope.close();
    },
  };
}
