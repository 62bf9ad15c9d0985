// What an OME-TIFF is written from, as plain data: the planes, and what the OME-XML says of them. The writer of the file and
// the writer of its XML both read it.

import type { NdArray } from "../nd-array.ts";

/** What `writeOmeTiff` writes: planes [images, channels, H, W] with names, colours, pixel size in micrometres and annotations. */
export interface OmeTiffImage {
  /** [C, H, W], or [S, C, H, W] for S images; uint8, uint16 or float32. */
  readonly data: NdArray;
  /** One per channel. */
  readonly channelNames: readonly string[];
  /** One per channel, 0xRRGGBB; white where left out. */
  readonly channelColors?: readonly number[];
  /** Width and height of a pixel in micrometres. */
  readonly pixelSizeMicrons?: number;
  /** Name of the image; several are numbered. */
  readonly name?: string;
  readonly description?: string;
  /** Keys and values about the whole file, such as its provenance. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Label image of the same objects, which becomes the last image of the file. */
  readonly labels?: OmeLabels;
  /** Default deflate. */
  readonly compression?: "none" | "deflate";
}

/** A label image: 0 for the background, and a whole number per object. */
export interface OmeLabels {
  /** [H, W] of the size of the planes; uint8, uint16 or float32. */
  readonly data: NdArray;
  readonly name: string;
}
