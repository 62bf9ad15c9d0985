// A TIFF file as an image with axes: OME-XML, ImageJ's properties or tifffile's JSON say which page is which channel,
// section and time point; without them every page is a channel. Planes are decoded one at a time, when they are read.

import { FormatError } from "../errors.ts";
import type { ImageStack } from "../image/image-stack.ts";
import type { NdArray } from "../nd-array.ts";
import { isOmeXml } from "../ome/read-ome-xml.ts";
import { loadZstd } from "../zstd.ts";
import { isZstd } from "./compression.ts";
import { openTiffFile, readTiffDirectory, type TiffFile } from "./directory.ts";
import { isImageJ, mapImageJ } from "./map-imagej.ts";
import { mapOmeTiff } from "./map-ome.ts";
import { mapPages, type PlaneMap } from "./map-pages.ts";
import { mapShaped } from "./map-shaped.ts";
import { fullPages, readDescription, readTiffPage } from "./page.ts";
import { readPixelSize } from "./pixel-size.ts";
import { readTiffSamples } from "./read-page.ts";

export interface OpenTiffOptions {
  /** Which image of a file of several, from 0. Default 0. */
  readonly series?: number | undefined;
  /** The file's name, which OME-XML may speak of. */
  readonly name?: string | undefined;
}

const format = "tiff";

/**
 * Opens the bytes of a file. Throws FormatError; so does `readPlane`, for a plane that is damaged, is not in the file,
 * or differs from the first in size or sample type.
 */
export function openTiff(bytes: Uint8Array, options: OpenTiffOptions = {}): ImageStack {
  const file = openTiffFile(bytes);
  const { find, pageOffset, ...axes } = mapPlanes(file, options);
  const { width, height, bitsPerSample, dtype } = readTiffPage(file, pageOffset);
  return {
    ...{ ...axes, width, height, bitDepth: bitsPerSample },
    readPlane: (index) => {
      const { sample, shift, ...place } = find(index);
      const page = readTiffPage(file, place.pageOffset);
      if (page.width !== width || page.height !== height || page.dtype !== dtype) {
        const found = `${page.width} x ${page.height} pixels of ${page.dtype}, not ${width} x ${height} of ${dtype}`;
        throw new FormatError(format, `its pages differ: one has ${found}`, {
          hint: "save one channel per page",
        });
      }
      const read = (): NdArray => ({
        ...readTiffSamples(file, page, { first: sample, count: 1, shift }),
        shape: [height, width],
      });
      return isZstd(page.layout.compression) ? loadZstd().then(read) : read();
    },
  };
}

function mapPlanes(file: TiffFile, { series = 0, name = "" }: OpenTiffOptions): PlaneMap {
  const description = readDescription(file) ?? "";
  if (isOmeXml(description)) return mapOmeTiff(file, description, { series, fileName: name });
  if (series !== 0)
    throw new FormatError(format, `there is no image ${series}: the file has one`, {
      hint: "choose image 0",
    });
  const offsets = fullPages(file);
  const pages = { offsets, first: readTiffPage(file, offsets[0]!), description };
  refuseVendorStack(file, offsets, description);
  const map = mapShaped(pages) ?? (isImageJ(description) ? mapImageJ(pages) : mapPages(pages));
  const pixelSizeMicrons = readPixelSize(file, description);
  return pixelSizeMicrons === undefined ? map : { ...map, pixelSizeMicrons };
}

// Microscopes' own kinds of TIFF, by a tag that each has: where they hold more than one page, tags that only they
// document say what the pages are.
const vendorTags: readonly [tag: number, kind: string][] = [
  [34412, "a Zeiss LSM"],
  [34361, "an Olympus FluoView"],
  [33560, "an Olympus SIS"],
];
const metaMorphPlanes = 33629;

function refuseVendorStack(file: TiffFile, offsets: readonly number[], description: string): void {
  const directory = readTiffDirectory(file, offsets[0]!);
  const kind =
    offsets.length > 1
      ? (vendorTags.find(([tag]) => directory.has(tag))?.[1] ??
        (/^(?:state\.|scanimage\.)/.test(description) ? "a ScanImage" : undefined))
      : (directory.get(metaMorphPlanes)?.count ?? 0) > 1
        ? "a MetaMorph"
        : undefined;
  if (kind !== undefined)
    throw new FormatError(format, `the channels and sections of ${kind} stack are not read`, {
      hint: "export it as OME-TIFF, from Fiji for instance",
    });
}
