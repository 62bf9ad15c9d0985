/**
 * Removal of elementwise nodes that do nothing, or do what a cheaper one does: x + 0, x * 1, -(-x), a + (-b), an operand
 * that is expanded only to be broadcast, a cast there and back.
 *
 * x * 0 stays: it is NaN where x is infinite, and rematerialisation orders its work by such a product.
 */
import { sub } from "../ops/elementwise.ts";
import { broadcast, type Shape, sameShape } from "../shape.ts";
import { apply, type DType, type Tensor } from "../tensor.ts";
import { uniformValue } from "./constants.ts";
import type { Rule } from "./rewrite.ts";

/** The value of the right operand, or of either, with which an operator leaves the other as it is. */
const neutral: Readonly<Record<string, { value: number; isEither: boolean }>> = {
  Add: { value: 0, isEither: true },
  Sub: { value: 0, isEither: false },
  Mul: { value: 1, isEither: true },
  Div: { value: 1, isEither: false },
  Pow: { value: 1, isEither: false },
};

/** Rewrites x + 0, 0 + x, x - 0, x * 1, 1 * x, x / 1, x ** 1 as x, where that does not also broadcast x. */
export const dropNeutralOperand: Rule = (node) => {
  const rule = neutral[node.operator.name];
  if (rule === undefined) return undefined;
  const [left, right] = node.inputs as readonly [Tensor, Tensor];
  const isKept = (tensor: Tensor) => sameShape(tensor.shape, node.outputs[0]!.shape);
  if (isKept(left) && uniformValue(right) === rule.value) return [left];
  if (rule.isEither && isKept(right) && uniformValue(left) === rule.value) return [right];
  return undefined;
};

const broadcasting: ReadonlySet<string> = new Set(
  "Add Sub Mul Div Pow Max Min Where Equal Less LessOrEqual Greater GreaterOrEqual And Or".split(" "),
);

/** Reads an operand before it is expanded, where the other operands broadcast it all the same. */
export const dropExpand: Rule = (node) => {
  if (!broadcasting.has(node.operator.name)) return undefined;
  const output = node.outputs[0]!;
  for (const [index, operand] of node.inputs.entries()) {
    if (operand!.node.operator.name !== "Expand") continue;
    const inputs = node.inputs.with(index, operand!.node.inputs[0]);
    const shape = inputs.reduce<Shape>(
      (all, tensor) => broadcast(all, tensor!.shape, node.operator.name),
      [],
    );
    if (sameShape(shape, output.shape)) return [apply(node.operator, inputs, node.attributes, output)];
  }
  return undefined;
};

/** Rewrites -(-x) as x, a + (-b) and (-b) + a as a - b. */
export const dropNegation: Rule = (node) => {
  const negatedOperand = (tensor: Tensor) =>
    tensor.node.operator.name === "Neg" ? tensor.node.inputs[0] : undefined;
  const [left, right] = node.inputs as readonly [Tensor, Tensor];
  if (node.operator.name === "Neg") {
    const x = negatedOperand(left);
    return x && [x];
  }
  if (node.operator.name !== "Add") return undefined;
  const subtrahend = negatedOperand(right);
  if (subtrahend !== undefined) return [sub(left, subtrahend)];
  const other = negatedOperand(left);
  return other && [sub(right, other)];
};

/** The types that hold every value of a type. */
const widening: Readonly<Partial<Record<DType, readonly DType[]>>> = {
  bool: ["uint8", "int32", "int64", "float16", "float32"],
  uint8: ["int32", "int64", "float16", "float32"],
  int32: ["int64"],
  float16: ["float32"],
};

/** Rewrites a cast of a cast that lost nothing: the first value is cast, or taken where it has the type already. */
export const dropCast: Rule = (node) => {
  if (node.operator.name !== "Cast") return undefined;
  const [middle] = node.inputs as readonly [Tensor];
  const output = node.outputs[0]!;
  if (middle.node.operator.name !== "Cast") return undefined;
  const x = middle.node.inputs[0]!;
  if (!widening[x.dtype]?.includes(middle.dtype)) return undefined;
  return x.dtype === output.dtype ? [x] : [apply(node.operator, [x], node.attributes, output)];
};
