import { type NdArray, writeSafetensors } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { memoryFolder } from "./file-source.ts";
import { readWeights } from "./state-dict.ts";

const one = (value: number): NdArray => ({ dtype: "float32", shape: [1], data: Float32Array.of(value) });
const shard = (tensors: Record<string, number>): Uint8Array =>
  writeSafetensors(Object.entries(tensors).map(([name, value]): [string, NdArray] => [name, one(value)]));
const indexName = "model.safetensors.index.json";

function folderOf(index: unknown, shards: Record<string, Uint8Array>) {
  const text = typeof index === "string" ? index : JSON.stringify(index);
  return memoryFolder(
    new Map([[indexName, new TextEncoder().encode(text)], ...Object.entries(shards)]),
    "there",
  );
}

describe("shards with an index", () => {
  it("are read as one state dict, each tensor from the shard that the index names", async () => {
    const shards = { "a.safetensors": shard({ x: 1, y: 2 }), "b.safetensors": shard({ y: 3, z: 4 }) };
    const index = {
      metadata: { total_size: 12 },
      weight_map: { x: "a.safetensors", y: "b.safetensors", z: "b.safetensors" },
    };
    const { tensors, path } = await readWeights(folderOf(index, shards));
    expect(path).toBe(indexName);
    expect([...tensors].map(([name, { data }]) => [name, data[0]])).toEqual([
      ["x", 1],
      ["y", 3],
      ["z", 4],
    ]);
  });

  it.each([
    ["a shard above the folder", { weight_map: { x: "../secret.safetensors" } }, /weight_map is not a table/],
    ["a shard by an absolute path", { weight_map: { x: "/etc/passwd" } }, /weight_map is not a table/],
    ["a shard by a path of Windows", { weight_map: { x: "..\\secret" } }, /weight_map is not a table/],
    ["the folder above as a shard", { weight_map: { x: ".." } }, /the shard \.\. is not in the folder/],
    ["itself as a shard", { weight_map: { x: indexName } }, /not a zip archive/],
    ["a number as a shard", { weight_map: { x: 1 } }, /weight_map is not a table/],
    ["no table", { weight_map: ["a.safetensors"] }, /weight_map is not a table/],
    ["nothing", {}, /weight_map is not a table/],
    [
      "a shard that lacks its tensor",
      { weight_map: { q: "a.safetensors" } },
      /should have them: q \(a\.safetensors\)/,
    ],
    ["a list instead of an object", "[1]", /is no JSON object/],
    ["half an object", '{"weight_map": {', /is not JSON/],
  ])("are refused when the index has %s", async (_, index, message) => {
    const folder = folderOf(index, { "a.safetensors": shard({ x: 1 }) });
    const failure = await readWeights(folder).catch((error: Error) => error);
    expect(failure).toMatchObject({ message: expect.stringMatching(message) });
    expect((failure as Error).name).toMatch(/^(Checkpoint|Format)Error$/);
    expect((failure as Error).message).toContain("there/");
  });

  it("name in one line how many of their tensors are missing, and the first three", async () => {
    const names = Array.from({ length: 84 }, (_, i) => [`layer.${i}.weight`, "a.safetensors"]);
    const folder = folderOf({ weight_map: Object.fromEntries(names) }, { "a.safetensors": shard({ x: 1 }) });
    await expect(readWeights(folder)).rejects.toThrow(
      "84 tensors are not in the shards that should have them: layer.0.weight (a.safetensors), " +
        "layer.1.weight (a.safetensors), layer.2.weight (a.safetensors) and 81 more",
    );
  });

  it("may name tensors as objects name what they inherit", async () => {
    const folder = folderOf('{"weight_map": {"constructor": "a.safetensors", "toString": "a.safetensors"}}', {
      "a.safetensors": shard({ constructor: 5, toString: 6 }),
    });
    const { tensors } = await readWeights(folder);
    expect([...tensors.keys()].sort()).toEqual(["constructor", "toString"]);
  });
});

describe("weights of a wrapped network", () => {
  const namesIn = async (file: string, tensors: Record<string, number>) => {
    const { tensors: read } = await readWeights(memoryFolder(new Map([[file, shard(tensors)]]), "there"));
    return [...read].map(([name, { data }]) => [name, data[0]]);
  };

  it.each<[string, Record<string, number>]>([
    ["torch.compile", { "_orig_mod.a": 1, "_orig_mod.b.w": 2 }],
    ["DataParallel", { "module.a": 1, "module.b.w": 2 }],
    ["both", { "module._orig_mod.a": 1, "module._orig_mod.b.w": 2 }],
    ["a compiled part", { a: 1, "b._orig_mod.w": 2 }],
  ])("are read under its own names: %s", async (_, tensors) => {
    expect(await namesIn("model.safetensors", tensors)).toEqual([
      ["a", 1],
      ["b.w", 2],
    ]);
  });

  it("are read from shards, whose index has the names of the wrapper", async () => {
    const index = { weight_map: { "module.a": "a.safetensors", "module.b": "b.safetensors" } };
    const shards = { "a.safetensors": shard({ "module.a": 1 }), "b.safetensors": shard({ "module.b": 2 }) };
    expect([...(await readWeights(folderOf(index, shards))).tensors.keys()]).toEqual(["a", "b"]);
  });

  it("are refused where two tensors would have one name, with the file's", async () => {
    await expect(namesIn("model.safetensors", { "a._orig_mod.w": 1, "a.w": 2 })).rejects.toThrow(
      /there\/model\.safetensors: two tensors are named a\.w/,
    );
  });
});
