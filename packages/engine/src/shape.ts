/**
 * Shapes with open dimensions: a dimension is a number, or a name ("residues") that is bound only at run time.
 *
 * Products of dimensions have a canonical text ("8*residues"), so that merging and splitting axes can be
 * checked while tracing. Every error names the operator, the argument and both shapes.
 */
/** The size of an axis: a number, or the name (or product of names, "8*residues") of a size known only at run time. */
export type Dim = number | string;
/** The sizes of a tensor's axes, outermost first; [] is a scalar. */
export type Shape = readonly Dim[];

/** Says that shapes or types do not fit an operator; the message names the operator, the argument and both shapes. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** Writes a shape as messages show it: "[2, residues, 1280]". */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** A dimension as a number times names. */
function factors(dim: Dim): { coefficient: number; symbols: string[] } {
  if (typeof dim === "number") return { coefficient: dim, symbols: [] };
  const symbols = dim.split("*");
  const coefficient = /^\d+$/.test(symbols[0]!) ? Number(symbols.shift()) : 1;
  return { coefficient, symbols };
}

/** Multiplies dimensions; the result is in canonical form: a number, or "8*residues" with names in order. */
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

/**
 * Gives a dimension that must be a number.
 *
 * @throws ShapeError naming operator and argument where it is a name or absent.
 */
export function fixed(dim: Dim | undefined, operator: string, argument: string): number {
  if (typeof dim === "number") return dim;
  throw new ShapeError(
    `${operator}: ${argument} must be a fixed size, got ${dim === undefined ? "no such axis" : `"${dim}"`}`,
  );
}

/** Counts the elements of a shape. @throws ShapeError where a dimension is a name. */
export function elementCount(shape: Shape, operator = "shape"): number {
  return shape.reduce<number>((count, dim) => count * fixed(dim, operator, "every dimension"), 1);
}

/** Gives the shape with numbers in place of names. @throws ShapeError for a name that `sizes` lacks. */
export function bindShape(shape: Shape, sizes: ReadonlyMap<string, number>, operator = "shape"): number[] {
  return shape.map((dim) => {
    const { coefficient, symbols } = factors(dim);
    return symbols.reduce((size, name) => size * fixed(sizes.get(name), operator, `"${name}"`), coefficient);
  });
}

/** Whether two shapes are equal, names included. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** Gives the shape that two operands broadcast to (NumPy's rules). @throws ShapeError where they do not. */
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

/**
 * Gives an axis counted from the front; negative axes count from the back.
 *
 * @throws ShapeError for one outside the rank.
 */
export function normalizeAxis(axis: number, rank: number, operator: string): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank)
    throw new ShapeError(`${operator}: axis ${axis} is outside a tensor of rank ${rank}`);
  return normal;
}
