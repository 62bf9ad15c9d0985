// The pixels of one TIFF page: its strips or tiles put together into planes, one per sample. Whatever the tags
// promise is held against the bytes that are there before anything is allocated.

import { FormatError } from "../errors.ts";
import { elementCount, type NdArray, viewBytes } from "../nd-array.ts";
import { bytesOfRow, bytesOfSample, unpackBlock, viewUnsigned } from "./blocks.ts";
import { maxRatioByCompression } from "./compression.ts";
import type { TiffFile } from "./directory.ts";
import type { TiffPage } from "./page.ts";

export interface SampleRange {
  /** First sample of the pixel that is read. */
  readonly first: number;
  readonly count: number;
  /** Bytes to the data from where the page's tags say: planes that follow the page's own have no tags. Default 0. */
  readonly shift?: number;
}

const format = "tiff";
const maxDecodedBytes = 512 * 2 ** 20;

/** Reads samples of a page, [count, height, width]. Throws FormatError, also above 512 MiB. */
export function readTiffSamples(file: TiffFile, page: TiffPage, range: SampleRange): NdArray {
  const shape = [range.count, page.height, page.width];
  checkTiffPages(file, [page], range.shift);
  const decoded = new Uint8Array(elementCount(shape) * bytesOfSample(page.bitsPerSample));
  unpackTiffSamples(file, page, range, decoded);
  return { dtype: page.dtype, shape, data: viewBytes(decoded, page.dtype, 0, elementCount(shape)) };
}

/** Throws FormatError where the samples of all pages together are too many, or the file cannot hold them. */
export function checkTiffPages(file: TiffFile, pages: readonly TiffPage[], shift = 0): void {
  const fileBytes = file.bytes.length;
  let [total, largest] = [0, 0];
  for (const page of pages) {
    const { blocks, layout } = page;
    const ratio = maxRatioByCompression.get(layout.compression)!;
    const rowBytes = bytesOfRow(layout);
    for (const [index, byteCount] of blocks.byteCounts.entries()) {
      if (byteCount === 0) continue; // an empty tile: zeros
      const offset = blocks.offsets[index]! + shift;
      if (offset + byteCount > fileBytes)
        throw new FormatError(format, "a strip or tile lies outside the file", { offset });
      const blockBytes = rowsOfBlock(page, index) * rowBytes;
      if (blockBytes > byteCount * ratio)
        throw new FormatError(format, `${byteCount} bytes cannot hold a strip or tile`, { offset });
      total += blockBytes;
    }
    largest = Math.max(largest, fileBytes * ratio);
    if (blocks.byteCounts.every((count) => count === 0)) throw new FormatError(format, "a page has no data");
  }
  const decoded = pages.reduce((sum, page) => sum + page.samples * bytesOfPlane(page), 0);
  if (decoded > maxDecodedBytes || total > largest) {
    const what = `its samples need ${decoded} bytes, above ${Math.min(maxDecodedBytes, largest)}`;
    throw new FormatError(format, what, { hint: "the file is damaged, or too large: crop it first" });
  }
}

function bytesOfPlane({ width, height, bitsPerSample }: TiffPage): number {
  return width * height * bytesOfSample(bitsPerSample);
}

/** Rows that a block must hold: a tile is always whole, the last strip ends with the page. */
function rowsOfBlock({ height, blocks }: TiffPage, index: number): number {
  const firstRow = (Math.floor(index / blocks.across) % blocks.down) * blocks.height;
  return blocks.tiled ? blocks.height : Math.min(blocks.height, height - firstRow);
}

/** Unpacks samples of a page that was checked, [count, height, width], to the start of `decoded`. */
export function unpackTiffSamples(
  file: TiffFile,
  page: TiffPage,
  { first, count, shift = 0 }: SampleRange,
  decoded: Uint8Array,
): void {
  const { width, height, blocks, layout, bitsPerSample } = page;
  const { across, down } = blocks;
  const { pixelSamples, rowSamples } = layout;
  const target = viewUnsigned(decoded, bitsPerSample, count * height * width) as Uint32Array;
  for (const [index, start] of blocks.offsets.entries()) {
    const firstSample = Math.floor(index / (across * down)) * pixelSamples;
    const samples = Array.from({ length: pixelSamples }, (_, sample) => firstSample + sample);
    const byteCount = blocks.byteCounts[index]!;
    if (byteCount === 0 || !samples.some((sample) => sample >= first && sample < first + count)) continue;
    const packed = file.bytes.subarray(start + shift, start + shift + byteCount);
    const rows = rowsOfBlock(page, index);
    const block = unpackBlock(packed, { ...layout, rows, maxRows: blocks.height });
    const source = viewUnsigned(block, bitsPerSample, rows * rowSamples) as Uint32Array;
    const firstColumn = (index % across) * blocks.width;
    const firstRow = (Math.floor(index / across) % down) * blocks.height;
    const columns = Math.min(blocks.width, width - firstColumn);
    for (const [offset, sample] of samples.entries()) {
      if (sample < first || sample >= first + count) continue;
      for (let row = 0; row < Math.min(rows, height - firstRow); row++) {
        const to = ((sample - first) * height + firstRow + row) * width + firstColumn;
        const from = row * rowSamples + offset;
        if (pixelSamples === 1) target.set(source.subarray(from, from + columns), to);
        else
          for (let column = 0; column < columns; column++)
            target[to + column] = source[from + column * pixelSamples]!;
      }
    }
  }
}
