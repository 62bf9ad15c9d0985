/**
 * The first values of a model's parameters, each from its own initializer and its own random stream.
 *
 * A value depends on the seed, the parameter's name and its shape alone, so that adding a layer, or declaring in
 * another order, changes no other parameter.
 */
import { elementCount } from "../shape.ts";
import type { NdArray } from "../tensor.ts";
import type { Initializer, ParameterDeclaration } from "../weights.ts";
import { createGenerator } from "./generator.ts";

/** Draws the first values of all declared parameters and buffers, float32, by state-dict name. */
export function initializeWeights(
  declarations: ReadonlyMap<string, ParameterDeclaration>,
  seed: number | bigint,
): Map<string, NdArray> {
  return new Map(
    [...declarations].map(([name, { shape, initializer }]) => {
      const data = initialValues(initializer, elementCount(shape, name), seed, name);
      return [name, { dtype: "float32", shape, data }];
    }),
  );
}

function initialValues(initializer: Initializer, count: number, seed: number | bigint, name: string) {
  const random = createGenerator(seed, "initialize", name);
  switch (initializer.kind) {
    case "constant":
      return new Float32Array(count).fill(initializer.value);
    case "uniform":
      return random.uniform(count).map((value) => (2 * value - 1) * initializer.bound);
    case "normal": {
      const { mean = 0, deviation } = initializer;
      return random.normal(count).map((value) => mean + deviation * value);
    }
  }
}
