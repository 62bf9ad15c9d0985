/**
 * Removal of nodes that move values twice, or not at all: a reshape of a reshape, a transpose of a transpose, a transpose
 * that moves only axes of size one and is a reshape.
 */
import { reshape, transpose } from "../ops/layout.ts";
import { product, type Shape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Rule } from "./rewrite.ts";

const sourceOf = (tensor: Tensor, name: string): Tensor | undefined =>
  tensor.node.operator.name === name ? tensor.node.inputs[0] : undefined;

/** Rewrites a reshape of a reshape as one. */
export const mergeReshapes: Rule = (node) => {
  if (node.operator.name !== "Reshape") return undefined;
  const [x] = node.inputs as readonly [Tensor];
  const { shape } = node.outputs[0]!;
  if (sameShape(x.shape, shape)) return [x];
  const source = sourceOf(x, "Reshape");
  return source !== undefined && canReshape(source.shape, shape) ? [reshape(source, shape)] : undefined;
};

/** Whether one reshape does it, which can move one open dimension at most. */
function canReshape(from: Shape, to: Shape): boolean {
  const moved = to.filter((dim, axis) => typeof dim === "string" && dim !== from[axis]);
  return moved.length <= 1 && product(from) === product(to);
}

/** Rewrites a transpose of a transpose as one, and a transpose that moves no value as a reshape. */
export const mergeTransposes: Rule = (node) => {
  if (node.operator.name !== "Transpose") return undefined;
  const [x] = node.inputs as readonly [Tensor];
  const order = node.attributes.perm as readonly number[];
  const source = sourceOf(x, "Transpose");
  if (source !== undefined) {
    const before = x.node.attributes.perm as readonly number[];
    return [
      transpose(
        source,
        order.map((axis) => before[axis]!),
      ),
    ];
  }
  const moving = order.filter((axis) => x.shape[axis] !== 1);
  const isStill = moving.every((axis, index) => index === 0 || axis > moving[index - 1]!);
  const { shape } = node.outputs[0]!;
  return isStill && canReshape(x.shape, shape) ? [reshape(x, shape)] : undefined;
};
