/**
 * Nearest, bilinear and bicubic resizing of images [B, C, H, W] to a fixed size, with gradients.
 *
 * All are linear and separable: y = R x C^T with one small matrix per axis. Bilinear and bicubic run as these two
 * products, nearest by the runtime's kernel; the gradient of each is the two products transposed.
 */
import { fixed } from "../shape.ts";
import { apply, constant, int64Vector, type Operator, type Tensor } from "../tensor.ts";
import { matrixTranspose } from "./layout.ts";
import { matmul } from "./matmul.ts";

/** The size of an image, in pixels. */
export interface Size {
  /** Number of rows. */
  height: number;
  /** Number of columns. */
  width: number;
}

/** Gives the weight of every source sample in every target sample, [target, source]. */
type AxisMatrix = (source: number, target: number) => Float32Array;

const sides = (x: Tensor): [number, number] => [
  fixed(x.shape[2], "Resize", "the height"),
  fixed(x.shape[3], "Resize", "the width"),
];

function axisMatrix(weights: AxisMatrix, source: number, target: number): Tensor {
  return constant({ dtype: "float32", shape: [target, source], data: weights(source, target) });
}

/** Target sample i reads source sample floor(i * source / target), as PyTorch's "nearest". */
const nearestMatrix: AxisMatrix = (source, target) => {
  const matrix = new Float32Array(target * source);
  for (let i = 0; i < target; i++) matrix[i * source + Math.floor((i * source) / target)] = 1;
  return matrix;
};

/** Samples have half-pixel centres, and edges repeat, as in PyTorch's "bilinear" with align_corners=False. */
const bilinearMatrix: AxisMatrix = (source, target) => {
  const matrix = new Float32Array(target * source);
  for (let i = 0; i < target; i++) {
    const centre = Math.max(0, ((i + 0.5) * source) / target - 0.5);
    const low = Math.min(Math.floor(centre), source - 1);
    const high = Math.min(low + 1, source - 1);
    const fraction = centre - low;
    matrix[i * source + low]! += 1 - fraction;
    matrix[i * source + high]! += fraction;
  }
  return matrix;
};

/** Four samples each, weighted by the cubic convolution kernel with a = -0.75, as in PyTorch's "bicubic". */
const bicubicMatrix: AxisMatrix = (source, target) => {
  const a = -0.75;
  const near = (x: number) => ((a + 2) * x - (a + 3)) * x * x + 1; // distance up to 1
  const far = (x: number) => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; // distance from 1 to 2
  const matrix = new Float32Array(target * source);
  for (let i = 0; i < target; i++) {
    const centre = ((i + 0.5) * source) / target - 0.5;
    const low = Math.floor(centre);
    const fraction = centre - low;
    const weights = [far(1 + fraction), near(fraction), near(1 - fraction), far(2 - fraction)];
    for (const [tap, weight] of weights.entries()) {
      const sample = Math.min(Math.max(low - 1 + tap, 0), source - 1);
      matrix[i * source + sample]! += weight;
    }
  }
  return matrix;
};

const resizeOperator: Operator = {
  name: "Resize",
  gradient: (node, [g]) => {
    const [height, width] = sides(node.inputs[0]!);
    const [newHeight, newWidth] = sides(node.outputs[0]!);
    const rows = matrixTranspose(axisMatrix(nearestMatrix, height, newHeight));
    return [matmul(matmul(rows, g!), axisMatrix(nearestMatrix, width, newWidth))];
  },
};

/**
 * Resizes x [B, C, H, W] by the nearest pixel, floor(i H / height), as PyTorch's "nearest".
 *
 * @throws ShapeError for an open side.
 */
export function resizeNearest(x: Tensor, { height, width }: Size): Tensor {
  const [oldHeight, oldWidth] = sides(x);
  if (oldHeight === height && oldWidth === width) return x;
  const attributes = {
    mode: "nearest",
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
    axes: [2, 3],
  };
  const inputs = [x, undefined, undefined, int64Vector([height, width])];
  return apply(resizeOperator, inputs, attributes, {
    dtype: x.dtype,
    shape: [x.shape[0]!, x.shape[1]!, height, width],
  });
}

/**
 * Resizes x [B, C, H, W] as PyTorch's "bilinear" with align_corners=False and no antialias.
 *
 * @throws ShapeError for an open side.
 */
export function resizeBilinear(x: Tensor, size: Size): Tensor {
  return resizeBy(bilinearMatrix, x, size);
}

/**
 * Resizes x [B, C, H, W] as PyTorch's "bicubic" with align_corners=False and no antialias.
 *
 * @throws ShapeError for an open side.
 */
export function resizeBicubic(x: Tensor, size: Size): Tensor {
  return resizeBy(bicubicMatrix, x, size);
}

function resizeBy(weights: AxisMatrix, x: Tensor, { height, width }: Size): Tensor {
  const [oldHeight, oldWidth] = sides(x);
  const rows = axisMatrix(weights, oldHeight, height);
  const columns = matrixTranspose(axisMatrix(weights, oldWidth, width));
  return matmul(matmul(rows, x), columns);
}
