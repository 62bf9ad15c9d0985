/**
 * From a model function to something that runs: trace, simplify, emit, load.
 */
import { emitOnnx } from "./onnx/emit.ts";
import type { NdArrays, RunOptions, Runtime } from "./runtime/runtime.ts";
import { formatShape, sameShape } from "./shape.ts";
import type { NdArray } from "./tensor.ts";
import { type InputTypes, type Model, type Tensors, type Trace, trace } from "./trace.ts";

export interface Program<I extends string = string, O extends string = string> {
  run(inputs: Readonly<Record<I, NdArray>>, options?: RunOptions): Promise<Record<O, NdArray>>;
  close(): Promise<void>;
}

export interface CompileOptions {
  /** Values of all parameters, by state-dict name; further names are not looked at. */
  weights: ReadonlyMap<string, NdArray>;
}

/** Names that a model wants and a checkpoint lacks, or has in another shape. */
export class WeightsError extends Error {
  override readonly name = "WeightsError";
}

/** Compiles a model for inference: its weights become part of the session, where the runtime packs them for speed. */
export async function compile<I extends InputTypes, O extends Tensors>(
  runtime: Runtime,
  model: Model<I, O>,
  inputTypes: I,
  { weights }: CompileOptions,
): Promise<Program<keyof I & string, keyof O & string>> {
  const session = await runtime.load(exportOnnx(trace(model, inputTypes), weights));
  return {
    run: (inputs, options) =>
      session.run(inputs as NdArrays, options) as Promise<Record<keyof O & string, NdArray>>,
    close: () => session.close(),
  };
}

/** The model as a self-contained ONNX file. */
export function exportOnnx(traced: Trace, weights: ReadonlyMap<string, NdArray>): Uint8Array<ArrayBuffer> {
  checkWeights(traced, weights);
  const initializers = new Map(
    [...traced.parameters].map(([name, { tensor }]) => [name, { tensor, value: weights.get(name)! }]),
  );
  return emitOnnx({ inputs: traced.inputs, initializers, outputs: new Map(Object.entries(traced.outputs)) });
}

/** @throws WeightsError naming every parameter that is missing or has another shape. */
export function checkWeights(traced: Trace, weights: ReadonlyMap<string, NdArray>): void {
  const wrong = [...traced.parameters].flatMap(([name, { shape }]) => {
    const value = weights.get(name);
    if (value === undefined) return [`${name} is missing`];
    return sameShape(value.shape, shape)
      ? []
      : [`${name} is ${formatShape(value.shape)}, the model wants ${formatShape(shape)}`];
  });
  if (wrong.length > 0)
    throw new WeightsError(
      `the weights do not fit the model (${wrong.length} of ${traced.parameters.size}): ${wrong.slice(0, 8).join("; ")}${wrong.length > 8 ? "; ..." : ""}`,
    );
}
