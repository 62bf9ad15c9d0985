/**
 * Shapes with open dimensions: a dimension is a number, or a name ("residues") that is bound only at run time.
 *
 * Products of dimensions are kept in a canonical text ("8*residues"), so that merging and splitting axes can be
 * checked while tracing. Every error names the operator, the argument and both shapes.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

function factors(dim: Dim): { coefficient: number; symbols: string[] } {
  if (typeof dim === "number") return { coefficient: dim, symbols: [] };
  const symbols = dim.split("*");
  const coefficient = /^\d+$/.test(symbols[0]!) ? Number(symbols.shift()) : 1;
  return { coefficient, symbols };
}

/** The product of dimensions, in canonical form. */
export function product(shape: Shape): Dim {
  let coefficient = 1;
  const symbols: string[] = [];
  for (const dim of shape) {
    const part = factors(dim);
    coefficient *= part.coefficient;
    symbols.push(...part.symbols);
  }
  if (symbols.length === 0 || coefficient === 0) return coefficient;
  symbols.sort();
  return (coefficient === 1 ? symbols : [coefficient, ...symbols]).join("*");
}

/** A dimension that must be a number. */
export function fixed(dim: Dim | undefined, operator: string, argument: string): number {
  if (typeof dim === "number") return dim;
  throw new ShapeError(
    `${operator}: ${argument} must be a fixed size, got ${dim === undefined ? "no such axis" : `"${dim}"`}`,
  );
}

/** The number of elements; every dimension must be a number. */
export function elementCount(shape: Shape, operator = "shape"): number {
  return shape.reduce<number>((count, dim) => count * fixed(dim, operator, "every dimension"), 1);
}

/** The shape with numbers for its names; `sizes` must have every name. */
export function bindShape(shape: Shape, sizes: ReadonlyMap<string, number>, operator = "shape"): number[] {
  return shape.map((dim) => {
    const { coefficient, symbols } = factors(dim);
    return symbols.reduce((size, name) => size * fixed(sizes.get(name), operator, `"${name}"`), coefficient);
  });
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** The shape two operands broadcast to (NumPy rules). */
export function broadcast(a: Shape, b: Shape, operator: string): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new ShapeError(
      `${operator}: ${formatShape(a)} and ${formatShape(b)} do not broadcast: axis ${axis} is ${left} and ${right}`,
    );
  });
}

/** An axis counted from the front; negative axes count from the back. */
export function normalizeAxis(axis: number, rank: number, operator: string): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank)
    throw new ShapeError(`${operator}: axis ${axis} is outside a tensor of rank ${rank}`);
  return normal;
}
