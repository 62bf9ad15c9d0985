import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32, type ParameterDeclaration } from "@proteoscope/engine";
import { float32ToFloat16, writeSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoopConfig } from "./config.ts";
import { readTensors, startingWeights } from "./initial-weights.ts";

const constant = (shape: number[], value: number) =>
  ({ shape, initializer: { kind: "constant", value } }) as unknown as ParameterDeclaration;
const declared = new Map([
  ["old.weight", constant([2], 1)],
  ["new.weight", constant([3], 5)],
]);
const numbers = (values: Iterable<number>) => Float32Array.from(values);

let path: string;
beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), "starting-"));
});
afterAll(() => rm(path, { recursive: true }));

const begin = (startFrom?: string) =>
  startingWeights(declared, { seed: 0, startFrom } as LoopConfig, readTensors);

describe("startingWeights", () => {
  it("gives random values where no folder is named", async () => {
    expect((await begin()).get("old.weight")!.data).toEqual(numbers([1, 1]));
  });

  it("takes what the folder has, from float16 as well, and gives the rest random values", async () => {
    const halves = float32ToFloat16(numbers([0.5, -2]));
    const stored = { dtype: "float16", shape: [2], data: halves } as const;
    await writeFile(join(path, "model.safetensors"), writeSafetensors(new Map([["old.weight", stored]])));
    const weights = await begin(path);
    expect(weights.get("old.weight")).toEqual(float32([2], numbers([0.5, -2])));
    expect(weights.get("new.weight")!.data).toEqual(numbers([5, 5, 5]));
  });

  it.each([
    ["old.weight", [3], /has old\.weight \[3\], this network \[2\]: give the model section/],
    ["other.weight", [2], /has other\.weight \[2\], which this network has not/],
  ])("refuses another network: %s %j", async (name, shape, message) => {
    const tensors = new Map([[name, float32(shape, new Float32Array(shape[0]!))]]);
    await writeFile(join(path, "model.safetensors"), writeSafetensors(tensors));
    await expect(begin(path)).rejects.toThrow(message);
  });
});
