/**
 * A pass that makes a concatenation of the sum of two tensors that are padded with zeros to stand side by side.
 *
 * The gradient of a split leaves such sums; a gated layer has one.
 */
import { concat } from "../ops/layout.ts";
import type { Tensor } from "../tensor.ts";
import { constantValues } from "./constants.ts";
import type { Rule } from "./rewrite.ts";

/** Rewrites Add(Pad(a), Pad(b)) as Concat(a, b). */
export const joinPads: Rule = ({ operator, inputs }) => {
  if (operator.name !== "Add") return undefined;
  const [left, right] = inputs.map((tensor) => padding(tensor!));
  if (left === undefined || right === undefined || left.axis !== right.axis) return undefined;
  const { axis } = left;
  const isBeside = (a: Padding, b: Padding) =>
    a.before === 0 && b.after === 0 && a.after === b.x.shape[axis] && b.before === a.x.shape[axis];
  if (isBeside(left, right)) return [concat([left.x, right.x], axis)];
  return isBeside(right, left) ? [concat([right.x, left.x], axis)] : undefined;
};

interface Padding {
  readonly x: Tensor;
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

/** Finds how a tensor was padded with zeros along one axis; undefined where it was padded otherwise. */
function padding({ node }: Tensor): Padding | undefined {
  if (node.operator.name !== "Pad") return undefined;
  const [x, amounts, value] = node.inputs as readonly [Tensor, Tensor, Tensor];
  const rank = x.shape.length;
  const pads = constantValues(amounts);
  if (pads === undefined || constantValues(value)?.[0] !== 0) return undefined;
  const axes = x.shape.flatMap((_, axis) => (pads[axis] === 0 && pads[axis + rank] === 0 ? [] : [axis]));
  const [axis] = axes;
  return axes.length === 1 ? { x, axis: axis!, before: pads[axis!]!, after: pads[axis! + rank]! } : undefined;
}
