/**
 * Programs with state for inference, such as the keys and values of an autoregressive network: named arrays that live with
 * the runtime, which a run reads where they lie and into which it writes one block at a position.
 *
 *     const states = await openStates(runtime, { keys: { shape: [heads, width, length], axis: 2 } });
 *     const program = await compileStateful(runtime, model, { x: f32("n", width) }, { weights, states });
 *     await program.run({ x }, 7); // the model's output `keys` [heads, width, n] takes the places 7 to 7 + n
 */
import type { CompileOptions } from "./compile.ts";
import { checkWeights } from "./compile.ts";
import { buildOnnx, serializeOnnx } from "./onnx/emit.ts";
import { inferenceLowerings } from "./passes/device-lowerings.ts";
import type { NdArrays, Runtime } from "./runtime/runtime.ts";
import { elementCount } from "./shape.ts";
import type { NdArray, TensorType } from "./tensor.ts";
import { type InputTypes, type Model, type Tensors, trace } from "./trace.ts";

/** A float32 state: its shape, and the axis along which blocks are written. */
export interface StateType {
  readonly shape: readonly number[];
  readonly axis: number;
}

/** States that live with a runtime; programs of the same states share them. */
export interface States {
  readonly types: Readonly<Record<string, StateType>>;
  /** The names by which the runtime knows them. */
  readonly names: Readonly<Record<string, string>>;
  /** Reads a copy of a state. @throws Error where there is none of this name. */
  read(name: string): Promise<NdArray>;
  /** Frees the states. */
  close(): Promise<void>;
}

let opened = 0;

/** Makes states of zeros. */
export async function openStates(
  runtime: Runtime,
  types: Readonly<Record<string, StateType>>,
): Promise<States> {
  opened += 1;
  const prefix = `state.${opened}.`;
  const names = Object.fromEntries(Object.keys(types).map((name) => [name, prefix + name]));
  for (const [name, { shape }] of Object.entries(types)) {
    const data = new Float32Array(elementCount(shape));
    await runtime.setState(names[name]!, { dtype: "float32", shape, data }, { transfer: true });
  }
  return {
    types,
    names,
    read: (name) => runtime.getState(names[name] ?? name),
    async close() {
      for (const name of Object.values(names)) await runtime.deleteState(name);
    },
  };
}

/** A compiled model with states. */
export interface StatefulProgram<I extends string = string, O extends string = string> {
  /**
   * Computes the outputs, and writes those that have a state's name into it from `position` on.
   *
   * @throws Error as a program does, and where a block reaches beyond its state.
   */
  run(
    inputs: Readonly<Record<I, NdArray>>,
    position: number,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Record<O, NdArray>>;
  /** Frees the session; the states stay. */
  close(): Promise<void>;
}

/**
 * Compiles a model that is given its inputs and the states, by name. Outputs with the name of a state are blocks of it.
 *
 * @throws ShapeError, WeightsError and Error as `compile` does, and where the device keeps its states elsewhere.
 */
export async function compileStateful<I extends InputTypes, O extends Tensors>(
  runtime: Runtime,
  model: Model<InputTypes, O>,
  inputTypes: I,
  { weights, states, ...options }: CompileOptions & { readonly states: States },
): Promise<StatefulProgram<keyof I & string, string>> {
  const stateTypes = Object.entries(states.types).map(([name, { shape }]): [string, TensorType] => [
    name,
    { dtype: "float32", shape },
  ]);
  const traced = trace(model, { ...inputTypes, ...Object.fromEntries(stateTypes) });
  checkWeights(traced, weights);
  const stateName = (name: string): string | undefined => states.names[name];
  const blockName = (name: string): string => `block.${name}`;
  const outputs = Object.entries(traced.outputs);
  const built = buildOnnx(
    {
      inputs: new Map([...traced.inputs].map(([name, leaf]) => [stateName(name) ?? name, leaf])),
      initializers: new Map(
        [...traced.parameters].map(([name, { tensor }]) => [name, { tensor, value: weights.get(name)! }]),
      ),
      outputs: new Map(
        outputs.map(([name, tensor]) => [stateName(name) === undefined ? name : blockName(name), tensor]),
      ),
    },
    { lowerings: inferenceLowerings(runtime.device) },
  );
  const { model: bytes, externalData } = serializeOnnx(built, options);
  const blocks = Object.fromEntries(
    outputs.flatMap(([name]) => {
      const state = stateName(name);
      return state === undefined ? [] : [[blockName(name), { state, axis: states.types[name]!.axis }]];
    }),
  );
  const reads = Object.values(states.names);
  const session = await runtime.load(bytes, { reads, blocks, externalData, transfer: true });
  return {
    run: (inputs, position, runOptions) => session.run(inputs as NdArrays, { ...runOptions, position }),
    close: () => session.close(),
  };
}
