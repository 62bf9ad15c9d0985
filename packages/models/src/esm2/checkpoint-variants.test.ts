// Folders that transformers writes for ESM2 with other weights than the released models have: output weights of their own,
// and heads of other tasks. They are made of the recorded network in fixtures/hugging-face-esm.
import { fileURLToPath } from "node:url";
import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type NdArray, readSafetensors, toFloat32, writeSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FileSource, memoryFolder, subfolder } from "../checkpoints/file-source.ts";
import { openStreamedLanguageModel, runStreamedLanguageModel } from "../language-model/streamed.ts";
import { openFolder } from "../node.ts";
import { loadAs, loadParts } from "../pretrained/load.ts";
import { runPretrained } from "../pretrained/run.ts";
import { savePretrained } from "../pretrained/save.ts";

const fixtures = openFolder(fileURLToPath(new URL("../fixtures", import.meta.url)));
const original = subfolder(fixtures, "hugging-face-esm");

let runtime: Runtime;
let tensors: ReadonlyMap<string, NdArray>;
let inputs: ReadonlyMap<string, NdArray>;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  tensors = readSafetensors(await original.read("model.safetensors")).tensors;
  const expected = readSafetensors(await fixtures.read("expected/hugging-face-esm.safetensors")).tensors;
  inputs = new Map([["input_ids", expected.get("input_ids")!]]);
});
afterAll(() => runtime.close());

/** The network with other fields and tensors; no config.json where `fields` is undefined. */
async function variant(
  fields: object | undefined,
  changes: Readonly<Record<string, NdArray | undefined>>,
): Promise<FileSource> {
  const weights = new Map(tensors);
  for (const [name, value] of Object.entries(changes))
    if (value === undefined) weights.delete(name);
    else weights.set(name, value);
  const files = new Map([["model.safetensors", writeSafetensors(weights)]]);
  const json = JSON.parse(new TextDecoder().decode(await original.read("config.json")));
  if (fields !== undefined)
    files.set("config.json", new TextEncoder().encode(JSON.stringify({ ...json, ...fields })));
  return memoryFolder(files, "there");
}

/** The word embeddings times `factor`, as output weights. */
function outputWeights(factor: number): NdArray {
  const { shape, ...words } = tensors.get("esm.embeddings.word_embeddings.weight")!;
  return { dtype: "float32", shape, data: toFloat32({ ...words, shape }).map((value) => factor * value) };
}

async function logitsOf(folder: FileSource): Promise<Float32Array> {
  const outputs = await runPretrained(runtime, await loadAs("esm2", folder), inputs);
  return outputs.get("logits")!.data as Float32Array;
}

async function streamedLogitsOf(folder: FileSource): Promise<Float32Array> {
  const [outputs] = await runStreamedLanguageModel(runtime, await openStreamedLanguageModel(folder), [
    inputs,
  ]);
  return outputs!.get("logits")!.data as Float32Array;
}

/** Logits are linear in the output weights, up to the bias. */
async function expectDoubled(logits: Float32Array): Promise<void> {
  const bias = toFloat32(tensors.get("lm_head.bias")!);
  const tied = await logitsOf(original);
  expect(logits).toHaveLength(tied.length);
  for (const [i, value] of logits.entries())
    expect(value).toBeCloseTo(2 * tied[i]! - bias[i % bias.length]!, 4);
}

describe("an ESM2 that was saved from a wrapper", () => {
  it("is streamed as it is loaded whole", async () => {
    const compiled = new Map([...tensors].map(([name, value]) => [`_orig_mod.${name}`, value] as const));
    const config = await original.read("config.json");
    const files = new Map([
      ["model.safetensors", writeSafetensors(compiled)] as const,
      ["config.json", config] as const,
    ]);
    const folder = memoryFolder(files, "there");
    expect(await logitsOf(folder)).toEqual(await logitsOf(original));
    expect(await streamedLogitsOf(folder)).toEqual(await streamedLogitsOf(original));
  });
});

