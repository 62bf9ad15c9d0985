/**
 * The storage of a model's values: in the model, or beside it as ONNX external data.
 *
 * A protobuf message ends at 2 GiB, so a model with more weights than that has them in a second file. They are not
 * copied on the way there: the file is a list of parts, each a view of an array or the zeros that align the next.
 * Specification: onnx/onnx, docs/ExternalData.md.
 */
import { create } from "@bufbuild/protobuf";
import { StringStringEntryProtoSchema, type TensorProto, TensorProto_DataLocation } from "onnx-buf";
import type { NdArray } from "../tensor.ts";

/** A file of values beside a model. */
export interface ExternalData {
  /** The name of the file, in the folder of the model. */
  readonly location: string;
  /** The file's bytes, in order; the arrays' own memory where they are no blobs, not a copy of it. */
  readonly parts: readonly (Uint8Array<ArrayBuffer> | Blob)[];
}

/** A model and, where its values are too large for one message, the file that it reads them from. */
export interface OnnxModel {
  /** The bytes of the model's file. */
  readonly model: Uint8Array<ArrayBuffer>;
  /** The file of values, where there is one. */
  readonly externalData?: ExternalData;
}

/** Number of bytes of values that a model holds itself: 2 GiB less room for the graph. */
export const defaultEmbeddedLimit = 2 ** 31 - 2 ** 26;

const smallestExternal = 1024;
/** The size of a page in bytes, so that the file can be mapped to memory. */
const alignment = 4096;

/** Options of where values are stored. */
export interface ExternalDataOptions {
  /** Bytes of values above which those of 1 KiB or more go beside the model. Default 2 GiB less 64 MiB. */
  embeddedLimit?: number;
  /** The name of the file beside the model. Default "model.onnx.data". */
  location?: string;
}

/** Gives every tensor its value, or the offset of its value in the external data that is returned. */
export function storeValues(
  values: ReadonlyMap<TensorProto, NdArray>,
  { embeddedLimit = defaultEmbeddedLimit, location = "model.onnx.data" }: ExternalDataOptions,
): ExternalData | undefined {
  const isEmbedded = sumOfBytes(values.values()) <= embeddedLimit;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const [proto, value] of values) {
    const bytes = bytesOf(value);
    if (isEmbedded || bytes.byteLength < smallestExternal) {
      proto.rawData = bytes;
      continue;
    }
    const padding = new Uint8Array((alignment - (offset % alignment)) % alignment);
    if (padding.byteLength > 0) parts.push(padding);
    parts.push(bytes);
    offset += padding.byteLength;
    const entries = Object.entries({ location, offset, length: bytes.byteLength });
    proto.dataLocation = TensorProto_DataLocation.EXTERNAL;
    proto.externalData = entries.map(([key, entry]) =>
      create(StringStringEntryProtoSchema, { key, value: String(entry) }),
    );
    offset += bytes.byteLength;
  }
  return isEmbedded ? undefined : { location, parts };
}

/** Counts the bytes of arrays. */
export function sumOfBytes(values: Iterable<NdArray>): number {
  let sum = 0;
  for (const { data } of values) sum += data.byteLength;
  return sum;
}

/** Views the memory of an array as bytes. */
export function bytesOf({ data }: NdArray): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}
