// All pages of a TIFF file as they lie in it, one after another, whatever its description says they are; what an
// image consists of is the matter of open-tiff.ts. Values are those of the file: no palette, no inversion.

import { FormatError } from "../errors.ts";
import { elementCount, type NdArray, viewBytes } from "../nd-array.ts";
import { bytesOfSample } from "./blocks.ts";
import { openTiffFile, type TiffFile } from "./directory.ts";
import { fullPages, readDescription, readTiffPage, type TiffPage } from "./page.ts";
import { readPixelSize } from "./pixel-size.ts";
import { checkTiffPages, unpackTiffSamples } from "./read-page.ts";

/** All pages of a TIFF of one size and type, with pixel size in micrometres and description. */
export interface TiffImage {
  readonly width: number;
  readonly height: number;
  /** [channels, height, width]: the samples of the first page, then of the next. */
  readonly planes: NdArray;
  /** Width of a pixel in micrometres, where the file says it. */
  readonly pixelSizeMicrons?: number;
  /** The first page's description: OME-XML, ImageJ's properties or free text. */
  readonly description?: string;
}

const format = "tiff";

/**
 * Reads all pages of full resolution as channels; pages must agree in size and sample type. Throws FormatError, also
 * above 100 million pixels per page or 512 MiB of samples.
 */
export function readTiff(bytes: Uint8Array): TiffImage {
  const file = openTiffFile(bytes);
  const pages = readPages(file);
  const [first] = pages as [TiffPage, ...TiffPage[]];
  const { width, height, dtype } = first;
  if (pages.some((page) => page.width !== width || page.height !== height || page.dtype !== dtype)) {
    throw new FormatError(format, "its pages differ in size or sample type", {
      hint: "save one channel per page",
    });
  }
  checkTiffPages(file, pages);
  const channels = pages.reduce((sum, { samples }) => sum + samples, 0);
  const shape = [channels, height, width];
  const decoded = new Uint8Array(elementCount(shape) * bytesOfSample(first.bitsPerSample));
  let start = 0;
  for (const page of pages) {
    unpackTiffSamples(file, page, { first: 0, count: page.samples }, decoded.subarray(start));
    start += page.samples * height * width * bytesOfSample(page.bitsPerSample);
  }
  const description = readDescription(file);
  const pixelSizeMicrons = readPixelSize(file, description);
  return {
    width,
    height,
    planes: { dtype, shape, data: viewBytes(decoded, dtype, 0, elementCount(shape)) },
    ...(pixelSizeMicrons === undefined ? {} : { pixelSizeMicrons }),
    ...(description === undefined ? {} : { description }),
  };
}

function readPages(file: TiffFile): TiffPage[] {
  let blocks = 0;
  return fullPages(file).map((offset) => {
    const page = readTiffPage(file, offset);
    blocks += page.blocks.offsets.length;
    // Pages that share their lists of strips would make a small file promise more than it can list.
    if (blocks > file.bytes.length) throw new FormatError(format, "its pages share their strips", { offset });
    return page;
  });
}
