// Running a loaded network on named arrays, with the argument and output names of the library it comes from: what a
// checkpoint's numbers are compared by, and what a program uses that has arrays and no interest in graphs. The names
// stand in each definition.

import { compile, type Runtime, type Tensor, type TensorType } from "@proteoscope/engine";
import type { NdArray } from "@proteoscope/formats";
import { type NamedArrays, readInputs } from "../checkpoints/input-rules.ts";
import type { NetworkDefinition, NetworkOf } from "../checkpoints/network-definition.ts";
import { definitionOf, type RegisteredNetwork } from "../registry.ts";

/**
 * Runs a network once; numbers of any dtype are converted. Outputs are float32, indices of codes int64.
 *
 * @throws TensorError when an array is missing, unknown, or of another shape or kind.
 */
export async function runPretrained<D extends NetworkDefinition = RegisteredNetwork>(
  runtime: Runtime,
  model: NetworkOf<D>,
  inputs: NamedArrays,
  networks?: readonly D[],
): Promise<Map<string, NdArray>> {
  const definition = definitionOf<D>(model, networks);
  const arrays = readInputs(definition.inputs(model.config), inputs);
  const types = Object.fromEntries(
    [...arrays].map(([name, { dtype, shape }]): [string, TensorType] => [
      name,
      { dtype: dtype as TensorType["dtype"], shape },
    ]),
  );
  const program = await compile(
    runtime,
    (w, tensors) => renameOutputs(definition.apply(w, model, tensors)),
    types,
    { weights: model.weights },
  );
  try {
    const outputs = await program.run(Object.fromEntries(arrays));
    return new Map(
      Object.entries(outputs).map(([name, value]) => [name.slice(outputPrefix.length), value as NdArray]),
    );
  } finally {
    await program.close();
  }
}

/** Within a graph an input and an output cannot both be called "sample". */
const outputPrefix = "out.";

function renameOutputs(outputs: Record<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [outputPrefix + name, tensor]));
}
