// A checkpoint as torch.save writes it: a dict of contiguous float32 tensors, with one stored file per storage, in parts, so
// that one of gigabytes needs no memory. Opcodes are those of pickle protocol 2 (Lib/pickletools.py), as text of one byte
// per character; the archive follows APPNOTE 6.3.10, with the Zip64 records where `zip64` asks for them.

import { crc32 } from "node:zlib";
import type { NdArray } from "@proteoscope/formats";

/** A float32 tensor to be written, whose values are asked for when its turn comes. */
export interface WrittenTensor {
  readonly shape: readonly number[];
  values(): Float32Array;
}

/** What a checkpoint looks like beside its tensors. */
export interface CheckpointLayout {
  /** Keys below which the state dict lies, outermost first. */
  readonly wrap?: readonly string[];
  /** Whether sizes and places are written with 64 bits, as above 4 GiB. */
  readonly zip64?: boolean;
  /** Byte of the file at which the archive begins. */
  readonly start?: number;
}

/** The bytes of a small .pth file. */
export function torchCheckpoint(
  tensors: Iterable<readonly [string, NdArray]>,
  layout: CheckpointLayout = {},
): Uint8Array {
  const written = [...tensors].map(([name, { shape, data }]): [string, WrittenTensor] => [
    name,
    { shape, values: () => data as Float32Array },
  ]);
  return new Uint8Array(Buffer.concat([...torchCheckpointParts(new Map(written), layout)]));
}

/** The bytes of a .pth file, part by part. */
export function* torchCheckpointParts(
  tensors: ReadonlyMap<string, WrittenTensor>,
  { wrap = [], zip64 = false, start = 0 }: CheckpointLayout = {},
): Generator<Uint8Array> {
  const directory: Uint8Array[] = [];
  let offset = start;
  function* entry(name: string, bytes: Uint8Array): Generator<Uint8Array> {
    const sum = crc32(bytes);
    const padding = paddingAt(offset + localBytes + name.length);
    const local = Buffer.concat([
      fields([4, 0x04034b50], [2, 45], [2, 0], [2, 0], [4, 0], [4, sum]),
      fields([4, bytes.length], [4, bytes.length], [2, name.length], [2, padding.length]),
      Buffer.from(name),
      padding,
    ]);
    const extra = zip64
      ? fields([2, 1], [2, 24], [8, bytes.length], [8, bytes.length], [8, offset])
      : Buffer.alloc(0);
    const short = (value: number): [number, number] => [4, zip64 ? 0xffffffff : value];
    directory.push(
      fields([4, 0x02014b50], [2, 45], [2, 45], [2, 0], [2, 0], [4, 0], [4, sum]),
      fields(short(bytes.length), short(bytes.length), [2, name.length], [2, extra.length]),
      fields([2, 0], [2, 0], [2, 0], [4, 0], short(offset)),
      Buffer.from(name),
      extra,
    );
    offset += local.length + bytes.length;
    yield local;
    yield bytes;
  }
  yield* entry("m/data.pkl", new Uint8Array(Buffer.from(pickleOf(tensors, wrap), "latin1")));
  yield* entry("m/version", new Uint8Array(Buffer.from("3\n")));
  for (const [index, tensor] of [...tensors.values()].entries()) {
    const { buffer, byteOffset, byteLength } = tensor.values();
    yield* entry(`m/data/${index}`, new Uint8Array(buffer, byteOffset, byteLength));
  }
  const count = tensors.size + 2;
  const list = Buffer.concat(directory);
  yield list;
  if (zip64) {
    yield fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count]);
    yield fields([8, list.length], [8, offset]);
    yield fields([4, 0x07064b50], [4, 0], [8, offset + list.length], [4, 1]);
  }
  const [entries, size, place] = zip64 ? [0xffff, 0xffffffff, 0xffffffff] : [count, list.length, offset];
  yield fields(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, entries!],
    [2, entries!],
    [4, size!],
    [4, place!],
    [2, 0],
  );
}

/** Bytes of the header before an entry, without its name. */
const localBytes = 30;

/** The extra field by which an entry begins at a multiple of 64 bytes (getPadding of caffe2/serialize/inline_container.cc). */
function paddingAt(end: number): Buffer {
  const length = (64 - ((end + 4) % 64)) % 64;
  return Buffer.concat([fields([2, 0x4246], [2, length]), Buffer.alloc(length, "Z")]);
}

/** Little-endian numbers of 2, 4 or 8 bytes. */
function fields(...values: readonly (readonly [bytes: number, value: number])[]): Buffer {
  return Buffer.concat(
    values.map(([bytes, value]) => {
      const field = Buffer.alloc(8);
      field.writeBigUInt64LE(BigInt(value));
      return field.subarray(0, bytes);
    }),
  );
}

function pickleOf(tensors: ReadonlyMap<string, WrittenTensor>, wrap: readonly string[]): string {
  const items = [...tensors].map(([name, { shape }], index) => {
    const strides = shape.map((_, axis) => product(shape.slice(axis + 1)));
    const key = [text("storage"), "ctorch\nFloatStorage\n", text(`${index}`), text("cpu")];
    const id = tuple(...key, integer(product(shape)));
    const sizes = [shape, strides].map((values) => tuple(...values.map(integer)));
    return `${text(name)}ctorch._utils\n_rebuild_tensor_v2\n${tuple(`${id}Q`, integer(0), ...sizes, "\x89", "N")}R`;
  });
  const tree = wrap.reduceRight((inner, key) => `}(${text(key)}${inner}u`, `}(${items.join("")}u`);
  return `\x80\x02${tree}.`;
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
const bytesOf = (value: number): string =>
  String.fromCharCode(...new Uint8Array(Int32Array.of(value).buffer));
const integer = (value: number): string => `J${bytesOf(value)}`;
const text = (value: string): string => `X${bytesOf(value.length)}${value}`;
const tuple = (...values: readonly string[]): string => `(${values.join("")}t`;
