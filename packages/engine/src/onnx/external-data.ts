/**
 * Where the values of a model go: into the model, or beside it as ONNX external data.
 *
 * A protobuf message ends at 2 GiB, so a model with more weights than that keeps them in a second file. They are not
 * copied on the way there: the file is a list of parts, each a view of an array or the zeros that align the next.
 * Specification: onnx/onnx, docs/ExternalData.md.
 */
import { create } from "@bufbuild/protobuf";
import { StringStringEntryProtoSchema, type TensorProto, TensorProto_DataLocation } from "onnx-buf";
import type { NdArray } from "../tensor.ts";

export interface ExternalData {
  /** The name of the file, in the folder of the model. */
  readonly location: string;
  /** The file's bytes, in order; the arrays' own memory where they are no blobs. */
  readonly parts: readonly (Uint8Array<ArrayBuffer> | Blob)[];
}

/** A model and, where its values are too large for one message, the file that it reads them from. */
export interface OnnxModel {
  readonly model: Uint8Array<ArrayBuffer>;
  readonly externalData?: ExternalData;
}

/** Bytes of values that a model holds itself: 2 GiB less room for the graph. */
export const defaultEmbeddedLimit = 2 ** 31 - 2 ** 26;

const smallestExternal = 1024;
/** A page, so that the file can be mapped to memory. */
const alignment = 4096;

export interface ExternalDataOptions {
  /** Bytes of values above which those of 1 KiB or more go beside the model. */
  embeddedLimit?: number;
  location?: string;
}

/** Gives every tensor its value, or the place of its value in the external data that is returned. */
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

export function sumOfBytes(values: Iterable<NdArray>): number {
  let sum = 0;
  for (const { data } of values) sum += data.byteLength;
  return sum;
}

/** The memory of an array, as bytes. */
export function bytesOf({ data }: NdArray): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}
