/**
 * Max and average pooling over windows of images [B, C, H, W], each beside its gradient rule.
 *
 * Backward, every position of the window ("tap") has a gradient of the output's size; these are set back into the
 * input by interleaving with zeros, which needs no scatter operator and therefore runs on every device.
 */
import { type Dim, fixed, formatShape, ShapeError } from "../shape.ts";
import { apply, int64Vector, type Operator, type Tensor } from "../tensor.ts";
import { add, equal, mul, select } from "./elementwise.ts";
import { concat, expandDims, pad, reshape, slice, transpose } from "./layout.ts";

/** Options of pooling; all lengths are in pixels. */
export interface PoolOptions {
  /** Side of the square window. */
  kernel: number;
  /** Distance between windows: at most the kernel, so that every pixel is in one; the kernel when absent. */
  stride?: number;
  /**
   * Whether a window may hang over the bottom and right border (PyTorch's ceil_mode); max pooling only. Default false.
   */
  ceil?: boolean;
}

interface Window {
  kernel: number;
  stride: number;
}

const windowOf = (attributes: Readonly<Record<string, unknown>>): Window => ({
  kernel: (attributes.kernel_shape as [number, number])[0],
  stride: (attributes.strides as [number, number])[0],
});

const maxOperator: Operator = {
  name: "MaxPool",
  gradient: (node, [g]) => {
    const x = node.inputs[0]!;
    const y = node.outputs[0]!;
    const window = windowOf(node.attributes);
    const padded = padTo(x, reachedSides(y, window), -Infinity);
    let left = g!; // what no earlier tap has claimed
    const taps = eachTap(window, (row, column) => {
      const isLargest = equal(sliceTap(padded, y, window, row, column), y);
      const claimed = select(isLargest, left, 0);
      left = select(isLargest, 0, left);
      return claimed;
    });
    return [setBack(taps, x, window)];
  },
};

/**
 * Takes the largest value of each window: x [B, C, H, W] -> [B, C, H', W']. Of equal ones the first, row by row, gets the
 * gradient.
 *
 * @throws ShapeError for another rank, an open or too small side, and a stride above the kernel.
 */
export function maxPool(x: Tensor, { ceil = false, ...options }: PoolOptions): Tensor {
  return pool(maxOperator, x, options, ceil);
}

const averageOperator: Operator = {
  name: "AveragePool",
  gradient: (node, [g]) => {
    const window = windowOf(node.attributes);
    const share = mul(g!, 1 / window.kernel ** 2);
    return [
      setBack(
        eachTap(window, () => share),
        node.inputs[0]!,
        window,
      ),
    ];
  },
};

/** Takes the mean of each window: x [B, C, H, W] -> [B, C, H', W']. @throws ShapeError as `maxPool`. */
export function averagePool(x: Tensor, options: Omit<PoolOptions, "ceil">): Tensor {
  return pool(averageOperator, x, options, false);
}

function pool(operator: Operator, x: Tensor, options: PoolOptions, ceil: boolean): Tensor {
  const { kernel, stride = kernel } = options;
  if (x.shape.length !== 4)
    throw new ShapeError(`${operator.name}: ${formatShape(x.shape)} is not [B, C, H, W]`);
  if (!(Number.isInteger(stride) && 1 <= stride && stride <= kernel && Number.isInteger(kernel)))
    throw new ShapeError(
      `${operator.name}: kernel ${kernel} and stride ${stride}; want whole 1 <= stride <= kernel`,
    );
  const round = ceil ? Math.ceil : Math.floor;
  const extent = (dim: Dim | undefined): number => {
    const size = fixed(dim, operator.name, "the height and the width");
    if (size < kernel)
      throw new ShapeError(`${operator.name}: a window of ${kernel} is larger than ${formatShape(x.shape)}`);
    return round((size - kernel) / stride) + 1;
  };
  const shape = [x.shape[0]!, x.shape[1]!, extent(x.shape[2]), extent(x.shape[3])];
  const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], ceil_mode: ceil ? 1 : 0 };
  return apply(operator, [x], attributes, { dtype: x.dtype, shape });
}

const sidesOf = (x: Tensor): [number, number] => [x.shape[2] as number, x.shape[3] as number];

/** Gives the sides that the windows of `y` cover. */
function reachedSides(y: Tensor, { kernel, stride }: Window): [number, number] {
  return sidesOf(y).map((side) => (side - 1) * stride + kernel) as [number, number];
}

/** Pads to at least these sides, by `value` at the bottom and right. */
function padTo(x: Tensor, sides: readonly [number, number], value: number): Tensor {
  const missing = sidesOf(x).map((side, axis) => Math.max(0, sides[axis]! - side));
  return pad(x, [0, 0, 0, 0], [0, 0, ...missing], value);
}

/** Visits each tap, row by row. */
function eachTap<T>({ kernel }: Window, visit: (row: number, column: number) => T): T[] {
  return Array.from({ length: kernel * kernel }, (_, tap) => visit(Math.floor(tap / kernel), tap % kernel));
}

const sliceOperator: Operator = { name: "Slice" };

/** Takes the values that one tap sees, in the shape of `y`. */
function sliceTap(x: Tensor, y: Tensor, { stride }: Window, row: number, column: number): Tensor {
  const [height, width] = sidesOf(y);
  const ends = [row + (height - 1) * stride + 1, column + (width - 1) * stride + 1];
  const inputs = [
    x,
    int64Vector([row, column]),
    int64Vector(ends),
    int64Vector([2, 3]),
    int64Vector([stride, stride]),
  ];
  return apply(sliceOperator, inputs, {}, y);
}

/**
 * Sums all taps' values at the pixels that they saw; the result has the shape of x.
 *
 * Pixels fall into stride x stride lattices. Taps of one lattice are added, each shifted by whole lattice steps;
 * the lattices are then interleaved.
 */
function setBack(taps: readonly Tensor[], x: Tensor, { kernel, stride }: Window): Tensor {
  const [rows, columns] = sidesOf(taps[0]!);
  const steps = Math.ceil(kernel / stride) - 1;
  const [height, width] = [rows! + steps, columns! + steps];
  const lattice = (top: number, left: number): Tensor => {
    const parts = taps.flatMap((tap, index) => {
      const [row, column] = [Math.floor(index / kernel) - top, (index % kernel) - left];
      if (row % stride !== 0 || column % stride !== 0) return [];
      const [down, right] = [row / stride, column / stride];
      return [pad(tap, [0, 0, down, right], [0, 0, steps - down, steps - right])];
    });
    return parts.reduce((sum, part) => add(sum, part));
  };
  const lattices = Array.from({ length: stride ** 2 }, (_, i) => lattice(Math.floor(i / stride), i % stride));
  const [batch, channels] = [x.shape[0]!, x.shape[1]!];
  const stacked = concat(
    lattices.map((values) => expandDims(values, 2)),
    2,
  ); // [B, C, stride^2, height, width]
  const split = reshape(stacked, [batch, channels, stride, stride, height, width]);
  const grid = transpose(split, [0, 1, 4, 2, 5, 3]); // [B, C, height, stride, width, stride]
  const all = reshape(grid, [batch, channels, height * stride, width * stride]);
  const [fullHeight, fullWidth] = sidesOf(x);
  const cut = slice(
    slice(all, 2, 0, Math.min(fullHeight, height * stride)),
    3,
    0,
    Math.min(fullWidth, width * stride),
  );
  return padTo(cut, [fullHeight, fullWidth], 0);
}
