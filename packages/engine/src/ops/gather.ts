/**
 * Lookup of rows by index, and its gradient, which adds rows up by index; one-hot rows; positions along an axis.
 *
 * A small table's gradient is a product with one-hot rows (every device has a fast kernel); a large one's is ScatterND.
 */
import { fixed, formatShape, normalizeAxis, product, type Shape, ShapeError } from "../shape.ts";
import { apply, constant, type Operator, scalar, type Tensor, typedArray } from "../tensor.ts";
import { shapeOf } from "./broadcast.ts";
import { full } from "./create.ts";
import { cast, equal } from "./elementwise.ts";
import { expandDims, matrixTranspose, reshape } from "./layout.ts";
import { matmul } from "./matmul.ts";

const oneHotRowLimit = 512;

const gatherOperator: Operator = {
  name: "Gather",
  gradient: (node, [g]) => {
    const [table, indices] = node.inputs as readonly [Tensor, Tensor];
    if (node.attributes.axis !== 0) throw new ShapeError("gradient of Gather: only rows (axis 0) have one");
    const rows = fixed(table.shape[0], "gradient of Gather", "the number of rows");
    const count = product(indices.shape);
    const width = product(table.shape.slice(1));
    return [
      reshape(scatterAddRows(reshape(indices, [count]), reshape(g!, [count, width]), rows), table.shape),
    ];
  },
};

/**
 * Takes slices of x at `indices` (int32 or int64) along an axis; the shape of `indices` replaces that axis. Only rows
 * (axis 0) have a gradient.
 *
 * @throws ShapeError for indices of another type, and for an axis outside the rank.
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  const normal = normalizeAxis(axis, x.shape.length, "Gather");
  if (indices.dtype !== "int64" && indices.dtype !== "int32")
    throw new ShapeError(
      `Gather: the indices must be int32 or int64, got ${indices.dtype} ${formatShape(indices.shape)}`,
    );
  const shape: Shape = [...x.shape.slice(0, normal), ...indices.shape, ...x.shape.slice(normal + 1)];
  return apply(gatherOperator, [x, indices], { axis: normal }, { dtype: x.dtype, shape });
}

const scatterOperator: Operator = {
  name: "ScatterND",
  gradient: (node, [g]) => {
    const indices = node.inputs[1]!; // [N, 1]
    return [undefined, undefined, gather(g!, reshape(indices, [indices.shape[0]!]))];
  },
};

/** Adds updates [N, D] up in rows [rows, D] by indices [N], which is the gradient of an embedding. */
export function scatterAddRows(indices: Tensor, updates: Tensor, rows: number): Tensor {
  if (rows <= oneHotRowLimit) return matmul(matrixTranspose(oneHot(indices, rows, updates.dtype)), updates);
  const zeros = full([rows, fixed(updates.shape[1], "ScatterND", "the row width")], 0, updates.dtype);
  const inputs = [zeros, expandDims(cast(indices, "int64"), 1), updates];
  return apply(scatterOperator, inputs, { reduction: "add" }, zeros);
}

/** Gives 1 in the column that the index names and 0 elsewhere: [...] -> [..., depth]. */
export function oneHot(indices: Tensor, depth: number, dtype: Tensor["dtype"] = "float32"): Tensor {
  const columns = constant({
    dtype: indices.dtype,
    shape: [depth],
    data: typedArray(indices.dtype, [...Array(depth).keys()]),
  });
  return cast(equal(expandDims(indices, -1), columns), dtype);
}

const rangeOperator: Operator = { name: "Range" };

/** Gives 0, 1, 2, ... along an axis of x, as a float32 vector; the axis may be open. */
export function positions(x: Tensor, axis: number): Tensor {
  const size = x.shape[normalizeAxis(axis, x.shape.length, "Range")]!;
  if (typeof size === "number")
    return constant({
      dtype: "float32",
      shape: [size],
      data: Float32Array.from({ length: size }, (_, i) => i),
    });
  const end = reshape(
    gather(shapeOf(x), constant({ dtype: "int64", shape: [1], data: BigInt64Array.of(BigInt(axis)) })),
    [],
  );
  return apply(
    rangeOperator,
    [scalar(0), cast(end, "float32"), scalar(1)],
    {},
    { dtype: "float32", shape: [size] },
  );
}
