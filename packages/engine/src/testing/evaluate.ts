/**
 * A tool for tests that runs a function of tensors on arrays, on one cpu runtime that the tests of a file share.
 */
import { compile, type Program } from "../compile.ts";
import { createGenerator } from "../random/generator.ts";
import { openRuntime } from "../runtime/node/node.ts";
import { type DType, type NdArray, type Tensor, typedArray } from "../tensor.ts";

export type TensorFunction = (...tensors: Tensor[]) => readonly Tensor[];
export type ArrayFunction = (...arrays: NdArray[]) => Promise<NdArray[]>;

/** A runtime of one thread, so that sums are in one order and tests do not fight for cores. */
export const sharedRuntime = openRuntime({ device: "cpu", threads: 1 });

/** Compiles the function for arrays of the given types and shapes; closing the program frees it. */
export async function compileFunction(
  f: TensorFunction,
  types: readonly { readonly dtype: string; readonly shape: readonly (number | string)[] }[],
): Promise<{ run: ArrayFunction; program: Program }> {
  const inputTypes = types.map(({ dtype, shape }, i) => [`x${i}`, { dtype: dtype as DType, shape }] as const);
  const program = await compile(
    await sharedRuntime,
    (_w, inputs) => Object.fromEntries(f(...Object.values(inputs)).map((y, i) => [`y${i}`, y])),
    Object.fromEntries(inputTypes),
    { weights: new Map() },
  );
  const run: ArrayFunction = async (...arrays) =>
    Object.values(await program.run(Object.fromEntries(arrays.map((value, i) => [`x${i}`, value]))));
  return { run, program };
}

/** Applies the function to arrays once. */
export async function evaluate(f: TensorFunction, ...inputs: NdArray[]): Promise<NdArray[]> {
  const { run, program } = await compileFunction(f, inputs);
  const outputs = await run(...inputs);
  await program.close();
  return outputs;
}

/** Computes the values of the one tensor that `f` returns. */
export async function valuesOf(f: (...tensors: Tensor[]) => Tensor, ...inputs: NdArray[]): Promise<number[]> {
  const [output] = await evaluate((...tensors) => [f(...tensors)], ...inputs);
  return numbers(output!);
}

/** Gives the elements of an array as numbers. */
export function numbers({ data }: NdArray): number[] {
  return Array.from(data as unknown as ArrayLike<number | bigint>, Number);
}

/** Makes an array of a shape and type from numbers. */
export function array(
  shape: readonly number[],
  values: readonly number[],
  dtype: DType = "float32",
): NdArray {
  return { dtype, shape, data: typedArray(dtype, values) };
}

/** Makes an array of random values, uniform in [low, high). */
export function random(shape: readonly number[], seed: number, low = -1, high = 1): NdArray {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = createGenerator(seed, "test").uniform(count);
  return { dtype: "float32", shape, data: data.map((value) => low + (high - low) * value) };
}
