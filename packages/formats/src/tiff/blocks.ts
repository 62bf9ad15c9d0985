// Strips and tiles of a TIFF file, unpacked into little-endian samples (TIFF 6.0, sections 9, 13 and 14; Adobe's
// technical note 3 for the floating-point predictor): bit order, compression, byte order, prediction, packed bits.
// Own decoders instead of geotiff's (3.0.5): those have no bound, and that package reads the strip table of a
// big-endian file as little-endian and undoes 16-bit prediction in the host's byte order.

import { swapByteOrder } from "../nd-array.ts";
import { decompressBlock } from "./compression.ts";

export interface BlockLayout {
  readonly compression: number;
  /** 1 none, 2 horizontal differences, 3 floating point. */
  readonly predictor: number;
  /** The lowest bit of every byte comes first (FillOrder 2). */
  readonly lowBitFirst: boolean;
  readonly littleEndian: boolean;
  /** Bits of a stored sample: whole bytes, or 1 to 15 bits that are packed row by row. */
  readonly bitsPerSample: number;
  /** Samples of one row of the block. */
  readonly rowSamples: number;
  /** Samples of one pixel in the block. */
  readonly pixelSamples: number;
  /** Rows that the block must hold. */
  readonly rows: number;
  /** Rows that it may hold: a writer may fill up the last strip. */
  readonly maxRows: number;
}

/** Bytes of a sample after unpacking. */
export function bytesOfSample(bits: number): number {
  return bits <= 8 ? 1 : Math.max(2, bits / 8);
}

/** Bytes of a stored row. */
export function bytesOfRow({
  rowSamples,
  bitsPerSample,
}: Pick<BlockLayout, "rowSamples" | "bitsPerSample">): number {
  return Math.ceil((rowSamples * bitsPerSample) / 8);
}

/** Unpacks one block into little-endian samples, rows * rowSamples of them or more. Throws FormatError. */
export function unpackBlock(packed: Uint8Array, layout: BlockLayout): Uint8Array<ArrayBuffer> {
  const { compression, predictor, littleEndian, bitsPerSample, rows, maxRows } = layout;
  const rowBytes = bytesOfRow(layout);
  const size = rows * rowBytes;
  const stored = layout.lowBitFirst ? packed.map(reverseBits) : packed;
  const block = decompressBlock(stored, compression, size, maxRows * rowBytes);
  if (bitsPerSample % 8 !== 0) return unpackBits(block, layout);
  if (predictor === 3) {
    for (let row = 0; row < rows; row++)
      undoFloatPrediction(block.subarray(row * rowBytes, (row + 1) * rowBytes), layout);
    return block;
  }
  if (!littleEndian) swapByteOrder(block.subarray(0, size), bitsPerSample / 8);
  if (predictor === 2) undoDifferences(block, layout);
  return block;
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
}

/** Samples of fewer than 16 bits, the most significant bit first; every row begins at a whole byte. */
function unpackBits(block: Uint8Array, layout: BlockLayout): Uint8Array<ArrayBuffer> {
  const { bitsPerSample, rowSamples, rows } = layout;
  const rowBytes = bytesOfRow(layout);
  const samples = bitsPerSample <= 8 ? new Uint8Array(rows * rowSamples) : new Uint16Array(rows * rowSamples);
  const mask = 2 ** bitsPerSample - 1;
  for (let row = 0; row < rows; row++) {
    let read = row * rowBytes;
    let buffer = 0;
    let bits = 0;
    for (let sample = row * rowSamples; sample < (row + 1) * rowSamples; sample++) {
      while (bits < bitsPerSample) {
        buffer = ((buffer << 8) | block[read++]!) & 0xffffff;
        bits += 8;
      }
      bits -= bitsPerSample;
      samples[sample] = (buffer >> bits) & mask;
    }
  }
  return new Uint8Array(samples.buffer);
}

const integerArrays = { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array, 64: BigUint64Array } as const;

/** Samples as unsigned integers of their width, to move and to add them whatever they mean. */
export function viewUnsigned(bytes: Uint8Array, bits: number, count: number) {
  const Type = integerArrays[(bytesOfSample(bits) * 8) as keyof typeof integerArrays];
  return new Type(bytes.buffer as ArrayBuffer, bytes.byteOffset, count);
}

function undoDifferences(
  block: Uint8Array,
  { bitsPerSample, rowSamples, pixelSamples, rows }: BlockLayout,
): void {
  const samples = viewUnsigned(block, bitsPerSample, rows * rowSamples) as Uint32Array; // or of bigint: += is the same
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * rowSamples;
    for (let i = row * rowSamples + pixelSamples; i < end; i++) samples[i]! += samples[i - pixelSamples]!;
  }
}

/** One row: differences of bytes, which are grouped by significance, the most significant first. */
function undoFloatPrediction(
  row: Uint8Array,
  { bitsPerSample, rowSamples, pixelSamples }: BlockLayout,
): void {
  const bytesPerSample = bitsPerSample / 8;
  for (let i = pixelSamples; i < row.length; i++) row[i]! += row[i - pixelSamples]!;
  const grouped = row.slice();
  for (let sample = 0; sample < rowSamples; sample++) {
    for (let byte = 0; byte < bytesPerSample; byte++) {
      row[sample * bytesPerSample + byte] = grouped[(bytesPerSample - 1 - byte) * rowSamples + sample]!;
    }
  }
}
