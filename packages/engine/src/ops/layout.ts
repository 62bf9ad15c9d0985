/**
 * Operators that move values without changing them: reshape, transpose, slice, pad, concat; each beside its gradient rule.
 *
 * Their gradients are each other: a slice is undone by a pad, a concatenation by slices, a transpose by its inverse.
 */
import {
  type Dim,
  fixed,
  formatShape,
  normalizeAxis,
  product,
  type Shape,
  ShapeError,
  sameShape,
} from "../shape.ts";
import { apply, int64Vector, type Operator, scalar, type Tensor } from "../tensor.ts";

const reshapeOperator: Operator = {
  name: "Reshape",
  gradient: (node, [g]) => [reshape(g!, node.inputs[0]!.shape)],
};

/**
 * Gives the same values another shape. Open dimensions may stay at their axis, and one more may be merged or split
 * ("2*residues"): the runtime infers that one.
 *
 * @throws ShapeError where the numbers of elements differ, or more than one open dimension moves.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (product(x.shape) !== product(shape))
    throw new ShapeError(
      `Reshape: ${formatShape(x.shape)} has ${product(x.shape)} elements, ${formatShape(shape)} has ${product(shape)}`,
    );
  const target = shape.map((dim, axis) => (typeof dim === "number" ? dim : dim === x.shape[axis] ? 0 : -1));
  const inferred = target.filter((dim) => dim === -1).length;
  if (inferred > 1)
    throw new ShapeError(
      `Reshape: ${formatShape(x.shape)} to ${formatShape(shape)} moves more than one open dimension`,
    );
  return apply(reshapeOperator, [x, int64Vector(target)], {}, { dtype: x.dtype, shape });
}

/** Inserts axes of size 1, one after the other, each where it then stands; a negative axis counts from the end. */
export function expandDims(x: Tensor, ...axes: readonly number[]): Tensor {
  const shape: Dim[] = [...x.shape];
  for (const axis of axes) shape.splice(axis < 0 ? shape.length + 1 + axis : axis, 0, 1);
  return reshape(x, shape);
}

