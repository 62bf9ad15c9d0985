/**
 * A lowering for webgpu that brings rows to zero mean before they are normalised. The webgpu kernel computes the variance
 * as the mean of the squares less the square of the mean, in float32: where a row's mean is 50 times its deviation, three
 * digits are left. The cpu's kernel is exact enough as it is.
 */
import { add, sub } from "../ops/elementwise.ts";
import { mean } from "../ops/reduce.ts";
import { applyMany, type Tensor } from "../tensor.ts";
import type { Rule } from "./rewrite.ts";

/** Rewrites LayerNormalization(x, ...) over the last axis, unless this rule has made x. */
export const centerNormalization: Rule = ({ operator, inputs, attributes, outputs }) => {
  const [x, ...affine] = inputs as readonly Tensor[];
  if (operator.name !== "LayerNormalization" || isCentered(x!)) return undefined;
  const center = mean(x!, { axes: [-1], keepDims: true });
  const [normal, rest, inverseDeviation] = applyMany(
    operator,
    [sub(x!, center), ...affine],
    attributes,
    outputs,
  );
  return [normal!, add(rest!, center), inverseDeviation!];
};

function isCentered({ node: { operator, inputs } }: Tensor): boolean {
  const [whole, center] = inputs as readonly Tensor[];
  return (
    operator.name === "Sub" && center!.node.operator.name === "ReduceMean" && center!.node.inputs[0] === whole
  );
}
