/**
 * A lowering for inference on the cpu that applies a scale and a bias per channel in one pass over x instead of two, as
 * ONNX's batch normalisation of mean 0 and variance 1. Such a pair follows every group normalisation.
 */
import { apply, constant, type Operator, type Tensor } from "../tensor.ts";
import type { Rule } from "./rewrite.ts";

const batchNormalization: Operator = { name: "BatchNormalization" };

/** Rewrites Add(Mul(x [B, C, ...], scale), bias), both vectors [C] that were given a 1 for each position axis. */
export const fuseAffine: Rule = ({ operator, inputs, outputs }) => {
  const [product, added] = inputs as readonly [Tensor, Tensor | undefined];
  if (operator.name !== "Add" || product.node.operator.name !== "Mul") return undefined;
  const [x, multiplied] = product.node.inputs as readonly [Tensor, Tensor];
  const [scale, bias] = [channelVector(multiplied, x), channelVector(added!, x)];
  if (scale === undefined || bias === undefined) return undefined;
  const values = (value: number): Tensor => {
    const [count] = scale.shape as readonly [number];
    return constant({ dtype: "float32", shape: [count], data: new Float32Array(count).fill(value) });
  };
  const operands = [x, scale, bias, values(0), values(1)];
  return [apply(batchNormalization, operands, { epsilon: { float: 0 } }, outputs[0]!)];
};

/** Finds the vector [C] that was reshaped to [C, 1, ...] to go along the channels of x. */
function channelVector({ node, shape, dtype }: Tensor, x: Tensor): Tensor | undefined {
  const vector = node.operator.name === "Reshape" ? node.inputs[0]! : undefined;
  const isOfChannels =
    dtype === "float32" &&
    x.shape.length > 2 &&
    shape.length === x.shape.length - 1 &&
    vector?.shape.length === 1 &&
    vector.shape[0] === x.shape[1] &&
    shape.every((dim, axis) => dim === (axis === 0 ? x.shape[1] : 1));
  return isOfChannels ? vector : undefined;
}
