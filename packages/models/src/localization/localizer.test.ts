import { bool, compile, f32, grad, type NdArray, type Runtime, sum, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { esmBottleneckDefaults } from "./bottleneck.ts";
import { type LocalizerConfig, localizer } from "./localizer.ts";

const width = 3;
const small = { ...esmBottleneckDefaults, hiddenSize: 4, numLayers: 1, numHeads: 2, feedForwardSize: 5 };
const withBottleneck: LocalizerConfig = { labels: ["nucleus", "Golgi"], bottleneck: small };
const withoutBottleneck: LocalizerConfig = { ...withBottleneck, bottleneck: null };
const types = { sequence: f32("batch", "residues", width), mask: bool("batch", "residues") };

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const declared = (config: LocalizerConfig) =>
  trace((w, inputs) => ({ logits: localizer(w, config, inputs) }), types).parameters;

const wave = (shape: readonly number[], phase: number): NdArray => {
  const length = shape.reduce((product, size) => product * size, 1);
  return {
    dtype: "float32",
    shape,
    data: Float32Array.from({ length }, (_, i) => Math.sin(phase + 0.7 * i)),
  };
};

/** Logits of proteins whose residues are `rows`, and by how much each padded number moves them. */
async function run(config: LocalizerConfig, rows: readonly (readonly number[])[], padded: number) {
  const weights = new Map([...declared(config)].map(([name, { shape }], i) => [name, wave(shape, i)]));
  const program = await compile(
    runtime,
    (w, inputs) => {
      const logits = localizer(w, config, inputs);
      return { logits, gradient: grad(sum(logits), [inputs.sequence])[0]! };
    },
    types,
    { weights },
  );
  const data = new Float32Array(rows.length * padded * width).fill(7);
  const mask = new Uint8Array(rows.length * padded);
  for (const [index, row] of rows.entries()) {
    data.set(row, index * padded * width);
    mask.fill(1, index * padded, index * padded + row.length / width);
  }
  const { logits, gradient } = await program.run({
    sequence: { dtype: "float32", shape: [rows.length, padded, width], data },
    mask: { dtype: "bool", shape: [rows.length, padded], data: mask },
  });
  await program.close();
  return {
    logits: Array.from(logits.data as Float32Array),
    gradient: gradient.data as Float32Array,
    weights,
  };
}

describe("the localizer", () => {
  const first = [1, 2, 3, 5, -4, 1];
  const second = [0, 1, 0, 2, 2, 2, -3, 1, 4, 1, 1, 1];

  it.each([
    ["with a bottleneck", withBottleneck],
    ["without", withoutBottleneck],
  ])(
    "%s gives the same logits for a protein alone and with a longer one, whatever the padding holds",
    async (_, config) => {
      const alone = await run(config, [first], 2);
      const together = await run(config, [first, second], 4);
      for (const [index, logit] of alone.logits.entries())
        expect(together.logits[index]).toBeCloseTo(logit, 4);
      const ofPadding = together.gradient.subarray(2 * width, 4 * width);
      expect([...ofPadding].every((value) => value === 0)).toBe(true);
      expect([...together.gradient.subarray(0, 2 * width)].every((value) => value !== 0)).toBe(true);
    },
  );

  it("is a linear layer over the mean where there is no bottleneck", async () => {
    const { logits, weights } = await run(withoutBottleneck, [first], 2);
    const mean = [0, 1, 2].map((i) => (first[i]! + first[i + width]!) / 2);
    const [weight, bias] = ["weight", "bias"].map(
      (name) => weights.get(`prediction_head.${name}`)!.data as Float32Array,
    );
    for (const [label, logit] of logits.entries()) {
      const expected = mean.reduce(
        (total, value, i) => total + value * weight![label * width + i]!,
        bias![label]!,
      );
      expect(logit).toBeCloseTo(expected, 4);
    }
  });

  it("has the original's names", () => {
    const names = [...declared(withBottleneck).keys()];
    expect(names).toContain("esm_bottleneck.projection.weight");
    expect(names).toContain("esm_bottleneck.encoder.layers.0.self_attn.in_proj_weight");
    expect([...declared(withoutBottleneck).keys()]).toEqual([
      "prediction_head.weight",
      "prediction_head.bias",
    ]);
  });
});
