/**
 * Emission of a traced graph as an ONNX model (IR version 10, opset 21): nodes in order, constants as initializers.
 *
 * Names are numbered in order of emission, so that equal graphs give equal bytes. Parameters become initializers
 * where values are given, and inputs of their own name where they are not (training). Values too large for one file
 * go into a second one, see external-data.ts.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { ancestors } from "../gradient.ts";
import type { Rule } from "../passes/rewrite.ts";
import { simplify } from "../passes/simplify.ts";
import type { Shape } from "../shape.ts";
import { type Attribute, isConstant, type NdArray, type Node, type Tensor } from "../tensor.ts";
import {
  bytesOf,
  defaultEmbeddedLimit,
  type ExternalDataOptions,
  type OnnxModel,
  storeValues,
  sumOfBytes,
} from "./external-data.ts";
import { serializeModel } from "./serialize.ts";

/** The version of the standard operator set. */
export const opset = 21;
/** The version of the file format. */
export const irVersion = 10n;

/** A graph by its leaves and outputs. */
export interface GraphInterface {
  /** Leaves that are fed, by name. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Leaves whose values become part of the model, by name. */
  readonly initializers?: ReadonlyMap<string, { readonly tensor: Tensor; readonly value: NdArray }>;
  /** Tensors that the model returns, by name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}

const dataTypes: Readonly<Record<string, TensorProto_DataType>> = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  bfloat16: TensorProto_DataType.BFLOAT16,
  int64: TensorProto_DataType.INT64,
  int32: TensorProto_DataType.INT32,
  uint8: TensorProto_DataType.UINT8,
  bool: TensorProto_DataType.BOOL,
};

function dataType(dtype: string): TensorProto_DataType {
  const type = dataTypes[dtype];
  if (type === undefined) throw new Error(`onnx: no data type for ${dtype}`);
  return type;
}

/** Options of emission. */
export interface EmitOptions {
  /** Whether the passes of `passes/` run before. Default true. */
  simplified?: boolean;
  /** The lowerings of a device, such as `trainingLowerings` gives; none when absent. */
  lowerings?: readonly Rule[];
}

/**
 * Serialises a graph as one ONNX file, with its values inside.
 *
 * @throws Error where they are too large for one file, which `emitOnnxModel` writes as two, and for a leaf that is neither
 * an input nor an initializer.
 */
export function emitOnnx(graph: GraphInterface, options: EmitOptions = {}): Uint8Array<ArrayBuffer> {
  const built = buildOnnx(graph, options);
  const bytes = sumOfBytes([...built.weights.values(), ...built.constants.values()]);
  if (bytes > defaultEmbeddedLimit)
    throw new Error(
      `onnx: the model's values take ${(bytes / 2 ** 30).toFixed(2)} GiB, and one file holds less than 2; emitOnnxModel puts them into a second file`,
    );
  return serializeOnnx(built).model;
}

/**
 * Serialises a graph as an ONNX file, with its values in a second file where they pass a limit (2 GiB, where protobuf
 * ends).
 *
 * @throws Error for a leaf that is neither an input nor an initializer.
 */
export function emitOnnxModel(
  graph: GraphInterface,
  options: EmitOptions & ExternalDataOptions = {},
): OnnxModel {
  return serializeOnnx(buildOnnx(graph, options), options);
}

/** A graph in ONNX's terms, whose values are still apart. */
export interface BuiltOnnx {
  readonly proto: ModelProto;
  /** The values of the graph's initializers, in their order. */
  readonly weights: ReadonlyMap<TensorProto, NdArray>;
  /** The values of the constants that tracing made. */
  readonly constants: ReadonlyMap<TensorProto, NdArray>;
}

/** Serialises a built graph, which takes its values and must not be used again. */
export function serializeOnnx(
  { proto, weights, constants }: BuiltOnnx,
  options: ExternalDataOptions = {},
): OnnxModel {
  const externalData = storeValues(new Map([...weights, ...constants]), options);
  const model = serializeModel(proto);
  return externalData === undefined ? { model } : { model, externalData };
}

/** Serialises all of a model but the values of its weights, which is equal for equal graphs. */
export function signatureOf({ proto, constants }: BuiltOnnx): Uint8Array[] {
  return [toBinary(ModelProtoSchema, proto), ...[...constants.values()].map(bytesOf)];
}

/** Builds the messages of a model. */
export function buildOnnx(
  graph: GraphInterface,
  { simplified = true, ...options }: EmitOptions = {},
): BuiltOnnx {
  const { inputs, initializers } = graph;
  const outputs = simplified ? simplifiedOutputs(graph, options) : graph.outputs;
  const names = new Map<Tensor, string>();
  for (const [name, tensor] of inputs) names.set(tensor, name);
  const weights = new Map<TensorProto, NdArray>();
  for (const [name, { tensor, value }] of initializers ?? []) {
    names.set(tensor, name);
    weights.set(tensorProto(name, value), value);
  }
  const { nodes, constants } = buildNodes([...outputs.values()], names, weights.size);
  const results: ValueInfoProto[] = [];
  for (const [name, tensor] of outputs) {
    const ends = { input: [names.get(tensor)!], output: [name] };
    nodes.push(create(NodeProtoSchema, { opType: "Identity", name: `output.${name}`, ...ends }));
    results.push(valueInfo(name, tensor.dtype, tensor.shape));
  }
  const proto = create(ModelProtoSchema, {
    irVersion,
    producerName: "proteoscope",
    opsetImport: opsetsOf(nodes),
    graph: create(GraphProtoSchema, {
      name: "graph",
      node: nodes,
      initializer: [...weights.keys(), ...constants.keys()],
      input: [...inputs].map(([name, tensor]) => valueInfo(name, tensor.dtype, tensor.shape)),
      output: results,
    }),
  });
  return { proto, weights, constants };
}

/** The nodes and constants that outputs need; `names` has those of inputs and initializers, and is given all others. */
function buildNodes(outputs: readonly Tensor[], names: Map<Tensor, string>, weightCount: number) {
  const constants = new Map<TensorProto, NdArray>();
  const nodes: NodeProto[] = [];
  const computed = ancestors(outputs);
  const used = new Set([...outputs, ...computed.flatMap((node) => node.inputs)]);
  for (const node of computed) {
    const first = node.outputs[0]!;
    if (names.has(first)) continue;
    if (node.operator.isAlias) {
      for (const output of node.outputs) names.set(output, names.get(node.inputs[output.index]!)!);
      continue;
    }
    if (isConstant(first)) {
      const { value } = first.node.operator;
      names.set(first, `constant.${weightCount + constants.size}`);
      constants.set(tensorProto(names.get(first)!, value), value);
      continue;
    }
    if (node.inputs.length === 0)
      throw new Error(
        `onnx: ${node.operator.name} "${node.attributes.name}" is neither an input nor an initializer`,
      );
    for (const output of node.outputs) names.set(output, `value.${nodes.length}.${output.index}`);
    nodes.push(nodeProto(node, nodes.length, names, used));
  }
  return { nodes, constants };
}

/** The message of a node, whose outputs end with the last one that is used; those in between that are not have no name. */
function nodeProto(
  { operator, inputs, outputs, attributes }: Node,
  index: number,
  names: ReadonlyMap<Tensor, string>,
  used: ReadonlySet<Tensor | undefined>,
): NodeProto {
  const lastUsed = outputs.findLastIndex((output) => used.has(output));
  return create(NodeProtoSchema, {
    opType: operator.name,
    domain: operator.domain ?? "",
    name: `${operator.name}.${index}`,
    input: inputs.map((tensor) => (tensor === undefined ? "" : names.get(tensor)!)),
    output: outputs.slice(0, lastUsed + 1).map((output) => (used.has(output) ? names.get(output)! : "")),
    attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
  });
}

/** Lists the operator sets: the standard one, and those of other domains that are used, which are all of version 1. */
function opsetsOf(nodes: readonly NodeProto[]) {
  const others = [...new Set(nodes.map(({ domain }) => domain).filter((domain) => domain !== ""))];
  return [{ domain: "", version: BigInt(opset) }, ...others.map((domain) => ({ domain, version: 1n }))];
}

function simplifiedOutputs(
  { inputs, initializers, outputs }: GraphInterface,
  { lowerings }: EmitOptions,
): Map<string, Tensor> {
  const leaves = [...inputs.values(), ...[...(initializers?.values() ?? [])].map(({ tensor }) => tensor)];
  const results = simplify([...outputs.values()], leaves, lowerings);
  return new Map([...outputs.keys()].map((name, index) => [name, results[index]!]));
}

function tensorProto(name: string, { dtype, shape }: NdArray): TensorProto {
  return create(TensorProtoSchema, { name, dataType: dataType(dtype), dims: shape.map(BigInt) });
}

function valueInfo(name: string, dtype: string, shape: Shape): ValueInfoProto {
  const dim = shape.map((size) => ({
    value:
      typeof size === "number"
        ? ({ case: "dimValue", value: BigInt(size) } as const)
        : ({ case: "dimParam", value: size } as const),
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: dataType(dtype), shape: { dim } } } },
  });
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  const { INT, INTS, FLOAT, STRING } = AttributeProto_AttributeType;
  if (typeof value === "number") return create(AttributeProtoSchema, { name, type: INT, i: BigInt(value) });
  if (typeof value === "string")
    return create(AttributeProtoSchema, { name, type: STRING, s: new TextEncoder().encode(value) });
  if ("dtype" in value)
    return create(AttributeProtoSchema, { name, type: INT, i: BigInt(dataType(value.dtype)) });
  if ("float" in value) return create(AttributeProtoSchema, { name, type: FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: INTS, ints: value.map(BigInt) });
}
