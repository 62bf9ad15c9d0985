import {
  compile,
  grad,
  i64,
  type NdArray,
  type RandomSource,
  type Runtime,
  sum,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contactHead, type Esm2Config, esm2, esm2Config, esm2Presets, languageModelHead } from "./network.ts";
import { tokenizeBatch } from "./tokenizer.ts";

const config = esm2Config({ numHiddenLayers: 2, hiddenSize: 12, numAttentionHeads: 3 });

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

type OpenModel = (w: Weights, inputs: Record<"inputIds" | "attentionMask", Tensor>) => Record<string, Tensor>;

/** Runs a model on sequences of any length, with weights that depend on the index of each parameter. */
async function run(model: OpenModel, sequences: string[]): Promise<Record<string, NdArray>> {
  const types = { inputIds: i64("batch", "residues"), attentionMask: i64("batch", "residues") };
  const weights = new Map(
    [...trace(model, types).parameters].map(([name, { shape }], place): [string, NdArray] => {
      const length = shape.reduce((product, size) => product * size, 1);
      const data = Float32Array.from({ length }, (_, index) => Math.sin(1 + place + 0.7 * index) / 2);
      return [name, { dtype: "float32", shape, data }];
    }),
  );
  const program = await compile(runtime, model, types, { weights });
  const { inputIds, attentionMask } = tokenizeBatch(sequences);
  const outputs = await program.run({ inputIds, attentionMask });
  await program.close();
  return outputs;
}

const floats = (array: NdArray | undefined): number[] => Array.from(array!.data as Float32Array);

describe("esm2", () => {
  it("computes the same for a protein alone and with a longer one", async () => {
    const model: OpenModel = (w, inputs) => ({
      last: esm2(w, config, inputs).representations[2]!,
    });
    const alone = await run(model, ["MK<mask>A"]);
    const together = await run(model, ["MK<mask>A", "MKTAYIAKQR"]);
    expect(together.last!.shape).toEqual([2, 12, 12]);
    for (const [index, value] of floats(alone.last).entries())
      expect(floats(together.last)[index]).toBeCloseTo(value, 5);
  });

  it("takes the padding token for padding where no mask is given", async () => {
    const { given, derived } = await run(
      (w, inputs) => ({
        given: esm2(w, config, inputs).representations[2]!,
        derived: esm2(w, config, { inputIds: inputs.inputIds }).representations[2]!,
      }),
      ["MKT", "M"],
    );
    expect(floats(derived)).toEqual(floats(given));
  });

  it("scales embeddings by what training left of them, and hides what is masked", async () => {
    const embed = async (settings: Esm2Config, sequence: string) =>
      floats(
        (await run((w, inputs) => ({ x: esm2(w, settings, inputs).representations[0]! }), [sequence])).x,
      );
    const plain = await embed({ ...config, tokenDropout: false }, "MKTA");
    const scaled = await embed(config, "MKTA");
    for (const [index, value] of scaled.entries()) expect(value).toBeCloseTo(plain[index]! * 0.88, 6);
    const masked = await embed(config, "MK<mask>A"); // 1 of 6 tokens, <cls> and <eos> counted
    masked.forEach((value, index) => {
      const isMasked = Math.floor(index / 12) === 3;
      expect(value).toBeCloseTo(isMasked ? 0 : (plain[index]! * 0.88) / (5 / 6), 6);
    });
  });

  it("attends to tokens only, and every token's attention sums to one", async () => {
    const { map } = await run((w, inputs) => ({ map: esm2(w, config, inputs).attentions[0]! }), ["MKT", "M"]);
    expect(map!.shape).toEqual([2, 3, 5, 5]);
    const rows = Array.from({ length: 30 }, (_, row) => floats(map).slice(row * 5, row * 5 + 5));
    rows.forEach((row, index) => {
      const isPadding = index >= 15 && index % 5 >= 3;
      expect(row.reduce((total, value) => total + value)).toBeCloseTo(isPadding ? 0 : 1, 5);
      if (index >= 15) expect(row.slice(3)).toEqual([0, 0]);
    });
  });

  it("draws dropout where its random source says, and nowhere without one", () => {
    const dropping = { ...config, hiddenDropoutProb: 0.1 };
    const model =
      (useRandom: boolean) => (w: Weights, inputs: { inputIds: Tensor }, random: RandomSource) => ({
        x: esm2(w, dropping, inputs, { random: useRandom ? random : undefined }).representations[2]!,
      });
    const names = (useRandom: boolean) => [...trace(model(useRandom), { inputIds: i64(1, 6) }).random.keys()];
    expect(names(false)).toEqual([]);
    expect(names(true)).toEqual([
      "embeddings",
      "layer.0.attention",
      "layer.0.output",
      "layer.1.attention",
      "layer.1.output",
    ]);
  });

  it("ties the output to the embeddings: one table, one gradient", () => {
    const traced = trace(
      (w, { inputIds }) => {
        const logits = languageModelHead(w, config, esm2(w, config, { inputIds }).representations[2]!);
        const table = w.parameter("esm.embeddings.word_embeddings.weight", [33, 12], {
          kind: "normal",
          deviation: 1,
        });
        return { gradient: grad(sum(logits), [table])[0]! };
      },
      { inputIds: i64(1, 6) },
    );
    expect([...traced.parameters.keys()].filter((name) => name.startsWith("lm_head"))).toEqual([
      "lm_head.dense.weight",
      "lm_head.dense.bias",
      "lm_head.layer_norm.weight",
      "lm_head.layer_norm.bias",
      "lm_head.bias",
    ]);
    expect(traced.outputs.gradient.shape).toEqual([33, 12]);
  });
});

describe("contactHead", () => {
  it("is symmetric, and finite for a protein without residues", async () => {
    const { contacts } = await run(
      (w, inputs) => ({ contacts: contactHead(w, config, inputs, esm2(w, config, inputs)) }),
      ["MKTA", ""],
    );
    expect(contacts!.shape).toEqual([2, 6, 6]);
    const values = floats(contacts);
    expect(values.every((value) => value > 0 && value < 1)).toBe(true);
    for (let row = 0; row < 6; row += 1)
      for (let column = 0; column < 6; column += 1)
        expect(values[row * 6 + column]).toBeCloseTo(values[column * 6 + row]!, 6);
  });
});

describe("the released models", () => {
  for (const [name, settings] of Object.entries(esm2Presets)) {
    it(`${name} has about as many parameters as its name says`, () => {
      const { parameters } = trace(
        (w, { inputIds }) => {
          const { representations } = esm2(w, settings, { inputIds });
          return { logits: languageModelHead(w, settings, representations.at(-1)!) };
        },
        { inputIds: i64(1, 4) },
      );
      const counts = [...parameters.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
      const [, amount, unit] = /_(\d+)([MB])$/.exec(name)!;
      const stated = Number(amount) * (unit === "M" ? 1e6 : 1e9);
      expect(counts.reduce((a, b) => a + b) / stated).toBeCloseTo(1, 0.8);
    });
  }
});