describe("an ESM2 with output weights of its own", () => {
  const name = "lm_head.decoder.weight";

  it("gives the logits of these weights, whole and layer by layer", async () => {
    const folder = await variant({ tie_word_embeddings: false }, { [name]: outputWeights(2) });
    await expectDoubled(await logitsOf(folder));
    await expectDoubled(await streamedLogitsOf(folder));
  });

  it("is known without a configuration by weights that are not the word embeddings", async () => {
    const folder = await variant(undefined, { [name]: outputWeights(2) });
    await expectDoubled(await logitsOf(folder));
    await expectDoubled(await streamedLogitsOf(folder));
    const fairEsm = await variant(undefined, { "lm_head.weight": outputWeights(2) });
    expect((await loadAs("esm2", fairEsm)).weights.has(name)).toBe(true);
    const same = await variant(undefined, { [name]: outputWeights(1) });
    expect((await loadAs("esm2", same)).config.tieWordEmbeddings).toBe(true);
  });

  it("has tied weights where the configuration says so, as transformers ties them", async () => {
    const folder = await variant({ tie_word_embeddings: true }, { [name]: outputWeights(2) });
    expect(await logitsOf(folder)).toEqual(await logitsOf(original));
    expect(await streamedLogitsOf(folder)).toEqual(await streamedLogitsOf(original));
  });

  it("loads as it was saved", async () => {
    const model = await loadAs(
      "esm2",
      await variant({ tie_word_embeddings: false }, { [name]: outputWeights(2) }),
    );
    expect(await loadAs("esm2", memoryFolder(savePretrained(model)))).toEqual(model);
  });

  it("is refused where they are missing", async () => {
    await expect(loadAs("esm2", await variant({ tie_word_embeddings: false }, {}))).rejects.toThrow(
      /: 1 missing \(lm_head\.decoder\.weight \[33, 12\]\)$/,
    );
  });
});

describe("a folder of another task", () => {
  const array = (...shape: number[]): NdArray => ({
    dtype: "float32",
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  const withoutHead = {
    ...{ "lm_head.bias": undefined, "lm_head.dense.weight": undefined, "lm_head.dense.bias": undefined },
    ...{ "lm_head.layer_norm.weight": undefined, "lm_head.layer_norm.bias": undefined },
  };
  const sequences = {
    ...{ "classifier.dense.weight": array(12, 12), "classifier.dense.bias": array(12) },
    ...{ "classifier.out_proj.weight": array(5, 12), "classifier.out_proj.bias": array(5) },
  };
  const tokens = { "classifier.weight": array(3, 12), "classifier.bias": array(3) };

  it.each([
    ["EsmForSequenceClassification", sequences, "classifier.dense.weight, classifier.out_proj.bias, ..."],
    ["EsmForTokenClassification", tokens, "classifier.bias, classifier.weight"],
  ])("of %s loads as the language model, and names the head that is left out", async (task, head, names) => {
    const folder = await variant({ architectures: [task] }, { ...withoutHead, ...head });
    const loaders = {
      loadAs: async (onNotice: (notice: string) => void) => loadAs("esm2", folder, { onNotice }),
      loadParts: async (onNotice: (notice: string) => void) => (await loadParts(folder, { onNotice }))[0]!,
    };
    const reference = await runPretrained(runtime, await loadAs("esm2", original), inputs);
    for (const load of Object.values(loaders)) {
      const notices: string[] = [];
      const outputs = await runPretrained(runtime, await load((notice) => notices.push(notice)), inputs);
      expect([...outputs.keys()]).toEqual(["last_hidden_state"]);
      expect(outputs.get("last_hidden_state")).toEqual(reference.get("last_hidden_state"));
      expect(notices).toHaveLength(1);
      expect(notices[0]).toMatch(/^there\/model\.safetensors: left out, because they are no part of ESM2 /);
      for (const name of names.split(", ")) expect(notices[0]).toContain(name);
    }
    const notices: string[] = [];
    const streamed = await openStreamedLanguageModel(folder, { onNotice: (notice) => notices.push(notice) });
    expect(streamed.hasLanguageModelHead).toBe(false);
    expect(notices).toHaveLength(1);
  });

  it("that no notice is about gives none", async () => {
    const notices: string[] = [];
    await loadAs("esm2", original, { onNotice: (notice) => notices.push(notice) });
    expect(notices).toEqual([]);
  });
});
