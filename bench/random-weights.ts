// Weights of the right shapes and sizes, made in a moment: time and memory do not depend on their values, as long as
// those are no special case for the processor (zeros, denormals, infinities).
import {
  createGenerator,
  float32,
  type NdArray,
  type ParameterDeclaration,
  type Trace,
} from "@proteoscope/engine";

/** A prime, so that equal parts of one weight seldom meet. */
const blockLength = 65_521;

/** Values of all declared parameters and buffers, as wide as their initializers make them. */
export function randomWeights(declared: Trace["parameters"]): Map<string, NdArray> {
  const block = createGenerator(0, "bench").uniform(blockLength);
  return new Map([...declared].map(([name, declaration]) => [name, randomArray(declaration, block)]));
}

function randomArray({ shape, initializer }: ParameterDeclaration, block: Float32Array): NdArray {
  const data = new Float32Array(shape.reduce((count, size) => count * size, 1));
  if (initializer.kind === "constant") return float32(shape, data.fill(initializer.value));
  // A uniform number of standard deviation 1 lies within the root of 3.
  const mean = initializer.kind === "normal" ? (initializer.mean ?? 0) : 0;
  const bound = initializer.kind === "normal" ? initializer.deviation * Math.sqrt(3) : initializer.bound;
  const values = block.subarray(0, data.length).map((value) => mean + (2 * value - 1) * bound);
  for (let start = 0; start < data.length; start += blockLength)
    data.set(values.subarray(0, data.length - start), start);
  return float32(shape, data);
}

/** Numbers in [-1, 1) of a shape, for inputs. */
export function randomInput(name: string, ...shape: number[]): NdArray {
  const count = shape.reduce((product, size) => product * size, 1);
  return float32(
    shape,
    createGenerator(0, "bench", name)
      .uniform(count)
      .map((value) => 2 * value - 1),
  );
}
