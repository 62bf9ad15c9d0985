/**
 * Symbolic tensors, which a model function computes with while it is traced.
 *
 * A tensor is one output of a node; a node is one ONNX operator applied to tensors. The graph is nothing but
 * these references, so tracing has no hidden state: the graph of a result is what can be reached from it.
 * Operators and their attributes are those of the ONNX specification (opset 21), which makes emission a walk.
 */
import type { Shape } from "./shape.ts";

/** The type of a tensor's elements; the six that the engine computes with. */
export type DType = "float32" | "float16" | "int64" | "int32" | "uint8" | "bool";

/** The type of an array's elements: those of tensors, and more that files may hold. */
export type ArrayDType = DType | "float64" | "bfloat16" | "int16" | "int8" | "uint64" | "uint32" | "uint16";

/** The memory of an array: a typed array of JavaScript. */
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

/** An array of numbers, as models are fed with them and return them. */
export interface NdArray {
  /** The type of the elements. */
  readonly dtype: ArrayDType;
  /** The sizes of the axes, outermost first; empty for a scalar. */
  readonly shape: readonly number[];
  /**
   * The elements, row-major: float16 as bits in a Uint16Array, bool as 0 or 1 in a Uint8Array, int64 in a
   * BigInt64Array.
   */
  readonly data: TypedArray;
}

/** Makes a float32 array of a shape from its elements, which are not copied. */
export function float32(shape: readonly number[], data: Float32Array): NdArray {
  return { dtype: "float32", shape, data };
}

/** The value of an operator's attribute: an integer, text, integers, a type, or a float. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly dtype: DType }
  | { readonly float: number };

/** Gives the gradients that one node passes on: one entry per input, undefined where none flows. */
export type GradientRule = (
  node: Node,
  outputGradients: readonly (Tensor | undefined)[],
  isNeeded: (input: number) => boolean,
) => readonly (Tensor | undefined)[];

/** An operator of the graph with its gradient rule; an operator without a rule passes no gradient on. */
export interface Operator {
  /** The operator's type in ONNX. */
  readonly name: string;
  /** The operator set that has it; ONNX's own when absent. */
  readonly domain?: string;
  readonly gradient?: GradientRule;
  /** The outputs are the first inputs under another name: nothing is computed. */
  readonly isAlias?: true;
}

/** One operator applied to tensors. */
export interface Node {
  /** Grows with creation, so that ascending ids are a topological order. */
  readonly id: number;
  readonly operator: Operator;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: readonly Tensor[];
}

/** A symbolic tensor: a value that a compiled model will compute, of known type and shape. */
export interface Tensor {
  /** The node that computes it. */
  readonly node: Node;
  /** Which of the node's outputs it is, from 0. */
  readonly index: number;
  /** The type of its elements. */
  readonly dtype: DType;
  /** The sizes of its axes, outermost first; names stand for sizes that are known only at run time. */
  readonly shape: Shape;
}

/** The type and shape of a tensor, as a model declares its inputs. */
export interface TensorType {
  /** The type of the elements. */
  readonly dtype: DType;
  /** The sizes of the axes; a name stands for a size that is known only at run time. */
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

/** The operator of a value that is fed at every run. */
export const inputOperator: Operator = { name: "Input" };
/** The operator of a trained value. */
export const parameterOperator: Operator = { name: "Parameter" };

/** The operator of one constant, which holds its value. */
export interface ConstantOperator extends Operator {
  readonly name: "Constant";
  readonly value: NdArray;
}

/** Whether a tensor's value is known while tracing. */
export function isConstant(
  tensor: Tensor | undefined,
): tensor is Tensor & { node: { operator: ConstantOperator } } {
  return tensor !== undefined && tensor.node.operator.name === "Constant";
}

/** Makes a leaf that is fed by name at every run. */
export function input(name: string, type: TensorType): Tensor {
  return apply(inputOperator, [], { name }, type);
}

/** Makes a leaf that stands for a named, trained value. */
export function parameter(name: string, shape: Shape, dtype: DType = "float32"): Tensor {
  return apply(parameterOperator, [], { name }, { dtype, shape });
}

/** Makes a tensor whose values are known while tracing; the array is not copied. */
export function constant(value: NdArray): Tensor {
  const operator: ConstantOperator = { name: "Constant", value };
  return apply(operator, [], {}, { dtype: value.dtype as DType, shape: value.shape });
}

/** Makes a constant of shape []. */
export function scalar(value: number, dtype: DType = "float32"): Tensor {
  return constant({ dtype, shape: [], data: typedArray(dtype, [value]) });
}

/** Makes an int64 constant [n], as ONNX wants axes, shapes and indices. */
export function int64Vector(values: readonly number[]): Tensor {
  return constant({ dtype: "int64", shape: [values.length], data: BigInt64Array.from(values, BigInt) });
}

/** Puts values into the typed array that stores `dtype`. */
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

/** The bits of the nearest float16, ties to even, by way of float32 (IEEE 754-2008, section 3.6). */
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
