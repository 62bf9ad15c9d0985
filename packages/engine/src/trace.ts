/**
 * Tracing runs a model function once on symbolic tensors, which yields its graph, parameters and random inputs.
 */
import type { Shape } from "./shape.ts";
import { type DType, input, type Tensor, type TensorType } from "./tensor.ts";
import { createWeights, type Declarations, type ParameterDeclaration, type Weights } from "./weights.ts";

/**
 * Gives a model random numbers; they enter a graph as inputs that the host fills, so that every device gets the same.
 */
export interface RandomSource {
  /** Gives numbers uniform in [0, 1), by a name of their own. */
  uniform(name: string, shape: Shape): Tensor;
  /** Gives standard normal numbers, by a name of their own. */
  normal(name: string, shape: Shape): Tensor;
}

/** The distributions that a random input may have. */
export type Distribution = "uniform" | "normal";

/** The types and shapes of a model's inputs, by name. */
export type InputTypes = Readonly<Record<string, TensorType>>;
/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A function from named tensors to named tensors, with parameters from `w`; `random` is for training alone. */
export type Model<I extends InputTypes = InputTypes, O extends Tensors = Tensors> = (
  w: Weights,
  inputs: { readonly [K in keyof I]: Tensor },
  random: RandomSource,
) => O;

/** The graph of a model and all that it declared, as one run of its function left them. */
export interface Trace<O extends Tensors = Tensors> {
  /** The leaf of each input. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** The leaf of each random input; in a model it is named `random.<name>`. */
  readonly random: ReadonlyMap<string, { readonly tensor: Tensor; readonly distribution: Distribution }>;
  /** Parameters and buffers by state-dict name, in the order in which they were declared. */
  readonly parameters: ReadonlyMap<string, ParameterDeclaration>;
  /** New values of buffers, by state-dict name. */
  readonly updates: ReadonlyMap<string, Tensor>;
  /** What the model returned. */
  readonly outputs: O;
}

/**
 * Runs a model once on symbolic tensors; `bind` may give parameters other tensors than leaves of their own.
 *
 * @throws ShapeError from the model's operators, and for a parameter that is declared in two shapes.
 */
export function trace<I extends InputTypes, O extends Tensors>(
  model: Model<I, O>,
  inputTypes: I,
  bind?: (name: string) => Tensor | undefined,
): Trace<O> {
  const declarations: Declarations = { parameters: new Map(), updates: new Map() };
  const random = new Map<string, { tensor: Tensor; distribution: Distribution }>();
  const draw = (distribution: Distribution) => (name: string, shape: Shape) => {
    const path = random.has(name) ? `${name}.${random.size}` : name;
    const tensor = input(`random.${path}`, { dtype: "float32", shape });
    random.set(path, { tensor, distribution });
    return tensor;
  };
  const inputs = new Map(Object.entries(inputTypes).map(([name, type]) => [name, input(name, type)]));
  const outputs = model(
    createWeights(declarations, { bind }),
    Object.fromEntries(inputs) as { [K in keyof I]: Tensor },
    {
      uniform: draw("uniform"),
      normal: draw("normal"),
    },
  );
  return { inputs, random, outputs, ...declarations };
}

/** Makes a function from a shape to the type of an input. */
const typeOf =
  (dtype: DType) =>
  (...shape: Shape): TensorType => ({ dtype, shape });
/** Makes the type of a float32 input, as in `f32(2, 5, 25, 25)` or `f32(2, "residues", 1280)`. */
export const f32 = typeOf("float32");
/** Makes the type of an int32 input, as in `i32("batch")`. */
export const i32 = typeOf("int32");
/** Makes the type of an int64 input, as in `i64("batch", "residues")`. */
export const i64 = typeOf("int64");
/** Makes the type of a bool input, as in `bool("batch", "residues")`. */
export const bool = typeOf("bool");
