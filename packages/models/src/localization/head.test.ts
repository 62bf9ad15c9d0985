import { compile, f32, grad, i64, type NdArray, type Runtime, sum, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenizeBatch } from "../esm2/tokenizer.ts";
import { type LocalizationHeadConfig, localizationHead } from "./head.ts";

const width = 3;
const config: LocalizationHeadConfig = {
  labels: ["nucleus", "Golgi"],
  hiddenSize: 5,
  attentionHeads: 2,
  terminusWindow: 2,
  dropout: 0.1,
};
const types = { inputIds: i64("batch", "residues"), representation: f32("batch", "residues", width) };

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const { parameters } = trace((w, inputs) => ({ logits: localizationHead(w, config, inputs) }), types);

function array(shape: readonly number[], valueAt: (index: number) => number): NdArray {
  const length = shape.reduce((product, size) => product * size, 1);
  return { dtype: "float32", shape, data: Float32Array.from({ length }, (_, index) => valueAt(index)) };
}

const weights = new Map(
  [...parameters].map(([name, { shape }], place): [string, NdArray] => [
    name,
    array(shape, (index) => (name.endsWith("running_var") ? 1 : Math.sin(1 + place + 0.7 * index))),
  ]),
);

/** Runs the head on sequences whose token at (row, place) has the representation `valueAtToken(row, place)`. */
async function logitsOf(
  sequences: string[],
  valueAtToken: (row: number, place: number) => number,
  values: ReadonlyMap<string, NdArray> = weights,
): Promise<number[]> {
  const { inputIds } = tokenizeBatch(sequences);
  const [rows, length] = inputIds.shape as [number, number];
  const representation = array([rows, length, width], (index) => {
    const token = Math.floor(index / width);
    return valueAtToken(Math.floor(token / length), token % length) * (1 + (index % width));
  });
  const program = await compile(
    runtime,
    (w, inputs) => ({ logits: localizationHead(w, config, inputs) }),
    types,
    { weights: values },
  );
  const { logits } = await program.run({ inputIds, representation });
  await program.close();
  expect(logits.shape).toEqual([rows, 2]);
  return Array.from(logits.data as Float32Array);
}

describe("localizationHead", () => {
  it("looks at no padding and no end token", async () => {
    const plain = await logitsOf(["MKTAYIAK", "MKT"], (row, place) => row + place / 10);
    const noisy = await logitsOf(["MKTAYIAK", "MKT"], (row, place) =>
      row === 1 && place > 3 ? 99 : row + place / 10,
    );
    expect(noisy).toEqual(plain);
  });

  it("does not average hidden residues", async () => {
    const plain = await logitsOf(["MKT<mask>YIA"], (_, place) => place / 10);
    const noisy = await logitsOf(["MKT<mask>YIA"], (_, place) => (place === 4 ? 99 : place / 10));
    expect(noisy).toEqual(plain);
  });

  it("gives a protein the same logits alone and with a longer one", async () => {
    const valueAtToken = (_: number, place: number) => Math.cos(place);
    const alone = await logitsOf(["MKT"], valueAtToken);
    const together = await logitsOf(["MKT", "MKTAYIAK"], valueAtToken);
    for (const [index, value] of alone.entries()) expect(together[index]).toBeCloseTo(value, 5);
  });

  // With the attention even and only one feature read, the logits are that feature: its index in the input of the
  // hidden layer is (way of pooling) * width.
  const feature = (way: number): Map<string, NdArray> =>
    new Map(
      [...parameters].map(([name, { shape }]) => {
        const columns = shape[1] ?? 1;
        if (name === "hidden.weight")
          return [name, array(shape, (index) => (index === way * width ? 100 : 0))];
        if (name === "out.weight") return [name, array(shape, (index) => (index % columns === 0 ? 0.01 : 0))];
        return [name, array(shape, () => (name.endsWith("running_var") ? 1 : 0))];
      }),
    );
  for (const [name, way, expected] of [
    ["learned attention, even at first", 0, (1 + 2 + 3 + 4 + 5) / 5],
    ["<cls>", 2, 7],
    ["the mean of all residues", 3, (1 + 2 + 3 + 4 + 5) / 5],
    ["the first residues", 4, (1 + 2) / 2],
    ["the last residues", 5, (4 + 5) / 2],
  ] as const) {
    it(`pools ${name}`, async () => {
      const logits = await logitsOf(["MKTAY", "MKTAYIAKQR"], (_, place) => place || 7, feature(way));
      expect(logits[0]).toBeCloseTo(expected, 4);
      expect(logits[1]).toBeCloseTo(expected, 4);
    });
  }

  it("stays finite where there is no residue", async () => {
    expect((await logitsOf(["", "MK"], () => 1)).every(Number.isFinite)).toBe(true);
  });

  it("passes a gradient to every parameter and to the representation", async () => {
    const trained = [...parameters].filter(([, { isBuffer }]) => !isBuffer);
    const fixedTypes = { inputIds: i64(1, 6), representation: f32(1, 6, width) };
    const program = await compile(
      runtime,
      (w, inputs) => {
        const loss = sum(localizationHead(w, config, inputs));
        const tensors = trained.map(([name, { shape, initializer }]) =>
          w.parameter(name, shape, initializer),
        );
        const gradients = grad(loss, [...tensors, inputs.representation]);
        return Object.fromEntries(gradients.map((gradient, index) => [`g${index}`, gradient]));
      },
      fixedTypes,
      { weights },
    );
    const { inputIds } = tokenizeBatch(["MKTA"]);
    const gradients = await program.run({ inputIds, representation: array([1, 6, width], Math.sin) });
    await program.close();
    expect(Object.keys(gradients)).toHaveLength(trained.length + 1);
    const names = [...trained.map(([name]) => name), "representation"];
    for (const [index, gradient] of Object.values<NdArray>(gradients).entries()) {
      const flows = Array.from(gradient.data as Float32Array).some((value) => Math.abs(value) > 1e-6);
      // The same for all residues, the bias of the attention cancels in its softmax.
      expect([names[index], flows]).toEqual([names[index], names[index] !== "attention.bias"]);
    }
  });

  it("draws dropout twice in training", () => {
    const traced = trace(
      (w, inputs, random) => ({ logits: localizationHead(w, config, inputs, { random }) }),
      { inputIds: i64(2, 6), representation: f32(2, 6, width) },
    );
    expect([...traced.random.keys()]).toEqual(["localization.features", "localization.hidden"]);
  });
});
