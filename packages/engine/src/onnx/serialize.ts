/**
 * Serialisation of a model with one copy of its values; protobuf-es would join them once for every message around them.
 *
 * A message that stands in several pieces is the sum of them (protobuf, "Encoding", last one wins and merging), so the
 * graph is written without initializers, and each initializer as one more piece of the graph.
 */
import { toBinary } from "@bufbuild/protobuf";
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "onnx-buf";

/** Serialises a model to bytes that every reader reads as those of `toBinary`. */
export function serializeModel(proto: ModelProto): Uint8Array<ArrayBuffer> {
  const { graph } = proto;
  if (graph === undefined) return toBinary(ModelProtoSchema, proto) as Uint8Array<ArrayBuffer>;
  const skeleton = toBinary(ModelProtoSchema, { ...proto, graph: { ...graph, initializer: [] } });
  const pieces = [skeleton, ...graph.initializer.flatMap(initializerPiece)];
  const byteLength = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const bytes = new Uint8Array(new ResizableBuffer(byteLength, { maxByteLength: byteLength }));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return bytes;
}

/** An ArrayBuffer of ECMAScript 2024, resizable so that its memory can be given back: see host.ts. */
const ResizableBuffer = ArrayBuffer as new (
  byteLength: number,
  options: { maxByteLength: number },
) => ArrayBuffer;

const graphField = ModelProtoSchema.field.graph.number;
const initializerField = GraphProtoSchema.field.initializer.number;
const rawDataField = TensorProtoSchema.field.rawData.number;

/** Writes an initializer as a piece of a model: the bytes around its values, and the values themselves. */
function initializerPiece(tensor: TensorProto): [Uint8Array, Uint8Array] {
  const { rawData } = tensor;
  const rest = toBinary(TensorProtoSchema, { ...tensor, rawData: new Uint8Array(0) });
  const head = rawData.byteLength === 0 ? rest : concatBytes(rest, prefix(rawDataField, rawData.byteLength));
  const inGraph = concatBytes(prefix(initializerField, head.byteLength + rawData.byteLength), head);
  return [concatBytes(prefix(graphField, inGraph.byteLength + rawData.byteLength), inGraph), rawData];
}

/** Writes the tag and length before a field of so many bytes. */
function prefix(field: number, byteLength: number): Uint8Array {
  const lengthDelimited = 2;
  return Uint8Array.of(...varint((field << 3) | lengthDelimited), ...varint(byteLength));
}

function varint(value: number): number[] {
  const low = value % 128;
  return value < 128 ? [low] : [low + 128, ...varint(Math.floor(value / 128))];
}

function concatBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}
