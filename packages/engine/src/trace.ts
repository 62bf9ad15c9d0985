/**
 * Tracing: running a model function once on symbolic tensors to get its graph, parameters and random inputs.
 */
import type { Shape } from "./shape.ts";
import { type DType, input, type Tensor, type TensorType } from "./tensor.ts";
import { createWeights, type Declarations, type ParameterDeclaration, type Weights } from "./weights.ts";

/** Random numbers enter a graph as inputs that the host fills, so that every device gets the same ones. */
export interface RandomSource {
  /** Uniform in [0, 1). */
  uniform(name: string, shape: Shape): Tensor;
  /** Standard normal. */
  normal(name: string, shape: Shape): Tensor;
}

export type Distribution = "uniform" | "normal";

export type InputTypes = Readonly<Record<string, TensorType>>;
export type Tensors = Readonly<Record<string, Tensor>>;

/** A model: named tensors to named tensors, with parameters from `w`; `random` is for training alone. */
export type Model<I extends InputTypes = InputTypes, O extends Tensors = Tensors> = (
  w: Weights,
  inputs: { readonly [K in keyof I]: Tensor },
  random: RandomSource,
) => O;

export interface Trace<O extends Tensors = Tensors> {
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly random: ReadonlyMap<string, { readonly tensor: Tensor; readonly distribution: Distribution }>;
  readonly parameters: ReadonlyMap<string, ParameterDeclaration>;
  readonly updates: ReadonlyMap<string, Tensor>;
  readonly outputs: O;
}

/** Runs a model on symbolic tensors; `bind` may give parameters other tensors than leaves of their own. */
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

/** The type of an input, as in `f32(2, 5, 25, 25)` or `f32(2, "residues", 1280)`. */
const typeOf =
  (dtype: DType) =>
  (...shape: Shape): TensorType => ({ dtype, shape });
export const f32 = typeOf("float32");
export const i32 = typeOf("int32");
export const i64 = typeOf("int64");
export const bool = typeOf("bool");
