/**
 * Matrix products, batched and by einsum notation, each beside its gradient rule.
 *
 * The rule for a product with one shared matrix merges all leading axes first: one large product instead of a
 * batch of small ones and a sum.
 */
import { broadcast, type Dim, formatShape, product, ShapeError } from "../shape.ts";
import { apply, type Operator, type Tensor } from "../tensor.ts";
import { sum, sumTo } from "./broadcast.ts";
import { matrixTranspose, reshape, transpose } from "./layout.ts";

const matmulOperator: Operator = {
  name: "MatMul",
  gradient: (node, [g], isNeeded) => {
    const [a, b] = node.inputs as readonly [Tensor, Tensor];
    return [
      isNeeded(0) ? leftGradient(a, b, g!) : undefined,
      isNeeded(1) ? rightGradient(a, b, g!) : undefined,
    ];
  },
};

function leftGradient(a: Tensor, b: Tensor, g: Tensor): Tensor {
  return sumTo(matmul(g, matrixTranspose(b)), a.shape);
}

function rightGradient(a: Tensor, b: Tensor, g: Tensor): Tensor {
  if (b.shape.length > 2) return sumTo(matmul(matrixTranspose(a), g), b.shape);
  const rows = product(a.shape.slice(0, -1));
  return matmul(matrixTranspose(reshape(a, [rows, a.shape.at(-1)!])), reshape(g, [rows, g.shape.at(-1)!]));
}

/**
 * Multiplies matrices: a [..., M, K] times b [..., K, N]; leading axes broadcast.
 *
 * @throws ShapeError where they do not fit.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const inner = a.shape.at(-1);
  if (a.shape.length < 2 || b.shape.length < 2 || inner !== b.shape.at(-2) || a.dtype !== b.dtype)
    throw new ShapeError(
      `MatMul: ${a.dtype} ${formatShape(a.shape)} times ${b.dtype} ${formatShape(b.shape)}: the inner sizes differ`,
    );
  const lead = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2), "MatMul");
  return apply(
    matmulOperator,
    [a, b],
    {},
    { dtype: a.dtype, shape: [...lead, a.shape.at(-2)!, b.shape.at(-1)!] },
  );
}

/**
 * Contracts two tensors in Einstein notation, "bhld,bhmd->bhlm"; no index may repeat within one operand.
 *
 * @throws ShapeError when an index has two sizes, or the result names one twice or one that no operand has.
 */
export function einsum(equation: string, a: Tensor, b: Tensor): Tensor {
  const match = /^([a-z]+),([a-z]+)->([a-z]*)$/.exec(equation.replaceAll(" ", ""));
  if (match === null) throw new ShapeError(`einsum: "${equation}" is not of the form "ij,jk->ik"`);
  const [left, right, result] = match.slice(1).map((part) => [...part]) as [string[], string[], string[]];
  const sizes = new Map<string, Dim>();
  for (const [indices, tensor] of [
    [left, a],
    [right, b],
  ] as const) {
    if (indices.length !== tensor.shape.length || new Set(indices).size !== indices.length)
      throw new ShapeError(
        `einsum "${equation}": ${indices.join("")} does not index ${formatShape(tensor.shape)}`,
      );
    indices.forEach((index, axis) => {
      const size = tensor.shape[axis]!;
      if ((sizes.get(index) ?? size) !== size)
        throw new ShapeError(`einsum "${equation}": ${index} is ${sizes.get(index)} and ${size}`);
      sizes.set(index, size);
    });
  }
  const missing = result.find((index) => !sizes.has(index));
  if (missing !== undefined) throw new ShapeError(`einsum "${equation}": no operand has ${missing}`);
  const twice = result.find((index, axis) => result.indexOf(index) !== axis);
  if (twice !== undefined) throw new ShapeError(`einsum "${equation}": the result names ${twice} twice`);

  /** Sums over indices that neither the other operand nor the result has. */
  const sumAlone = (tensor: Tensor, indices: string[], other: string[]): [Tensor, string[]] => {
    const alone = indices.filter((index) => !other.includes(index) && !result.includes(index));
    const remaining = indices.filter((index) => !alone.includes(index));
    return [
      alone.length === 0 ? tensor : sum(tensor, { axes: alone.map((index) => indices.indexOf(index)) }),
      remaining,
    ];
  };
  const [leftTensor, leftIndices] = sumAlone(a, left, right);
  const [rightTensor, rightIndices] = sumAlone(b, right, left);
  const batch = leftIndices.filter((index) => rightIndices.includes(index) && result.includes(index));
  const inner = leftIndices.filter((index) => rightIndices.includes(index) && !result.includes(index));
  const rows = leftIndices.filter((index) => !rightIndices.includes(index));
  const columns = rightIndices.filter((index) => !leftIndices.includes(index));
  const sizeOf = (indices: string[]) => indices.map((index) => sizes.get(index)!);
  const matrix = (tensor: Tensor, from: string[], first: string[], second: string[]) =>
    reshape(
      transpose(
        tensor,
        [...batch, ...first, ...second].map((index) => from.indexOf(index)),
      ),
      [...sizeOf(batch), product(sizeOf(first)), product(sizeOf(second))],
    );
  const y = matmul(
    matrix(leftTensor, leftIndices, rows, inner),
    matrix(rightTensor, rightIndices, inner, columns),
  );
  const order = [...batch, ...rows, ...columns];
  return transpose(
    reshape(y, sizeOf(order)),
    result.map((index) => order.indexOf(index)),
  );
}
