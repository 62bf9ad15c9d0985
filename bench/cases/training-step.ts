// A training step for the cases that take one: fresh random weights, one batch again and again, and the operations of
// the graph that the trainer runs.
import {
  createTrainer,
  type InputTypes,
  type NdArray,
  type Runtime,
  type Tensor,
  type TrainingModel,
  trace,
} from "@proteoscope/engine";
import { trainingGraphs } from "../../packages/engine/src/optim/training-graph.ts";
import type { Prepared } from "../case.ts";
import { countGflop, type OpenSizes } from "../operations.ts";
import { randomWeights } from "../random-weights.ts";

export interface TrainingOptions<Input extends string, Loss extends string> {
  /** Prefixes of the parameters that each loss trains. */
  readonly prefixes: Readonly<Record<Loss, string>>;
  readonly batch: Readonly<Record<Input, NdArray>>;
  readonly sizes?: OpenSizes;
}

const optimizer = { learningRate: () => 2e-4, beta2: 0.98, weightDecay: 0.01, clipNorm: 1 };

export async function prepareTraining<Types extends InputTypes, Loss extends string>(
  runtime: Runtime,
  model: TrainingModel<Types, Loss>,
  types: Types,
  { prefixes, batch, sizes }: TrainingOptions<keyof Types & string, Loss>,
): Promise<Prepared> {
  const declared = trace((w, inputs: { readonly [K in keyof Types]: Tensor }, random) => {
    return model(w, inputs, random).losses;
  }, types);
  const weights = randomWeights(declared.parameters);
  const names = Object.keys(prefixes) as Loss[];
  const groups = Object.fromEntries(
    names.map((name) => [name, { prefix: prefixes[name], ...optimizer }]),
  ) as Record<Loss, typeof optimizer & { prefix: string }>;
  const { main, frozen } = trainingGraphs(model, types, { groups, weights, accumulate: 1 });
  const fixed = [...frozen.values()].map(({ tensor }) => tensor);
  const leaves = [...main.inputs.values(), ...main.states.values(), ...fixed];
  const gflop = countGflop([...main.outputs.values()], leaves, sizes);
  const trainer = await createTrainer(runtime, model, types, { groups, weights, seed: 0 });
  return {
    gflop,
    run: async () => void (await trainer.step(batch)),
    close: () => trainer.close(),
  };
}
