/**
 * Where a model function declares and reads its parameters, by the names of the original PyTorch state dict.
 *
 * Declaring is reading: the first `parameter` call of a name fixes its shape and how it is initialised, so tracing a
 * model once yields its table of parameters, and the model stays one function.
 */
import { formatShape, type Shape, ShapeError, sameShape } from "./shape.ts";
import { parameter, type Tensor } from "./tensor.ts";

/** How a parameter starts: a constant, U(-bound, bound), or N(mean, deviation). */
export type Initializer =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly bound: number }
  | { readonly kind: "normal"; readonly mean?: number; readonly deviation: number };

export const zeros: Initializer = { kind: "constant", value: 0 };
export const ones: Initializer = { kind: "constant", value: 1 };

/** PyTorch's default of Linear and Conv: U(-1, 1) / sqrt(fan in), for weight and bias alike. */
export function fanInUniform(fanIn: number): Initializer {
  return { kind: "uniform", bound: 1 / Math.sqrt(fanIn) };
}

export interface ParameterDeclaration {
  readonly tensor: Tensor;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  /** Buffers (running statistics) are stored with the parameters but not trained. */
  readonly isBuffer: boolean;
}

export interface Weights {
  /** The part of the state dict below a name, as in `w.at("encoder", "down_blocks", 0)`. */
  at(...names: readonly (string | number)[]): Weights;
  parameter(name: string, shape: readonly number[], initializer: Initializer): Tensor;
  /** As the last `update` of this run left it, so that a layer that sees two batches records both. */
  buffer(name: string, shape: readonly number[], initializer: Initializer): Tensor;
  /** Sets a buffer's value after this run. */
  update(name: string, value: Tensor): void;
  /**
   * What is added to the linear layer whose scope this is, x [..., in] -> [..., outFeatures], if anything: the door by
   * which an adapter (LoRA) enters a network that knows nothing of it.
   */
  adapt?(x: Tensor, outFeatures: number): Tensor | undefined;
}

/** What one tracing has declared, by full name. */
export interface Declarations {
  readonly parameters: Map<string, ParameterDeclaration>;
  readonly updates: Map<string, Tensor>;
}

export interface CreateOptions {
  prefix?: string;
  /** The tensor that stands for a parameter where it is not to be a leaf of its own. */
  bind?: ((name: string) => Tensor | undefined) | undefined;
}

/** The root of a fresh state dict; what is declared through it is collected in `declarations`. */
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
