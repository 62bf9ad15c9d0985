/**
 * The state dict of a model function, which declares and reads its parameters by the names that PyTorch has for them.
 *
 * Declaring is reading: the first `parameter` call of a name fixes its shape and how it is initialised, so tracing a
 * model once yields its table of parameters, and the model stays one function.
 */
import { formatShape, type Shape, ShapeError, sameShape } from "./shape.ts";
import { parameter, type Tensor } from "./tensor.ts";

/** Says how a parameter starts: a constant, U(-bound, bound), or N(mean, deviation^2), mean 0 when absent. */
export type Initializer =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly bound: number }
  | { readonly kind: "normal"; readonly mean?: number; readonly deviation: number };

/** Starts a parameter at 0. */
export const zeros: Initializer = { kind: "constant", value: 0 };
/** Starts a parameter at 1. */
export const ones: Initializer = { kind: "constant", value: 1 };

/**
 * Starts a parameter as PyTorch's Linear and Conv do by default: U(-1, 1) / sqrt(fan in), for weight and bias alike.
 */
export function fanInUniform(fanIn: number): Initializer {
  return { kind: "uniform", bound: 1 / Math.sqrt(fanIn) };
}

/** A parameter or buffer as a model declared it. */
export interface ParameterDeclaration {
  /** The tensor that stands for it in the graph. */
  readonly tensor: Tensor;
  /** The sizes of its axes. */
  readonly shape: readonly number[];
  /** How it starts. */
  readonly initializer: Initializer;
  /** Whether it is a buffer (running statistics): stored with the parameters but not trained. */
  readonly isBuffer: boolean;
}

/** The state dict as a model function sees it, below a prefix; parameters are declared and read through it. */
export interface Weights {
  /** Gives the part of the state dict below a name, as in `w.at("encoder", "down_blocks", 0)`. */
  at(...names: readonly (string | number)[]): Weights;
  /** Declares and reads a parameter. @throws ShapeError where it was declared in another shape. */
  parameter(name: string, shape: readonly number[], initializer: Initializer): Tensor;
  /**
   * Declares and reads a buffer, as the last `update` of this run left it: a layer that sees two batches records both.
   */
  buffer(name: string, shape: readonly number[], initializer: Initializer): Tensor;
  /** Sets the value that a buffer has after this run. */
  update(name: string, value: Tensor): void;
  /**
   * Gives what an adapter (LoRA) adds to the linear layer of this prefix, x [..., in] -> [..., outFeatures], if anything;
   * the network knows nothing of it.
   */
  adapt?(x: Tensor, outFeatures: number): Tensor | undefined;
}

/** All that one trace has declared, by full name. */
export interface Declarations {
  /** Parameters and buffers, in the order of their declaration. */
  readonly parameters: Map<string, ParameterDeclaration>;
  /** New values of buffers. */
  readonly updates: Map<string, Tensor>;
}

/** Options of `createWeights`. */
export interface CreateOptions {
  /** The beginning of all names. Default "". */
  prefix?: string;
  /** Gives the tensor that stands for a parameter where it is not to be a leaf of its own. */
  bind?: ((name: string) => Tensor | undefined) | undefined;
}

/** Opens a state dict; what is declared through it is collected in `declarations`. */
export function createWeights(
  declarations: Declarations,
  { prefix = "", bind }: CreateOptions = {},
): Weights {
  const declare = (
    name: string,
    shape: readonly number[],
    initializer: Initializer,
    isBuffer: boolean,
  ): Tensor => {
    const path = prefix + name;
    const known = declarations.parameters.get(path);
    if (known !== undefined) {
      if (!sameShape(known.shape, shape))
        throw new ShapeError(
          `parameter ${path}: declared as ${formatShape(known.shape)} and as ${formatShape(shape)}`,
        );
      return known.tensor;
    }
    const tensor = bind?.(path) ?? parameter(path, shape as Shape);
    declarations.parameters.set(path, { tensor, shape, initializer, isBuffer });
    return tensor;
  };
  return {
    at: (...names) => createWeights(declarations, { prefix: `${prefix}${names.join(".")}.`, bind }),
    parameter: (name, shape, initializer) => declare(name, shape, initializer, false),
    buffer: (name, shape, initializer) => {
      const start = declare(name, shape, initializer, true);
      return declarations.updates.get(prefix + name) ?? start;
    },
    update: (name, value) => void declarations.updates.set(prefix + name, value),
  };
}
