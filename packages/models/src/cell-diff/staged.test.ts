import { float32, initializeWeights, type NdArray, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { writeSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatConfig } from "../checkpoints/config-json.ts";
import { parametersOf } from "../checkpoints/declared-parameters.ts";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { esm2Config } from "../esm2/network.ts";
import { torchCheckpoint } from "../testing/torch-checkpoint.ts";
import { cellDiffDefaults, cellDiffDefinition, cellDiffFormat } from "./definition.ts";
import { openCellDiff } from "./generate.ts";
import type { CellDiffConfig } from "./network.ts";
import { openStagedCellDiff } from "./staged.ts";
import { inHalfPrecision, openStoredCellDiff } from "./stored.ts";
import { tokenizeCellDiff } from "./tokenizer.ts";

const config: CellDiffConfig = {
  ...cellDiffDefaults,
  ...{ numStains: 2, sampleSize: 6, latentChannels: 2, blockOutChannels: [4, 8, 8], layersPerBlock: 2 },
  ...{ normNumGroups: 2, unetAttentionHeads: 2, hiddenSize: 16, numHiddenLayers: 2, numAttentionHeads: 2 },
  maxTokens: 12,
  esm: esm2Config({ numHiddenLayers: 2, hiddenSize: 16, numAttentionHeads: 2 }),
};
const weights = initializeWeights(parametersOf(cellDiffDefinition, { config, weights: new Map() }), 3);
const configFile = new TextEncoder().encode(JSON.stringify(formatConfig(cellDiffFormat, config)));
const folderOf = (file: string, bytes: Uint8Array) =>
  memoryFolder(
    new Map([
      [file, bytes],
      ["config.json", configFile],
    ]),
  );
const released = folderOf("hpa.pth", torchCheckpoint(weights, { zip64: true }));

const wave = (shape: number[], phase: number): NdArray =>
  float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + phase)),
  );
const [sample, cell] = [wave([1, 2, 6, 6], 0), wave([1, 4, 6, 6], 2)];
const tokens = tokenizeCellDiff("MKTAYIAK");
const sizes = { tokens: tokens.length, height: 6, width: 6 };

let runtime: Runtime;
let expected: { readonly noise: Float32Array; readonly sequenceLogits: Float32Array };
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  const stepper = await openCellDiff(runtime, { config, weights }, sizes);
  await stepper.readSequence(tokens);
  expected = await stepper.step(sample, cell, 100);
  await stepper.close();
});
afterAll(() => runtime.close());

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe("CELL-Diff in stages from a file", () => {
  it.each([
    ["each stage by itself", 1, false],
    ["all of them together", 2 ** 30, false],
    ["groups of some, with the language model kept", 20_000, true],
  ])("predicts what the network in one graph predicts: %s", async (_, groupBytes, keepsReader) => {
    const groups: [number, number][] = [];
    const stepper = await openStagedCellDiff(runtime, await openStoredCellDiff(released), {
      ...{ ...sizes, groupBytes, keepsReader },
      onGroup: (done, total) => groups.push([done, total]),
    });
    await stepper.readSequence(tokens);
    for (let time = 0; time < 2; time += 1) {
      const { noise, sequenceLogits } = await stepper.step(sample, cell, 100);
      expect(largestDifference(noise, expected.noise)).toBeLessThan(1e-5);
      expect(largestDifference(sequenceLogits, expected.sequenceLogits)).toBeLessThan(1e-5);
    }
    const others = tokenizeCellDiff("WWWWWWWW");
    await stepper.readSequence(others);
    expect(largestDifference((await stepper.step(sample, cell, 100)).noise, expected.noise)).toBeGreaterThan(
      1e-4,
    );
    await stepper.close();
    if (groupBytes === 1) expect(groups.length).toBeGreaterThan(20);
    expect(groups.every(([done, total]) => done <= total)).toBe(true);
  });

  it("stops between two groups", async () => {
    const controller = new AbortController();
    const stepper = await openStagedCellDiff(runtime, await openStoredCellDiff(released), {
      ...{ ...sizes, groupBytes: 1, signal: controller.signal, onGroup: () => controller.abort() },
    });
    await expect(stepper.readSequence(tokens)).rejects.toMatchObject({ name: "AbortError" });
    await expect(stepper.step(sample, cell, 1)).rejects.toThrow(/read a sequence/);
    await stepper.close();
  });
});

