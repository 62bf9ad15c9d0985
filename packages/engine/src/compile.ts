/**
 * Makes a program of a model function: traces it, simplifies its graph, emits ONNX and loads that into a runtime.
 */
import {
  buildOnnx,
  emitOnnx,
  emitOnnxModel,
  type GraphInterface,
  serializeOnnx,
  signatureOf,
} from "./onnx/emit.ts";
import type { ExternalDataOptions, OnnxModel } from "./onnx/external-data.ts";
import { inferenceLowerings } from "./passes/device-lowerings.ts";
import type { NdArrays, RunOptions, Runtime, Session } from "./runtime/runtime.ts";
import { shareSession } from "./runtime/shared-sessions.ts";
import { formatShape, sameShape } from "./shape.ts";
import type { NdArray } from "./tensor.ts";
import { type InputTypes, type Model, type Tensors, type Trace, trace } from "./trace.ts";

/** A compiled model: inputs by name to outputs by name. */
export interface Program<I extends string = string, O extends string = string> {
  /**
   * Computes the outputs. Inputs may be given by `cached` instead, which is sent to the runtime only when it is another
   * object than at the run before.
   *
   * @throws Error where an input is missing, has another type or a shape that does not fit, or the program is closed.
   */
  run<K extends I = never>(
    inputs: Readonly<Record<Exclude<I, K>, NdArray>>,
    options?: RunOptions & { cached?: Readonly<Record<K, NdArray>> },
  ): Promise<Record<O, NdArray>>;
  /** Frees the session, unless another program shares it. */
  close(): Promise<void>;
}

/** Options of `compile`. */
export interface CompileOptions extends ExternalDataOptions {
  /** Values of all parameters, by state-dict name; further names are ignored. */
  weights: ReadonlyMap<string, NdArray>;
}

/** Says which parameters of a model are missing among the weights, or have another shape. */
export class WeightsError extends Error {
  override readonly name = "WeightsError";
}

/**
 * Compiles a model for inference: its weights become part of the session, where the runtime packs them for speed.
 *
 * Programs of one graph and the same arrays share a session, so the arrays' values must stay while one is open.
 *
 * @throws ShapeError from the model's operators; WeightsError for weights that do not fit; Error from the runtime.
 */
export async function compile<I extends InputTypes, O extends Tensors>(
  runtime: Runtime,
  model: Model<I, O>,
  inputTypes: I,
  { weights, ...externalDataOptions }: CompileOptions,
): Promise<Program<keyof I & string, keyof O & string>> {
  const lowerings = inferenceLowerings(runtime.device);
  const built = buildOnnx(graphOf(trace(model, inputTypes), weights), { lowerings });
  const values = [...built.weights.values()].map(({ data }) => data);
  const key = { signature: signatureOf(built), values };
  const session = await shareSession(runtime, key, () => {
    const make = () => serializeOnnx(built, externalDataOptions);
    if (runtime.loadCached !== undefined) return runtime.loadCached(key, make);
    const { model, externalData } = make();
    return runtime.load(model, { externalData, transfer: true });
  });
  return programOf(session);
}

/** Stands apart from `compile`, whose weights its functions would keep in memory. */
function programOf<I extends string, O extends string>(session: Session): Program<I, O> {
  return {
    run: (inputs, options) => session.run(inputs as NdArrays, options) as Promise<Record<O, NdArray>>,
    close: () => session.close(),
  };
}

/**
 * Writes a model and its weights as the bytes of one ONNX file.
 *
 * @throws WeightsError for weights that do not fit; Error for weights of 2 GiB, see `exportOnnxModel`.
 */
export function exportOnnx(traced: Trace, weights: ReadonlyMap<string, NdArray>): Uint8Array<ArrayBuffer> {
  return emitOnnx(graphOf(traced, weights));
}

/**
 * Writes a model and its weights as an ONNX file, and a second one where the weights pass `embeddedLimit`.
 *
 * @throws WeightsError for weights that do not fit.
 */
export function exportOnnxModel(
  traced: Trace,
  weights: ReadonlyMap<string, NdArray>,
  options: ExternalDataOptions = {},
): OnnxModel {
  return emitOnnxModel(graphOf(traced, weights), options);
}

function graphOf(traced: Trace, weights: ReadonlyMap<string, NdArray>): GraphInterface {
  checkWeights(traced, weights);
  const initializers = new Map(
    [...traced.parameters].map(([name, { tensor }]) => [name, { tensor, value: weights.get(name)! }]),
  );
  return { inputs: traced.inputs, initializers, outputs: new Map(Object.entries(traced.outputs)) };
}

/**
 * Holds weights to a traced model.
 *
 * @throws WeightsError naming the parameters that are missing or have another shape.
 */
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
