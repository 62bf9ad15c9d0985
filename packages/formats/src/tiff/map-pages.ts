// Where each plane of an image lies in a TIFF file: the page, the sample of its pixels, and how far behind the page's
// own data. Here for pages without a description, each a channel; beside this for what OME-XML, ImageJ and tifffile
// describe. Planes are looked up, not listed, so that a description that promises many costs nothing.

import { FormatError } from "../errors.ts";
import type { ImageStack, PlaneIndex } from "../image/image-stack.ts";
import type { TiffPage } from "./page.ts";

export interface PlanePlace {
  /** Byte offset of the page's directory. */
  readonly pageOffset: number;
  readonly sample: number;
  /** Bytes from the page's own data to the plane's. */
  readonly shift: number;
}

export interface PlaneMap extends Pick<ImageStack, "sizeC" | "sizeZ" | "sizeT" | "channelNames" | "series"> {
  readonly pixelSizeMicrons?: number;
  /** Byte offset of a page of the image; all others must be alike. */
  readonly pageOffset: number;
  /** Throws FormatError for a plane that is not in the file. */
  find(index: PlaneIndex): PlanePlace;
}

/** What the descriptions are read against. */
export interface TiffPages {
  /** Byte offsets of the pages of full resolution; at least one. */
  readonly offsets: readonly number[];
  /** The first of them. */
  readonly first: TiffPage;
  /** The description of the first page. */
  readonly description: string;
}

/** Maps pages without a description: the samples of the first are channels, then those of the next. */
export function mapPages({ offsets, first }: TiffPages): PlaneMap {
  const { samples } = first;
  return {
    ...{ sizeC: offsets.length * samples, sizeZ: 1, sizeT: 1 },
    channelNames: offsets.length === 1 ? colourNames(first) : [],
    ...{ series: { index: 0, count: 1 }, pageOffset: offsets[0]! },
    find: ({ c }) => ({ pageOffset: offsets[Math.floor(c / samples)]!, sample: c % samples, shift: 0 }),
  };
}

const colours = ["red", "green", "blue", "alpha"];

/** Names of the samples of a page where they are colours, else none. */
export function colourNames({ isRgb, samples }: TiffPage): string[] {
  return isRgb ? colours.slice(0, samples) : [];
}

/**
 * Places of `count` planes of all samples each that follow one another from a page on: in pages of their own, or
 * behind the data of the only page, as ImageJ writes what is too large for pages. Throws FormatError where the file
 * holds neither, or more.
 */
export function placeSequence(
  { offsets, first }: TiffPages,
  count: number,
  what: string,
): (plane: number) => Omit<PlanePlace, "sample"> {
  if (offsets.length === count) return (plane) => ({ pageOffset: offsets[plane]!, shift: 0 });
  if (offsets.length === 1 && isContiguous(first)) {
    const bytes = first.blocks.byteCounts.reduce((sum, length) => sum + length, 0);
    return (plane) => ({ pageOffset: offsets[0]!, shift: plane * bytes });
  }
  throw new FormatError("tiff", `${what} ${count} planes, but the file has ${offsets.length} pages`, {
    hint: "save it again as OME-TIFF or as one page per plane",
  });
}

/** The page's data is one run of bytes, uncompressed: more planes of its kind may follow. */
function isContiguous({ blocks, layout }: TiffPage): boolean {
  const { offsets, byteCounts, tiled } = blocks;
  return (
    !tiled &&
    layout.compression === 1 &&
    offsets.every((offset, index) => index === 0 || offset === offsets[index - 1]! + byteCounts[index - 1]!)
  );
}

/** Planes from one place to the next on each axis, in an order such as "czt", the fastest first. */
export function planeStrides(order: string, sizes: Readonly<PlaneIndex>): PlaneIndex {
  const strides = { c: 0, z: 0, t: 0 };
  let stride = 1;
  for (const axis of order as Iterable<keyof PlaneIndex>) {
    strides[axis] = stride;
    stride *= sizes[axis];
  }
  return strides;
}
