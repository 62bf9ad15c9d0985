import { bool, compile, f32, type NdArray, type Runtime, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EsmBottleneckConfig, esmBottleneck } from "./bottleneck.ts";

const width = 6;
const config: EsmBottleneckConfig = {
  hiddenSize: 4,
  numLayers: 1,
  numHeads: 2,
  feedForwardSize: 5,
  dropout: 0.2,
  result: "full",
};
const plain = { hiddenSize: null, numLayers: 0 };

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

type Length = number | string;
const typesOf = (length: Length) => ({
  sequence: f32("batch", length, width),
  mask: bool("batch", length),
});
const tracedOf = (changes: Partial<EsmBottleneckConfig>, length: Length = "residues", training = false) =>
  trace(
    (w, inputs, random) => ({
      ...esmBottleneck(w, { ...config, ...changes }, inputs, training ? { random } : {}),
    }),
    typesOf(length),
  );

const wave = (shape: readonly number[], phase = 0): NdArray => {
  const length = shape.reduce((product, size) => product * size, 1);
  return {
    dtype: "float32",
    shape,
    data: Float32Array.from({ length }, (_, i) => Math.sin(1 + phase + 0.7 * i)),
  };
};

/** Runs on as many residues as `lengths` say, padded to `padded` with numbers that mean nothing. */
async function run(changes: Partial<EsmBottleneckConfig>, lengths: number[], padded: number) {
  const length = changes.result === "token" ? padded : "residues";
  const { parameters } = tracedOf(changes, length);
  const program = await compile(
    runtime,
    (w, inputs) => {
      const { sequence, mask } = esmBottleneck(w, { ...config, ...changes }, inputs);
      return { result: sequence, resultMask: mask };
    },
    typesOf(length),
    { weights: new Map([...parameters].map(([name, { shape }], i) => [name, wave(shape, i)])) },
  );
  const sequence = wave([lengths.length, padded, width]);
  const mask = new Uint8Array(lengths.length * padded);
  for (const [row, count] of lengths.entries()) {
    mask.fill(1, row * padded, row * padded + count);
    const values = sequence.data.subarray(row * padded * width, (row + 1) * padded * width) as Float32Array;
    values.set(wave([count, width], row).data as Float32Array);
    values.fill(99, count * width);
  }
  const { result, resultMask } = await program.run({
    sequence,
    mask: { dtype: "bool", shape: [lengths.length, padded], data: mask },
  });
  await program.close();
  const values = Array.from(result.data as Float32Array);
  return { shape: result.shape, values, mask: [...(resultMask.data as Uint8Array)] };
}

function expectNear(values: readonly number[], expected: readonly number[]): void {
  expect(values).toHaveLength(expected.length);
  for (const [index, value] of values.entries()) expect(value).toBeCloseTo(expected[index]!, 4);
}

describe("the ESM bottleneck", () => {
  it.each(["mean", "token"] as const)(
    "gives the same %s for a protein alone and with a longer one",
    async (result) => {
      const alone = await run({ result }, [3], 3);
      const together = await run({ result }, [3, 8], 8);
      expect(alone.shape).toEqual([1, 1, 4]);
      expect(together.shape).toEqual([2, 1, 4]);
      expectNear(together.values.slice(0, 4), alone.values);
      expect(together.mask).toEqual([1, 1]);
    },
  );

  it("averages padding too where old weights want it, and there alone", async () => {
    const ours = await run({ ...plain, result: "mean" }, [2], 4);
    const theirs = await run({ ...plain, result: "meanOverPadding" }, [2], 4);
    const residues = wave([2, width]).data as Float32Array;
    const mean = Array.from({ length: width }, (_, i) => (residues[i]! + residues[i + width]!) / 2);
    expectNear(ours.values, mean);
    expectNear(
      theirs.values,
      mean.map((value) => value / 2 + 99 / 2),
    );
  });

  it("hands on every residue and the mask as it is", async () => {
    const { shape, mask } = await run({}, [2, 5], 5);
    expect(shape).toEqual([2, 5, 4]);
    expect(mask).toEqual([1, 1, 0, 0, 0, 1, 1, 1, 1, 1]);
  });

  it("has only the parts of its configuration", () => {
    const names = (changes: Partial<EsmBottleneckConfig>, length?: Length) => [
      ...tracedOf(changes, length).parameters.keys(),
    ];
    expect(names(plain)).toEqual([]);
    expect(names({ numLayers: 0 })).toEqual(["projection.weight", "projection.bias"]);
    expect(names({ ...plain, result: "token" }, 3)).toEqual(["guidance_embedding.weight"]);
    expect(names({ hiddenSize: null })).toContain("encoder.layers.0.self_attn.in_proj_weight");
    expect(names({})).toHaveLength(2 + 12 + 2);
  });

  it("drops hidden values and what a layer adds, in training alone", () => {
    expect(tracedOf({}).random.size).toBe(0);
    const { random } = tracedOf({}, "residues", true);
    expect([...random].map(([name, { tensor }]) => [name, tensor.shape])).toEqual([
      ["encoder.0.attention", ["batch", "residues", 4]],
      ["encoder.0.hidden", ["batch", "residues", 5]],
      ["encoder.0.output", ["batch", "residues", 4]],
    ]);
  });
});
