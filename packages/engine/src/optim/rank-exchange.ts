/**
 * What the ranks of a training run exchange in a step: gradients, running statistics and what is reported.
 *
 * A state leaves the runtime, is reduced and goes back, which a single process never does.
 */
import type { Collective } from "../distributed/collective.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** Replaces a flat float32 state by the sum over the ranks of `factor` times the state. */
export async function sumStateOverRanks(
  runtime: Runtime,
  collective: Collective,
  state: string,
  factor = 1,
): Promise<void> {
  const value = await runtime.getState(state);
  const values = value.data as Float32Array;
  if (factor !== 1) for (let i = 0; i < values.length; i++) values[i]! *= factor;
  await collective.allReduce(values);
  await runtime.setState(state, value, { transfer: true });
}

/** The mean of each number over the ranks, which must have the same names in the same order. */
export async function meanOverRanks(
  collective: Collective,
  numbers: Readonly<Record<string, number>>,
): Promise<Record<string, number>> {
  const means = Float32Array.from(Object.values(numbers), (value) => value / collective.size);
  await collective.allReduce(means);
  return Object.fromEntries(Object.keys(numbers).map((name, i) => [name, means[i]!]));
}
