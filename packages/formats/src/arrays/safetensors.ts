// safetensors: named tensors behind a JSON header (https://github.com/huggingface/safetensors, "Format").
//
//   u64 length of the header | header as UTF-8 JSON, padded with spaces | tensor bytes, little-endian
//
// The header is held to the reference reader's rules: at most 100 MB, and byte ranges that cover the
// rest of the file exactly, without holes or overlaps. Tensors are views of the file where alignment
// allows. `readSafetensorsHeader` needs only the first bytes, so that a huge file can be read lazily.

import { FormatError } from "../errors.ts";
import {
  bytesOf,
  bytesPerElement,
  type DType,
  elementCount,
  isConsistent,
  type NdArray,
  viewBytes,
} from "../nd-array.ts";
import { printable } from "../printable.ts";
import { parseBoundedJson } from "../text/bounded-json.ts";

/** One tensor of a header: element type, shape and its place in the data, in bytes. */
export interface SafetensorsEntry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** First byte in the file. */
  readonly begin: number;
  /** One past the last byte in the file. */
  readonly end: number;
}

/** The header of a safetensors file: its tensors by name and its metadata. */
export interface SafetensorsHeader {
  /** In the order of the bytes. */
  readonly entries: Map<string, SafetensorsEntry>;
  readonly metadata: Record<string, string>;
}

/** All tensors of a safetensors file by name, as views of its bytes where they are aligned, and its metadata. */
export interface Safetensors {
  readonly tensors: Map<string, NdArray>;
  readonly metadata: Record<string, string>;
}

const format = "safetensors";
const maxHeaderBytes = 100_000_000;
const maxHeaderValues = 10_000_000; // a tensor takes eight
const maxDimensions = 64; // NumPy's limit, and PyTorch's

// In the order in which the reference writer lays tensors out: widest first, so that all stay aligned.
const dtypeNames: readonly (readonly [string, DType])[] = [
  ["U64", "uint64"],
  ["I64", "int64"],
  ["F64", "float64"],
  ["F32", "float32"],
  ["U32", "uint32"],
  ["I32", "int32"],
  ["BF16", "bfloat16"],
  ["F16", "float16"],
  ["U16", "uint16"],
  ["I16", "int16"],
  ["I8", "int8"],
  ["U8", "uint8"],
  ["BOOL", "bool"],
];
const dtypeByName = new Map(dtypeNames);
const nameByDtype = new Map(dtypeNames.map(([name, dtype]) => [dtype, name]));
const rankByDtype = new Map(dtypeNames.map(([, dtype], rank) => [dtype, rank]));

/** Reads a whole file. Throws FormatError. */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { entries, metadata } = readSafetensorsHeader(bytes);
  const tensors = new Map<string, NdArray>();
  for (const [name, { dtype, shape, begin }] of entries) {
    tensors.set(name, { dtype, shape, data: viewBytes(bytes, dtype, begin, elementCount(shape)) });
  }
  return { tensors, metadata };
}

/** Bytes up to the first tensor, as the first eight bytes of a file state. Throws FormatError. */
export function safetensorsDataStart(firstBytes: Uint8Array): number {
  if (firstBytes.length < 8)
    throw new FormatError(format, "fewer than 8 bytes", { offset: firstBytes.length });
  const view = new DataView(firstBytes.buffer, firstBytes.byteOffset, 8);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > maxHeaderBytes) {
    throw new FormatError(format, `header of ${headerBytes} bytes, above the format's 100 MB`, { offset: 0 });
  }
  return 8 + headerBytes;
}

/**
 * Names, dtypes, shapes and byte ranges from the start of a file; `fileLength` is the length of the
 * whole file in bytes. `bytes` must reach to `safetensorsDataStart`. Throws FormatError.
 */
export function readSafetensorsHeader(bytes: Uint8Array, fileLength = bytes.length): SafetensorsHeader {
  const dataStart = safetensorsDataStart(bytes);
  if (dataStart > bytes.length) {
    throw new FormatError(format, `header of ${dataStart - 8} bytes, but ${bytes.length - 8} follow`, {
      offset: 8,
    });
  }
  const header = parseHeader(bytes.subarray(8, dataStart));
  const entries: [string, SafetensorsEntry][] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") metadata = checkMetadata(value);
    else entries.push([name, checkEntry(name, value, dataStart)]);
  }
  entries.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let end = dataStart;
  for (const [name, entry] of entries) {
    if (entry.begin !== end) {
      const fault = entry.begin < end ? "overlaps the tensor before it" : "leaves unused bytes before it";
      throw new FormatError(format, `tensor "${printable(name)}" ${fault}`, { offset: entry.begin });
    }
    end = entry.end;
  }
  if (end !== fileLength) {
    throw new FormatError(format, `tensors end at byte ${end}, the file at ${fileLength}`, { offset: end });
  }
  return { entries: new Map(entries), metadata };
}

