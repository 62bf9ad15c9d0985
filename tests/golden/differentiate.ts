// Runs a traced model once, with the gradients that PyTorch's backward() would leave behind: those of an output with
// respect to every trained parameter and to chosen inputs, and the buffers' new values. In the form that a training step
// has on this device.
import {
  emitOnnx,
  grad,
  type NdArray,
  type Runtime,
  type Trace,
  trainingLowerings,
} from "@proteoscope/engine";

export interface Differentiated {
  readonly outputs: Readonly<Record<string, NdArray>>;
  /** Gradients of the loss with respect to each trained parameter, by its name. */
  readonly gradients: ReadonlyMap<string, NdArray>;
  /** Gradients of the loss with respect to each of `inputNames`. */
  readonly inputGradients: ReadonlyMap<string, NdArray>;
  readonly updates: ReadonlyMap<string, NdArray>;
}

export interface DifferentiateOptions {
  readonly weights: ReadonlyMap<string, NdArray>;
  readonly inputs: Readonly<Record<string, NdArray>>;
  /** The output to differentiate. */
  readonly loss?: string;
  readonly inputNames?: readonly string[];
  /** Which parameters; all when absent. */
  readonly isTrained?: (name: string) => boolean;
}

export async function differentiate(
  runtime: Runtime,
  traced: Trace,
  options: DifferentiateOptions,
): Promise<Differentiated> {
  const { weights, inputs, loss = "loss", inputNames = [], isTrained = () => true } = options;
  const parameterNames = [...traced.parameters].flatMap(([name, { isBuffer }]) =>
    !isBuffer && isTrained(name) ? [name] : [],
  );
  const targets = [
    ...parameterNames.map((name) => traced.parameters.get(name)!.tensor),
    ...inputNames.map((name) => traced.inputs.get(name)!),
  ];
  const gradients = grad(traced.outputs[loss]!, targets);
  const groups = {
    output: new Map(Object.entries(traced.outputs)),
    gradient: new Map(parameterNames.map((name, index) => [name, gradients[index]!])),
    inputGradient: new Map(
      inputNames.map((name, index) => [name, gradients[parameterNames.length + index]!]),
    ),
    update: traced.updates,
  };
  const flat = Object.entries(groups).flatMap(([group, tensors]) =>
    [...tensors].map(([name, tensor]) => [`${group}:${name}`, tensor] as const),
  );
  const initializers = new Map(
    [...traced.parameters].map(([name, { tensor }]) => [name, { tensor, value: weights.get(name)! }]),
  );
  const graph = { inputs: traced.inputs, initializers, outputs: new Map(flat) };
  const session = await runtime.load(emitOnnx(graph, { lowerings: trainingLowerings(runtime.device) }));
  const results = await session.run(inputs);
  await session.close();
  const collect = (group: keyof typeof groups): Map<string, NdArray> =>
    new Map([...groups[group].keys()].map((name) => [name, results[`${group}:${name}`]!]));
  return {
    outputs: Object.fromEntries(collect("output")),
    gradients: collect("gradient"),
    inputGradients: collect("inputGradient"),
    updates: collect("update"),
  };
}
