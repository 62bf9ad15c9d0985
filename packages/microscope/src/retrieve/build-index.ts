// Builds a retrieval index: the image classifier's features of every image of a set, or of images that the model generates of
// every protein. Items come in parts, which the caller keeps as they come, so that it can go on from them.

import { ProteoscopeError } from "@proteoscope/formats";
import { resamplePlane } from "@proteoscope/imaging";
import type { ImageClassifier } from "../image/classifier.ts";
import type { WorkOptions } from "../progress.ts";
import { type IndexItem, thumbnailSide } from "./index-file.ts";

/** One image, or the images of one protein, that an item is made of. */
export interface IndexSource
  extends Pick<IndexItem, "id" | "kind" | "protein" | "field" | "isSynthetic" | "digest"> {
  /** The file that it is read from, which errors name; its id where there is none. */
  readonly path?: string | undefined;
  /** Cells as the classifier takes them, [3, S, S] each; none where nothing was found. */
  read(): Promise<readonly Float32Array[]>;
}

/** Finished items, and the sources that could not be read. */
export interface IndexPart {
  readonly items: readonly IndexItem[];
  readonly refused: readonly { readonly id: string; readonly error: unknown }[];
}

const itemsPerPart = 64;

/** Makes the items of all sources. @throws the signal's reason when it is aborted. */
export async function* buildIndex(
  classifier: ImageClassifier,
  sources: readonly IndexSource[],
  { signal, onProgress }: Partial<WorkOptions> = {},
): AsyncGenerator<IndexPart, void, undefined> {
  for (let first = 0; first < sources.length; first += itemsPerPart) {
    const items: IndexItem[] = [];
    const refused: IndexPart["refused"][number][] = [];
    let failure: { readonly error: unknown } | undefined;
    for (const [index, source] of sources.slice(first, first + itemsPerPart).entries()) {
      if (signal?.aborted) {
        failure = { error: signal.reason };
        break;
      }
      onProgress?.({
        ...{ phase: "index", unit: "items", note: source.id },
        ...{ done: first + index, total: sources.length },
      });
      try {
        items.push(await makeItem(classifier, source));
      } catch (error) {
        if (!signal?.aborted) refused.push({ id: source.id, error });
      }
    }
    yield { items, refused };
    if (failure !== undefined) throw failure.error;
  }
  signal?.throwIfAborted();
  onProgress?.({ phase: "index", unit: "items", done: sources.length, total: sources.length });
}

async function makeItem(
  classifier: ImageClassifier,
  { read, path, ...source }: IndexSource,
): Promise<IndexItem> {
  const cells = await read();
  return { ...source, ...(await measureCells(classifier, cells, path ?? source.id)) };
}

/**
 * Mean features of cells [3, S, S] and a small picture of the first.
 * @throws ProteoscopeError (data, field `nuclei`) for no cells, which names what they are of.
 */
export async function measureCells(
  classifier: ImageClassifier,
  cells: readonly Float32Array[],
  name: string,
): Promise<Pick<IndexItem, "cells" | "features" | "thumbnail">> {
  const [first] = cells;
  if (first === undefined)
    throw new ProteoscopeError(
      `${name}: no cells found: a channel of nuclei and the size of a pixel are needed`,
      { kind: "data", field: "nuclei" },
    );
  let sum: Float32Array | undefined;
  for (const planes of cells) {
    const { features } = (await classifier.classify(planes))[0]!;
    sum = sum?.map((value, i) => value + features[i]!) ?? features;
  }
  return {
    cells: cells.length,
    features: sum!.map((value) => value / cells.length),
    thumbnail: thumbnailOf(first),
  };
}

function thumbnailOf(planes: Float32Array): Uint8Array {
  const area = planes.length / 3;
  const side = Math.sqrt(area);
  const small = { height: thumbnailSide, width: thumbnailSide };
  const thumbnail = new Uint8Array(2 * thumbnailSide ** 2);
  for (const channel of [0, 1]) {
    const plane = planes.subarray(channel * area, (channel + 1) * area);
    const resized = resamplePlane(plane, { height: side, width: side }, small);
    thumbnail.set(
      resized.map((value) => Math.round(255 * value)),
      channel * thumbnailSide ** 2,
    );
  }
  return thumbnail;
}
