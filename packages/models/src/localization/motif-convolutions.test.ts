import {
  compile,
  createTrainer,
  f32,
  i32,
  initializeWeights,
  type NdArray,
  type Runtime,
  type TrainingModel,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenizeBatch } from "../esm2/tokenizer.ts";
import { localizationHead } from "./head.ts";
import { localizationLoss } from "./loss.ts";
import { type MotifConfig, motifs } from "./motif-convolutions.ts";

const config: MotifConfig = { widths: [1, 3, 5], channels: 4, size: 6 };
const types = { ids: i32("batch", "tokens"), isShown: f32("batch", "tokens") };
const { parameters } = trace((w, { ids, isShown }) => ({ y: motifs(w, config, ids, isShown) }), types);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

function tokensOf(sequences: readonly string[], length?: number) {
  const { inputIds } = tokenizeBatch(sequences, length === undefined ? {} : { length });
  const ids = Int32Array.from(inputIds.data as BigInt64Array, Number);
  const isShown = Float32Array.from(ids, (id) => Number(id >= 4 && id < 24));
  return {
    ids: { dtype: "int32", shape: inputIds.shape, data: ids } as NdArray,
    isShown: { dtype: "float32", shape: inputIds.shape, data: isShown } as NdArray,
  };
}

/** Rows of `size` numbers, a token each, of the first sequence. */
async function rowsOf(sequences: readonly string[], length?: number): Promise<number[][]> {
  const program = await compile(
    runtime,
    (w, { ids, isShown }) => ({ y: motifs(w, config, ids, isShown) }),
    types,
    { weights: initializeWeights(parameters, 5) },
  );
  const inputs = tokensOf(sequences, length);
  const { y } = await program.run(inputs);
  await program.close();
  expect(y.shape).toEqual([...inputs.ids.shape, config.size]);
  const values = y.data as Float32Array;
  return Array.from({ length: y.shape[1]! }, (_, token) => [
    ...values.subarray(token * config.size, (token + 1) * config.size),
  ]);
}

describe("motifs", () => {
  const sequence = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ";

  it("depend on nothing behind the end of a sequence", async () => {
    const alone = await rowsOf([sequence]);
    const doubled = await rowsOf([sequence, `${sequence}${sequence}`]);
    for (const [token, row] of alone.entries()) {
      for (const [i, value] of row.entries()) expect(doubled[token]![i]).toBeCloseTo(value, 5);
    }
  });

  it("see a residue as far as the widths reach, and no further", async () => {
    const place = 15;
    const changed = `${sequence.slice(0, place)}W${sequence.slice(place + 1)}`;
    const [before, after] = [await rowsOf([sequence]), await rowsOf([changed])];
    const reach = (5 - 1) / 2 + (3 - 1) / 2 + (7 - 1) / 2; // widest pattern, what mixes, what combines
    const distances = before.flatMap((row, token) =>
      row.some((value, i) => Math.abs(value - after[token]![i]!) > 1e-6) ? [token - (place + 1)] : [],
    );
    expect(distances).toHaveLength(2 * reach + 1);
    expect([Math.min(...distances), Math.max(...distances)]).toEqual([-reach, reach]);
  });

  it("are the same wherever a pattern stands", async () => {
    const inside = "GGGGGGGGGGGGGGKDELGGGGGGGGGGGGGG";
    const [here, there] = [await rowsOf([inside]), await rowsOf([`GG${inside.slice(0, -2)}`])];
    for (let token = 10; token < 22; token++) {
      for (const [i, value] of here[token]!.entries()) expect(there[token + 2]![i]).toBeCloseTo(value, 5);
    }
  });

  it("let the localization head learn a signal that the representation does not hold", async () => {
    const head = {
      ...{ labels: ["peroxisome"], hiddenSize: 8, attentionHeads: 2, terminusWindow: 3, dropout: 0 },
      motifs: { widths: [3], channels: 8, size: 8 },
    };
    const other = ["MKTAYIAKQRQL", "MSLKGTAYVAKQ", "MKSTLAYIAKQR", "MLKSAYTAKRQV"];
    const sequences = [...other, ...other.map((s) => `${s.slice(0, -3)}SKL`)];
    const [batch, tokens] = [sequences.length, 14];
    const inputTypes = {
      inputIds: i32(batch, tokens),
      representation: f32(batch, tokens, 4),
      targets: f32(batch, 1),
      known: f32(batch, 1),
    };
    const model: TrainingModel<typeof inputTypes, "head"> = (w, { targets, known, ...read }, random) => ({
      losses: { head: localizationLoss(localizationHead(w, head, read, { random }), targets, known) },
    });
    const declared = trace(
      (w, inputs: Parameters<typeof model>[1], random) => model(w, inputs, random).losses,
      inputTypes,
    );
    const trainer = await createTrainer(runtime, model, inputTypes, {
      groups: { head: { prefix: "", learningRate: () => 0.02 } },
      weights: initializeWeights(declared.parameters, 1),
      seed: 1,
    });
    const column = (values: number[]): NdArray => ({
      dtype: "float32",
      shape: [batch, 1],
      data: Float32Array.from(values),
    });
    const inputs = {
      inputIds: tokensOf(sequences, tokens).ids,
      representation: {
        dtype: "float32",
        shape: [batch, tokens, 4],
        data: new Float32Array(batch * tokens * 4),
      } as NdArray,
      targets: column(sequences.map((s) => Number(s.endsWith("SKL")))),
      known: column(sequences.map(() => 1)),
    };
    let loss = Number.POSITIVE_INFINITY;
    for (let step = 0; step < 40; step++) loss = (await trainer.step(inputs))["loss.head"]!;
    await trainer.close();
    expect(loss).toBeLessThan(0.1);
  });
});
