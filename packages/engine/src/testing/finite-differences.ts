/**
 * A tool for tests that holds gradients to central differences (f(x + h) - f(x - h)) / 2h of the compiled function itself.
 *
 * The output is weighted by fixed random numbers and summed in double precision, so that the only rounding is the
 * function's own: about 1e-7 / h beside a truncation of about h^2.
 */
import { expect } from "vitest";
import { grad } from "../gradient.ts";
import { sum } from "../ops/broadcast.ts";
import { mul } from "../ops/elementwise.ts";
import { constant, type NdArray, type Tensor } from "../tensor.ts";
import { compileFunction, numbers, random } from "./evaluate.ts";

export interface DifferenceOptions {
  /** The step h. Default 2^-7. */
  step?: number;
  /** Largest error, as a fraction of the largest gradient of the argument. Default 2e-3. */
  tolerance?: number;
  /** Number of elements per argument that are checked; larger arguments are sampled evenly. Default 24. */
  elements?: number;
}

/** Checks the gradients of `f` with respect to every float32 argument; others are fed as they are. */
export async function expectGradients(
  f: (...tensors: Tensor[]) => Tensor,
  inputs: readonly NdArray[],
  { step = 2 ** -7, tolerance = 2e-3, elements = 24 }: DifferenceOptions = {},
): Promise<void> {
  const isDifferentiated = inputs.map(({ dtype }) => dtype === "float32");
  const { run, program } = await compileFunction((...tensors) => {
    const y = f(...tensors);
    const loss = sum(mul(y, constant(random(y.shape as readonly number[], 99))));
    return [
      y,
      ...grad(
        loss,
        tensors.filter((_, index) => isDifferentiated[index]),
      ),
    ];
  }, inputs);
  const loss = async (arrays: readonly NdArray[]) => {
    const y = (await run(...arrays))[0]!;
    const weights = random(y.shape, 99).data as Float32Array;
    return numbers(y).reduce((total, value, index) => total + value * weights[index]!, 0);
  };

  const gradients = (await run(...inputs)).slice(1);
  for (const [index, input] of inputs.entries()) {
    if (!isDifferentiated[index]) continue;
    const gradient = gradients.shift()!;
    expect(gradient.shape, `shape of the gradient of argument ${index}`).toEqual(input.shape);
    const actual = numbers(gradient);
    const stride = Math.max(1, Math.ceil(actual.length / elements));
    const checked = actual.flatMap((_, element) => (element % stride === 0 ? [element] : []));
    const expected = new Map<number, number>();
    for (const element of checked) {
      const moved = async (offset: number) => {
        const data = (input.data as Float32Array).slice();
        data[element]! += offset;
        return { at: data[element]!, loss: await loss(inputs.with(index, { ...input, data })) };
      };
      const [above, below] = [await moved(step), await moved(-step)];
      expected.set(element, (above.loss - below.loss) / (above.at - below.at));
    }
    const scale = Math.max(...[...expected.values()].map(Math.abs), 1e-2);
    for (const [element, value] of expected)
      expect(
        Math.abs(actual[element]! - value) / scale,
        `argument ${index}, element ${element}: gradient ${actual[element]}, differences ${value}`,
      ).toBeLessThan(tolerance);
  }
  await program.close();
}