const transposeOperator: Operator = {
  name: "Transpose",
  gradient: (node, [g]) => {
    const order = node.attributes.perm as readonly number[];
    return [
      transpose(
        g!,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ];
  },
};

/** Puts axes in another order: axis i of the result is axis order[i] of x. @throws ShapeError where `order` is none. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  if (order.length !== x.shape.length || order.some((_, axis) => !order.includes(axis)))
    throw new ShapeError(`Transpose: [${order}] is no order of the axes of ${formatShape(x.shape)}`);
  if (order.every((source, axis) => source === axis)) return x;
  return apply(
    transposeOperator,
    [x],
    { perm: order },
    { dtype: x.dtype, shape: order.map((axis) => x.shape[axis]!) },
  );
}

/** Exchanges the last two axes. @throws ShapeError for a rank below 2. */
export function matrixTranspose(x: Tensor): Tensor {
  const rank = x.shape.length;
  if (rank < 2) throw new ShapeError(`Transpose: ${formatShape(x.shape)} is no matrix`);
  return transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

interface Interval {
  axis: number;
  start: number;
  end: number;
}

const sliceOperator: Operator = {
  name: "Slice",
  gradient: (node, [g]) => {
    const x = node.inputs[0]!;
    const { axis, start, end } = sliceInterval(node.outputs[0]!);
    const before = x.shape.map((_, index) => (index === axis ? start : 0));
    const after = x.shape.map((dim, index) =>
      index === axis ? fixed(dim, "gradient of Slice", "the sliced axis") - end : 0,
    );
    return [pad(g!, before, after)];
  },
};

function sliceInterval(output: Tensor): Interval {
  const numbers = output.node.inputs.slice(1, 4).map((tensor) => {
    const operator = tensor!.node.operator as { value?: { data: ArrayLike<bigint> } };
    return Number(operator.value!.data[0]);
  });
  return { start: numbers[0]!, end: numbers[1]!, axis: numbers[2]! };
}

/**
 * Takes the half-open interval [start, end) of one axis of fixed size.
 *
 * @throws ShapeError for an interval outside it.
 */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const normal = normalizeAxis(axis, x.shape.length, "Slice");
  const size = fixed(x.shape[normal], "Slice", `axis ${axis} of ${formatShape(x.shape)}`);
  if (start < 0 || end > size || start >= end)
    throw new ShapeError(
      `Slice: [${start}, ${end}) is no interval of axis ${axis} of ${formatShape(x.shape)}`,
    );
  if (start === 0 && end === size) return x;
  const shape = x.shape.map((dim, index) => (index === normal ? end - start : dim));
  const inputs = [x, int64Vector([start]), int64Vector([end]), int64Vector([normal])];
  return apply(sliceOperator, inputs, {}, { dtype: x.dtype, shape });
}

/** Cuts an axis of fixed size into parts of the given sizes, one after the other. @throws ShapeError as `slice`. */
export function split(x: Tensor, axis: number, sizes: readonly number[]): Tensor[] {
  let start = 0;
  return sizes.map((size) => slice(x, axis, start, (start += size)));
}

const padOperator: Operator = {
  name: "Pad",
  gradient: (node, [g]) => {
    const x = node.inputs[0]!;
    const before = padsBefore(node.inputs[1]!, x.shape.length);
    return [before.reduce((part, start, axis) => cut(part, axis, start, x.shape[axis]!), g!)];
  },
};

function padsBefore(pads: Tensor, rank: number): number[] {
  const operator = pads.node.operator as { value?: { data: ArrayLike<bigint> } };
  return Array.from(operator.value!.data, Number).slice(0, rank);
}

function cut(x: Tensor, axis: number, start: number, size: Dim): Tensor {
  return x.shape[axis] === size
    ? x
    : slice(x, axis, start, start + fixed(size, "gradient of Pad", "the padded axis"));
}

/**
 * Adds elements of one value around a tensor: before[i] at the beginning of axis i and after[i] at its end.
 *
 * @throws ShapeError for other numbers of axes, and for an open axis that grows.
 */
export function pad(x: Tensor, before: readonly number[], after: readonly number[], value = 0): Tensor {
  if (before.length !== x.shape.length || after.length !== x.shape.length)
    throw new ShapeError(`Pad: ${before.length} and ${after.length} amounts for ${formatShape(x.shape)}`);
  if ([...before, ...after].every((amount) => amount === 0)) return x;
  const shape = x.shape.map((dim, axis) => {
    const amount = before[axis]! + after[axis]!;
    return amount === 0 ? dim : fixed(dim, "Pad", `axis ${axis} of ${formatShape(x.shape)}`) + amount;
  });
  const inputs = [x, int64Vector([...before, ...after]), scalar(value, x.dtype)];
  return apply(padOperator, inputs, { mode: "constant" }, { dtype: x.dtype, shape });
}

const concatOperator: Operator = {
  name: "Concat",
  gradient: (node, [g], isNeeded) => {
    const axis = node.attributes.axis as number;
    let start = 0;
    return node.inputs.map((tensor, index) => {
      const size = fixed(tensor!.shape[axis], "gradient of Concat", `axis ${axis}`);
      start += size;
      return isNeeded(index) ? slice(g!, axis, start - size, start) : undefined;
    });
  },
};

/**
 * Joins tensors of one type along an axis, one after the other; their other axes are equal.
 *
 * @throws ShapeError for no tensors, for tensors that do not fit, and for an open axis.
 */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0];
  if (first === undefined) throw new ShapeError("Concat: no tensors");
  if (tensors.length === 1) return first;
  const normal = normalizeAxis(axis, first.shape.length, "Concat");
  for (const tensor of tensors) {
    const fits = tensor.shape.length === first.shape.length && tensor.dtype === first.dtype;
    if (!fits || tensor.shape.some((dim, index) => index !== normal && dim !== first.shape[index]))
      throw new ShapeError(
        `Concat: ${formatShape(tensor.shape)} does not join ${formatShape(first.shape)} along axis ${normal}`,
      );
  }
  const total = tensors.reduce(
    (sum, tensor) => sum + fixed(tensor.shape[normal], "Concat", `axis ${axis}`),
    0,
  );
  const shape = first.shape.map((dim, index) => (index === normal ? total : dim));
  return apply(concatOperator, tensors, { axis: normal }, { dtype: first.dtype, shape });
}
