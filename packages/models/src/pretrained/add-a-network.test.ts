// Follows docs/how-to/add-a-network.md: its code is that of testing/toy, which is saved, loaded, run and exported here.
import { readFileSync } from "node:fs";
import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type NdArray, writeSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { networks as registered } from "../registry.ts";
import { bareStateDict, inferredConfig } from "../testing/bare-state-dict.ts";
import { toyDefinition } from "../testing/toy/definition.ts";
import { tryToy } from "../testing/toy/example.ts";
import { loadParts, loadPretrained } from "./load.ts";
import { saveSingleFile } from "./save.ts";

const repository = new URL("../../../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, repository), "utf8");

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const sequence: NdArray = {
  dtype: "float32",
  shape: [2, 3, 8],
  data: Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)),
};
const mask: NdArray = { dtype: "int64", shape: [2, 3], data: BigInt64Array.of(1n, 1n, 0n, 1n, 1n, 1n) };
const inputs = new Map([
  ["sequence", sequence],
  ["mask", mask],
]);

describe("the how-to", () => {
  const guide = read("docs/how-to/add-a-network.md");

  it.each(["network", "definition", "example"])("shows the code of testing/toy/%s.ts", (name) => {
    const code = read(`packages/models/src/testing/toy/${name}.ts`).trim();
    expect(guide).toContain(`\n\`\`\`ts\n${code.replaceAll('"../../', '"../')}\n\`\`\`\n`);
  });

  it("names members that definitions have", () => {
    const members = read("packages/models/src/checkpoints/network-definition.ts");
    const named = [...guide.matchAll(/`(\w+)`(?: and `\w+`)? \(/g)].map(([, member]) => member!);
    expect(named.length).toBeGreaterThan(5);
    for (const member of named) expect(members).toMatch(new RegExp(`\\b${member}\\??[:(]`));
  });
});

describe("a network in a registry of one's own", () => {
  it("is saved, loaded, run and exported", async () => {
    const { model, files, loaded, outputs, onnx } = await tryToy(runtime, inputs);
    expect([...files.keys()]).toEqual(["config.json", "model.safetensors"]);
    expect(JSON.parse(new TextDecoder().decode(files.get("config.json")))).toEqual({
      ...{ _class_name: "ToyClassifier", embedding_size: 8, hidden_size: 4, num_labels: 3 },
    });
    expect(loaded).toEqual(model);
    const logits = outputs.get("logits")!;
    expect(logits.shape).toEqual([2, 3]);
    const session = await runtime.load(onnx.get("model.onnx")!.model);
    const exported = await session.run({ sequence, mask });
    await session.close();
    expect(Object.keys(exported)).toEqual(["logits"]);
    for (const [i, value] of (logits.data as Float32Array).entries())
      expect((exported.logits!.data as Float32Array)[i]).toBeCloseTo(value, 6);
  });

  it("is recognised in one file, by its tensors alone, and among the registered networks", async () => {
    const { model } = await tryToy(runtime, inputs);
    const networks = [...registered, toyDefinition];
    const single = memoryFolder(new Map([["toy.safetensors", saveSingleFile(model, { networks })]]));
    expect(await loadPretrained(single, { networks })).toEqual(model);
    const bare = memoryFolder(new Map([["toy.safetensors", writeSafetensors(model.weights)]]));
    expect(await loadParts(bare, { networks })).toEqual([model]);
  });

  it("shows its configuration by names and shapes", () => {
    const config = { embeddingSize: 5, hiddenSize: 7, numLabels: 2 };
    expect(inferredConfig(toyDefinition, bareStateDict(toyDefinition, config))).toEqual(config);
  });

  it("is unknown to the registry that does not list it", async () => {
    const { files, model } = await tryToy(runtime, inputs);
    await expect(loadPretrained(memoryFolder(files))).rejects.toThrow(
      /"ToyClassifier" is no known architecture; known are .*ESM2/,
    );
    expect(() => saveSingleFile(model as never)).toThrow('"toy" is no network of the registry');
  });
});
