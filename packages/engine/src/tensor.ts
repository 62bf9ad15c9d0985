/**
 * Symbolic tensors: what a model function computes with while it is traced.
 *
 * A tensor is one output of a node; a node is one ONNX operator applied to tensors. The graph is nothing but
 * these references, so tracing has no hidden state: the graph of a result is what can be reached from it.
 * Operators and their attributes are those of the ONNX specification (opset 21), which makes emission a walk.
 */
import type { Shape } from "./shape.ts";

export type DType = "float32" | "float16" | "int64" | "int32" | "uint8" | "bool";

/** What arrays may hold beyond the types of tensors, so that any file's arrays can be handed around. */
export type ArrayDType = DType | "float64" | "bfloat16" | "int16" | "int8" | "uint64" | "uint32" | "uint16";

export type TypedArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | BigUint64Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

/** Row-major values; float16 as bits in a Uint16Array, bool as 0/1 in a Uint8Array, int64 in a BigInt64Array. */
export interface NdArray {
  readonly dtype: ArrayDType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** Float32 values of a shape. */
export function float32(shape: readonly number[], data: Float32Array): NdArray {
  return { dtype: "float32", shape, data };
}

export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly dtype: DType }
  | { readonly float: number };

/** The gradients that one node passes on: one entry an input, absent where none flows. */
export type GradientRule = (
  node: Node,
  outputGradients: readonly (Tensor | undefined)[],
  isNeeded: (input: number) => boolean,
) => readonly (Tensor | undefined)[];

/** An operator of the graph with its gradient rule; an operator without a rule passes no gradient on. */
export interface Operator {
  readonly name: string;
  readonly domain?: string;
  readonly gradient?: GradientRule;
  /** The outputs are the first inputs under another name: nothing is computed. */
  readonly isAlias?: true;
}

export interface Node {
  /** Grows with creation, so that ascending ids are a topological order. */
  readonly id: number;
  readonly operator: Operator;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: readonly Tensor[];
}

export interface Tensor {
  readonly node: Node;
  readonly index: number;
  readonly dtype: DType;
  readonly shape: Shape;
}

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

let nextId = 0;

/** Applies an operator that has several outputs. */
export function applyMany(
  operator: Operator,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, Attribute>>,
  outputTypes: readonly TensorType[],
): readonly Tensor[] {
  const outputs: Tensor[] = [];
  const node: Node = { id: nextId++, operator, inputs, attributes, outputs };
  for (const [index, { dtype, shape }] of outputTypes.entries()) outputs.push({ node, index, dtype, shape });
  return outputs;
}

/** Applies an operator that has one output. */
export function apply(
  operator: Operator,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, Attribute>>,
  outputType: TensorType,
): Tensor {
  return applyMany(operator, inputs, attributes, [outputType])[0]!;
}

/** Leaves: a value fed at every run, a trained value, or a value known while tracing. */
export const inputOperator: Operator = { name: "Input" };
export const parameterOperator: Operator = { name: "Parameter" };

export interface ConstantOperator extends Operator {
  readonly name: "Constant";
  readonly value: NdArray;
}

export function isConstant(
  tensor: Tensor | undefined,
): tensor is Tensor & { node: { operator: ConstantOperator } } {
  return tensor !== undefined && tensor.node.operator.name === "Constant";
}

/** A leaf that is fed by name at every run. */
export function input(name: string, type: TensorType): Tensor {
  return apply(inputOperator, [], { name }, type);
}

/** A leaf that stands for a named, trained value. */
export function parameter(name: string, shape: Shape, dtype: DType = "float32"): Tensor {
  return apply(parameterOperator, [], { name }, { dtype, shape });
}

/** A tensor whose values are known while tracing. */
export function constant(value: NdArray): Tensor {
  const operator: ConstantOperator = { name: "Constant", value };
  return apply(operator, [], {}, { dtype: value.dtype as DType, shape: value.shape });
}

/** A zero-dimensional constant. */
export function scalar(value: number, dtype: DType = "float32"): Tensor {
  return constant({ dtype, shape: [], data: typedArray(dtype, [value]) });
}

/** A one-dimensional int64 constant, as ONNX wants axes, shapes and indices. */
export function int64Vector(values: readonly number[]): Tensor {
  return constant({ dtype: "int64", shape: [values.length], data: BigInt64Array.from(values, BigInt) });
}

/** Values as the typed array that stores `dtype`; only float16 needs a conversion, which the formats package has. */
export function typedArray(dtype: DType, values: readonly number[]): NdArray["data"] {
  switch (dtype) {
    case "float32":
      return Float32Array.from(values);
    case "int64":
      return BigInt64Array.from(values, (value) => BigInt(Math.trunc(value)));
    case "int32":
      return Int32Array.from(values);
    case "uint8":
    case "bool":
      return Uint8Array.from(values);
    case "float16":
      return Uint16Array.from(values, float16Bits);
  }
}

/** Nearest float16, ties to even, by way of float32 (IEEE 754-2008, section 3.6). */
function float16Bits(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundHalfEven(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const fraction = roundHalfEven((magnitude / 2 ** exponent) * 1024);
  return sign | (((exponent + 15) << 10) + (fraction - 1024));
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