describe("the file in 16 bits", () => {
  const bytesOf = async (of: NonNullable<Parameters<typeof inHalfPrecision>[0]>) => {
    const { length, parts } = inHalfPrecision(of);
    const chunks: Uint8Array[] = [];
    for await (const part of parts()) chunks.push(part);
    const bytes = new Uint8Array(Buffer.concat(chunks));
    expect(bytes.length).toBe(length);
    return bytes;
  };

  it("is half as long and predicts the same but for its rounding", async () => {
    const bytes = await bytesOf(await openStoredCellDiff(released));
    const numbers = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(bytes.length - 2 * numbers).toBeLessThan(70_000);
    const half = await openStoredCellDiff(folderOf("model.safetensors", bytes));
    expect(half.config).toEqual((await openStoredCellDiff(released)).config);
    const stepper = await openStagedCellDiff(runtime, half, sizes);
    await stepper.readSequence(tokens);
    const { noise } = await stepper.step(sample, cell, 100);
    await stepper.close();
    const largest = expected.noise.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const difference = largestDifference(noise, expected.noise);
    expect(difference).toBeGreaterThan(0);
    expect(difference / largest).toBeLessThan(5e-3);
  });

  it("is refused for a number that 16 bits cannot hold", async () => {
    const large = new Map(weights);
    large.set("net.seq_proj_out.bias", wave([32], 0));
    for (const [value, message] of [
      [1e6, /seq_proj_out\.bias: its number 5 is 1000000, which 16 bits cannot hold: save .* safetensors/],
      [Number.NaN, /seq_proj_out\.bias: its number 5 is NaN, the file is damaged: fetch it again/],
    ] as const) {
      (large.get("net.seq_proj_out.bias")!.data as Float32Array)[5] = value;
      const stored = await openStoredCellDiff(folderOf("hpa.pth", torchCheckpoint(large)));
      await expect(bytesOf(stored)).rejects.toThrow(message);
    }
  });
});

describe("a file that is not whole", () => {
  it("is refused by the names that are missing, before a weight is read", async () => {
    const fewer = new Map(weights);
    fewer.delete("net.seq_proj_out.bias");
    const folder = folderOf("hpa.pth", torchCheckpoint(fewer));
    await expect(openStoredCellDiff(folder)).rejects.toThrow(/1 missing \(net\.seq_proj_out\.bias \[32\]\)/);
  });

  it("of another network is refused by name", async () => {
    const folder = folderOf("x.pth", torchCheckpoint(new Map([["hidden.weight", wave([2, 2], 0)]])));
    await expect(openStoredCellDiff(folder)).rejects.toThrow(
      /x\.pth: is not CELL-Diff .*, its tensors are hidden\.weight$/,
    );
  });

  it("is refused by the name of a tensor of whole numbers", async () => {
    const name = "net.seq_proj_out.bias";
    const typed = new Map<string, NdArray>(weights).set(name, {
      ...{ dtype: "int32", shape: [32], data: new Int32Array(32) },
    });
    const bytes = writeSafetensors(typed, { format: "pt" });
    await expect(openStoredCellDiff(folderOf("hpa.safetensors", bytes))).rejects.toThrow(
      /1 no floating-point numbers \(net\.seq_proj_out\.bias of int32\)/,
    );
  });

  it("beside a configuration of another network is refused by that", async () => {
    const files = new Map([
      ["hpa.pth", torchCheckpoint(weights)],
      ["config.json", new TextEncoder().encode('{"model_type": "esm"}')],
    ]);
    await expect(openStoredCellDiff(memoryFolder(files))).rejects.toThrow(
      /hpa\.pth: its configuration is of another network: move it away/,
    );
  });

  it("without a state dict is named", async () => {
    const folder = folderOf("hpa.pth", torchCheckpoint(weights, { wrap: ["state"] }));
    await expect(openStoredCellDiff(folder)).rejects.toThrow(
      /hpa\.pth: no state dict was found; the keys at the top are: state/,
    );
  });
});
