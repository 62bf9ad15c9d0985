// The inputs that a network takes, as rules: shapes with sizes that are known or named, and kinds of numbers. Arrays of a
// caller are held to them by name before a graph is made, so that a wrong one is refused in the caller's words.

import { f32, type InputTypes, i64, type TensorType } from "@proteoscope/engine";
import { elementCount, type NdArray, ProteoscopeError, toFloat32 } from "@proteoscope/formats";

/** A tensor that a network cannot take; `tensor` is its name. */
export class TensorError extends ProteoscopeError {
  override readonly name = "TensorError";

  constructor(
    readonly tensor: string,
    fault: string,
  ) {
    super(`tensor "${tensor}" ${fault}`, { kind: "data" });
  }
}

/** Arrays by name. */
export type NamedArrays = ReadonlyMap<string, NdArray>;

/** A size, or a name that stands for one size in all inputs of a call. */
type RuleShape = readonly (number | string)[];

/** What one input must be. */
export interface InputRule {
  readonly shape: RuleShape;
  /** Other shapes that are taken as well, tried first. */
  readonly otherShapes?: readonly RuleShape[];
  readonly kind: "float" | "integer";
  /** Integers must lie in [0, below). */
  readonly below?: number;
  /** Whether the input may be absent: always, or where the named other input is given. */
  readonly optional?: true | { readonly with: string };
}

/** The inputs of a network by name. */
export type InputRules = Readonly<Record<string, InputRule>>;

/** The types of inputs by name; `sizeOf` gives the size of a named dimension, or its name where it stays open. */
export function inputTypes(rules: InputRules, sizeOf: (dimension: string) => number | string): InputTypes {
  return Object.fromEntries(
    Object.entries(rules).map(([name, { shape, kind }]): [string, TensorType] => {
      const dims = shape.map((dim) => (typeof dim === "number" ? dim : sizeOf(dim)));
      return [name, kind === "integer" ? i64(...dims) : f32(...dims)];
    }),
  );
}

/**
 * The arrays as a network takes them: float32 or int64.
 * @throws TensorError for one that is missing, unknown, or of another shape, kind or value.
 */
export function readInputs(rules: InputRules, inputs: NamedArrays): Map<string, NdArray> {
  const isOptional = ({ optional }: InputRule): boolean =>
    optional === true || (optional !== undefined && inputs.has(optional.with));
  const known = Object.entries(rules).map(([name, rule]) => (isOptional(rule) ? `[${name}]` : name));
  for (const name of inputs.keys())
    if (!Object.hasOwn(rules, name))
      throw new TensorError(name, `is unknown; this network takes ${known.join(", ")}`);
  const sizes: KnownSizes = new Map();
  const arrays = new Map<string, NdArray>();
  for (const [name, rule] of Object.entries(rules)) {
    const array = inputs.get(name);
    if (array !== undefined) {
      checkShape(name, chooseShape(rule, array.shape), array.shape, sizes);
      arrays.set(name, rule.kind === "integer" ? asInt64(name, array, rule.below) : asFloat32(array));
    } else if (!isOptional(rule))
      throw new TensorError(name, `is missing; this network takes ${known.join(", ")}`);
  }
  return arrays;
}

type KnownSizes = Map<string, { readonly size: number; readonly tensor: string }>;

function chooseShape({ shape, otherShapes = [] }: InputRule, found: readonly number[]): RuleShape {
  const fits = (other: RuleShape): boolean =>
    other.length === found.length &&
    other.every((dim, axis) => typeof dim === "string" || dim === found[axis]);
  return otherShapes.find(fits) ?? shape;
}

function checkShape(name: string, wanted: RuleShape, shape: readonly number[], sizes: KnownSizes): void {
  const is = `has the shape [${shape.join(", ")}]`;
  if (shape.length !== wanted.length) throw new TensorError(name, `${is}, [${wanted.join(", ")}] is needed`);
  if (elementCount(shape) === 0) throw new TensorError(name, `${is}, so it is empty`);
  for (const [axis, dim] of wanted.entries()) {
    const size = shape[axis]!;
    const known = typeof dim === "number" ? undefined : sizes.get(dim);
    if (typeof dim === "number" ? size !== dim : known !== undefined && known.size !== size) {
      const reason =
        known === undefined
          ? `[${wanted.join(", ")}] is needed`
          : `"${known.tensor}" has ${known.size} for ${dim}`;
      throw new TensorError(name, `${is}: ${reason}`);
    }
    if (typeof dim === "string" && known === undefined) sizes.set(dim, { size, tensor: name });
  }
}

/** A scalar becomes a vector of one: every input of a network has an axis. */
function asFloat32(array: NdArray): NdArray {
  return { dtype: "float32", shape: array.shape.length === 0 ? [1] : array.shape, data: toFloat32(array) };
}

function asInt64(name: string, { dtype, shape, data }: NdArray, below = Infinity): NdArray {
  if (dtype.includes("float")) throw new TensorError(name, `is ${dtype}, an integer type is needed`);
  const values = BigInt64Array.from(data as Iterable<number | bigint>, BigInt);
  const wrong = values.findIndex((value) => value < 0n || value >= below);
  if (wrong >= 0)
    throw new TensorError(name, `has the value ${values[wrong]} at ${wrong}, outside 0 to ${below - 1}`);
  return { dtype: "int64", shape, data: values };
}