/** Writes tensors in the reference's order: widest dtype first, then by name. Throws FormatError. */
export function writeSafetensors(
  tensors: Iterable<readonly [string, NdArray]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const all = new Map(tensors);
  for (const [name, array] of all)
    if (!isConsistent(array))
      throw new FormatError(
        format,
        `tensor "${printable(name)}" has other data than ${array.dtype} [${array.shape}]`,
        { hint: "correct it before writing" },
      );
  const { header, names, length } = planSafetensors(all, metadata);
  const bytes = new Uint8Array(length);
  bytes.set(header);
  let offset = header.length;
  for (const name of names) {
    const { data } = all.get(name)!;
    bytes.set(bytesOf(data), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/** A file that is written tensor by tensor: its first bytes, the names in the order of their bytes, and its length. */
export interface SafetensorsPlan {
  readonly header: Uint8Array;
  readonly names: readonly string[];
  readonly length: number;
}

/** Plans a file of tensors whose values come later, in the reference's order. Throws FormatError. */
export function planSafetensors(
  tensors: ReadonlyMap<string, Pick<NdArray, "dtype" | "shape">>,
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsPlan {
  const sorted = [...tensors].sort(
    ([nameA, a], [nameB, b]) =>
      rankByDtype.get(a.dtype)! - rankByDtype.get(b.dtype)! || (nameA < nameB ? -1 : 1),
  );
  const fields: string[] = [];
  const metadataKeys = Object.keys(metadata).sort();
  if (metadataKeys.length > 0)
    fields.push(`"__metadata__":${jsonObject(metadataKeys.map((key) => [key, metadata[key]]))}`);
  let length = 0;
  for (const [name, { dtype, shape }] of sorted) {
    if (name === "__metadata__")
      throw new FormatError(format, `tensor "${name}" has a reserved name`, {
        hint: "correct it before writing",
      });
    const begin = length;
    length += elementCount(shape) * bytesPerElement(dtype);
    const entry = { dtype: nameByDtype.get(dtype), shape, data_offsets: [begin, length] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const text = new TextEncoder().encode(`{${fields.join(",")}}`);
  const header = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  return { header, names: sorted.map(([name]) => name), length: header.length + length };
}

function parseHeader(bytes: Uint8Array): object {
  if (bytes[0] !== 0x7b) throw new FormatError(format, 'header does not begin with "{"', { offset: 8 });
  // The file, an entry, its shape; JSON that begins with a brace is an object.
  return parseBoundedJson(bytes, {
    format,
    name: "header",
    maxDepth: 3,
    maxValues: maxHeaderValues,
  }) as object;
}

function checkMetadata(value: unknown): Record<string, string> {
  if (!isObject(value) || !Object.values(value).every((text) => typeof text === "string")) {
    throw new FormatError(format, "__metadata__ is not a table of strings", { offset: 8 });
  }
  return value as Record<string, string>;
}

function checkEntry(name: string, value: unknown, dataStart: number): SafetensorsEntry {
  const refuse = (fault: string): never => {
    throw new FormatError(format, `tensor "${printable(name)}" ${fault}`, { offset: 8 });
  };
  if (!isObject(value)) return refuse("has no dtype, shape and data_offsets");
  if (typeof value.dtype !== "string") return refuse("has no dtype");
  const dtype = dtypeByName.get(value.dtype);
  if (dtype === undefined)
    return refuse(`has dtype "${printable(value.dtype)}"; known are ${[...dtypeByName.keys()].join(" ")}`);
  const shape = value.shape;
  if (!isSizes(shape)) return refuse("has a shape that is not a list of sizes");
  if (shape.length > maxDimensions) return refuse(`has ${shape.length} dimensions, above ${maxDimensions}`);
  const offsets = value.data_offsets;
  if (!isSizes(offsets) || offsets.length !== 2) return refuse("has data_offsets that are not two offsets");
  const [begin, end] = offsets as [number, number];
  const expected = elementCount(shape) * bytesPerElement(dtype);
  if (end - begin !== expected)
    return refuse(`spans ${end - begin} bytes where its shape asks for ${expected}`);
  return { dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function jsonObject(fields: [string, unknown][]): string {
  // By hand: JSON.stringify would move names such as "10" to the front.
  return `{${fields.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
}
