// Images to measure, as a stream: crops of an atlas, what a model generated, or the files of a folder. An image is read when
// its turn comes and is not kept, so that a set may be larger than memory.

import type { LabelClass } from "../../data/atlas/label-class.ts";
import type { CellPlanes } from "../judges/cell-features.ts";

/** A picture of one cell with what is known of it. */
export interface SetImage {
  /** Name of the image within its set. */
  readonly id: string;
  /** The unit that is resampled: images of one protein resemble each other. The id where the protein is not known. */
  readonly protein: string;
  /** The compartment, and what counts as correct; undefined where it is not known. */
  readonly label: LabelClass | undefined;
  /** The field of view that the nucleus is of. */
  readonly field: string;
  readonly planes: CellPlanes;
  /** What is known of a real cell: its class among those that judges distinguish, if it shows one clearly, and whether no network learned from it. */
  readonly real?: { readonly judgedClass: number | undefined; readonly isUnseen: boolean };
}

/** A set of images. */
export interface ImageSet {
  readonly name: string;
  /** Number of images, for progress. */
  readonly count: number;
  /** The images in a fixed order; each call begins anew. */
  read(): AsyncIterable<SetImage>;
  /** The names of all images and their proteins, where no image has to be read for them. */
  list?(): Iterable<Pick<SetImage, "id" | "protein">>;
}

/** Images around one nucleus, the real one first. */
export interface ImagePair {
  readonly id: string;
  readonly protein: string;
  /** The protein's gene, by which networks that name proteins know it. */
  readonly gene?: string | undefined;
  readonly label: LabelClass | undefined;
  readonly isSeen: boolean | undefined;
  readonly field: string;
  readonly real: CellPlanes;
  readonly generated: CellPlanes;
  /** What bounds the figures: another protein's image around the nucleus, the autoencoder's reconstruction, ... */
  readonly bounds: Readonly<Record<string, CellPlanes>>;
}

/** Pairs as a stream. */
export interface PairSet {
  readonly count: number;
  read(): AsyncIterable<ImagePair>;
}

/** A set in memory. */
export function imageSetOf(name: string, images: readonly SetImage[]): ImageSet {
  return {
    ...{ name, count: images.length },
    async *read() {
      yield* images;
    },
  };
}
