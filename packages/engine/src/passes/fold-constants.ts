/**
 * Constant folding, by which nodes whose inputs are small constants become constants.
 *
 * Only what is exact or correctly rounded is folded (arithmetic, comparisons, casts, moving values), so that
 * folding changes no bit. Functions like exp are left to the runtime, whose last bit may differ from JavaScript's.
 */
import type { Shape } from "../shape.ts";
import { constant, isConstant, type Node, type Tensor } from "../tensor.ts";
import { constantLike, constantValues, smallLimit } from "./constants.ts";
import type { Rule } from "./rewrite.ts";

type Scalar = (...values: number[]) => number;

const elementwise: Readonly<Record<string, Scalar>> = {
  Add: (a, b) => a! + b!,
  Sub: (a, b) => a! - b!,
  Mul: (a, b) => a! * b!,
  Div: (a, b) => a! / b!,
  Max: (a, b) => Math.max(a!, b!),
  Min: (a, b) => Math.min(a!, b!),
  Neg: (a) => -a!,
  Abs: (a) => Math.abs(a!),
  Sqrt: (a) => Math.sqrt(a!),
  Floor: (a) => Math.floor(a!),
  Not: (a) => 1 - a!,
  Equal: (a, b) => Number(a === b),
  Less: (a, b) => Number(a! < b!),
  LessOrEqual: (a, b) => Number(a! <= b!),
  Greater: (a, b) => Number(a! > b!),
  GreaterOrEqual: (a, b) => Number(a! >= b!),
  And: (a, b) => a! & b!,
  Or: (a, b) => a! | b!,
  Where: (condition, a, b) => (condition ? a! : b!),
};

/** Replaces a node by its value where that is known; undefined where it is not. */
export const foldConstants: Rule = (node) => {
  const output = node.outputs[0]!;
  const size = sizeOf(output.shape);
  if (size === undefined) return undefined;
  if (node.operator.name === "Shape") return foldShape(node.inputs[0]!, output);
  if (node.inputs.length === 0 || !node.inputs.every(isConstant)) return undefined;
  if (node.operator.name === "Reshape")
    return [constant({ ...arrayOf(node.inputs[0]!), shape: output.shape as number[] })];
  const operands = node.inputs.map(constantValues);
  if (size > smallLimit || operands.some((values) => values === undefined)) return undefined;
  const values = fold(node, operands as number[][], size);
  return values && isStorable(values, output) ? [constantLike(output, values)] : undefined;
};

function fold(node: Node, operands: number[][], size: number): number[] | undefined {
  const { name } = node.operator;
  const output = node.outputs[0]!;
  const isInteger = output.dtype.startsWith("int");
  if (name === "Cast") return cast(operands[0]!, output);
  if (name === "Gather" && node.attributes.axis === 0 && node.inputs[0]!.shape.length === 1)
    return operands[1]!.map((index) => operands[0]!.at(index)!);
  if (name === "Concat" && output.shape.length === 1) return operands.flat();
  if (name === "Expand")
    return Array.from({ length: size }, (_, i) => read(operands[0]!, node.inputs[0]!, output, i));
  const compute = elementwise[name];
  if (compute === undefined || (isInteger && name === "Div")) return undefined;
  return Array.from({ length: size }, (_, i) =>
    compute(...operands.map((values, index) => read(values, node.inputs[index]!, output, i))),
  );
}

/** Reads the element of an operand that broadcasts to element `index` of the output. */
function read(values: readonly number[], operand: Tensor, output: Tensor, index: number): number {
  let rest = index;
  let offset = 0;
  let stride = 1;
  for (let back = 1; back <= output.shape.length; back++) {
    const size = output.shape.at(-back) as number;
    const own = back <= operand.shape.length ? (operand.shape.at(-back) as number) : 1;
    if (own !== 1) offset += (rest % size) * stride;
    stride *= own;
    rest = Math.floor(rest / size);
  }
  return values[offset]!;
}

function cast(values: readonly number[], { dtype }: Tensor): number[] | undefined {
  if (dtype === "bool") return values.map((value) => Number(value !== 0));
  return dtype === "float16"
    ? undefined
    : values.map((value) => (dtype === "float32" ? value : Math.trunc(value)));
}

function foldShape(x: Tensor, output: Tensor): readonly Tensor[] | undefined {
  return x.shape.every((dim) => typeof dim === "number")
    ? [constantLike(output, x.shape as number[])]
    : undefined;
}

/** Whether the type holds the values; integers beyond it are left to the runtime, whose overflow rules are its own. */
function isStorable(values: readonly number[], { dtype }: Tensor): boolean {
  if (dtype === "float32") return true;
  const limit = dtype === "int64" ? Number.MAX_SAFE_INTEGER : dtype === "int32" ? 2 ** 31 - 1 : 255;
  const isFit = (value: number) =>
    Number.isInteger(value) && value <= limit && value >= (limit === 255 ? 0 : -limit);
  return dtype !== "float16" && values.every(isFit);
}

function sizeOf(shape: Shape): number | undefined {
  return shape.reduce<number | undefined>(
    (size, dim) => (size === undefined || typeof dim === "string" ? undefined : size * dim),
    1,
  );
}

function arrayOf(tensor: Tensor) {
  return (tensor.node.operator as { value?: Parameters<typeof constant>[0] }).value!;
}
