/**
 * The exchange between the ranks of a training run in a step: gradients, running statistics, reported numbers.
 *
 * A state leaves the runtime, is reduced and goes back, which a single process never does.
 */
import type { Collective } from "../distributed/collective.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { buffersState, stateName, type TrainingGraphs } from "./training-graph.ts";

/**
 * Replaces gradients, buffers and reported numbers by their means over the ranks, and returns the numbers, which have the
 * same names in the same order on every rank. The graph has scaled the gradients, so that their sum is the mean.
 */
export async function reduceOverRanks(
  runtime: Runtime,
  collective: Collective,
  { groups, buffers }: TrainingGraphs,
  report: Readonly<Record<string, number>>,
): Promise<Record<string, number>> {
  const share = 1 / collective.size;
  for (const { name } of groups) await sumState(runtime, collective, stateName(name, "gradients"), 1);
  if (buffers.length > 0) await sumState(runtime, collective, buffersState, share);
  const means = Float32Array.from(Object.values(report), (value) => share * value);
  await collective.allReduce(means);
  return Object.fromEntries(Object.keys(report).map((name, i) => [name, means[i]!]));
}

/** Replaces a flat float32 state by the sum over the ranks of `factor` times the state. */
async function sumState(
  runtime: Runtime,
  collective: Collective,
  state: string,
  factor: number,
): Promise<void> {
  const value = await runtime.getState(state);
  const values = value.data as Float32Array;
  if (factor !== 1) for (let i = 0; i < values.length; i++) values[i]! *= factor;
  await collective.allReduce(values);
  await runtime.setState(state, value, { transfer: true });
}
