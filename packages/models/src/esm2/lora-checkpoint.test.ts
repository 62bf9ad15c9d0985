// The adapter in fixtures/ was written by peft for the network in fixtures/hugging-face-esm (make_lora_adapter.py).
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile, i64, type Runtime, type Weights } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type NdArray, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryFolder, subfolder } from "../checkpoints/file-source.ts";
import { openFolder } from "../node.ts";
import { loadAs } from "../pretrained/load.ts";
import { mergeLora, withLora } from "./lora.ts";
import { loadLora, saveLora } from "./lora-checkpoint.ts";
import { fairEsmName } from "./names.ts";
import { esm2, languageModelHead } from "./network.ts";

const fixtures = openFolder(fileURLToPath(new URL("../fixtures", import.meta.url)));
const peft = subfolder(fixtures, "peft-lora");
const network = () => loadAs("esm2", subfolder(fixtures, "hugging-face-esm"));

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

function expectClose(actual: { data: unknown }, expected: NdArray): void {
  const errors = Array.from(actual.data as Float32Array, (value, i) =>
    Math.abs(value - Number(expected.data[i])),
  );
  expect(errors).toHaveLength(expected.data.length);
  expect(errors.every((error) => error < 1e-4)).toBe(true);
}

/** peft's files, with other contents. */
async function changed(config: object, rename: (name: string) => string | undefined = (name) => name) {
  const json = JSON.parse(new TextDecoder().decode(await peft.read("adapter_config.json")));
  const { tensors } = readSafetensors(await peft.read("adapter_model.safetensors"));
  const renamed = [...tensors].flatMap(([name, value]): [string, NdArray][] => {
    const other = rename(name);
    return other === undefined ? [] : [[other, value]];
  });
  return memoryFolder(
    new Map([
      ["adapter_config.json", new TextEncoder().encode(JSON.stringify({ ...json, ...config }))],
      ["adapter_model.safetensors", writeSafetensors(renamed)],
    ]),
  );
}

describe("an adapter of peft", () => {
  it("gives peft's hidden state and logits, added to the network and merged into it", async () => {
    const { config, weights } = await network();
    const adapter = await loadLora(peft, weights);
    expect(adapter.config).toMatchObject({ r: 3, loraAlpha: 5, loraDropout: 0.1 });
    expect(adapter.config.targetModules).toHaveLength(2 * 5);
    const { tensors } = readSafetensors(await fixtures.read("expected/peft-lora.safetensors"));
    const added = {
      scope: (w: Weights) => withLora(w, adapter.config),
      all: [...weights, ...adapter.weights],
    };
    const merged = { scope: (w: Weights) => w, all: [...mergeLora(weights, adapter)] };
    for (const [part, { scope, all }] of [
      ["out", added],
      ["merged", merged],
    ] as const) {
      const program = await compile(
        runtime,
        (w, { inputIds }) => {
          const last = esm2(scope(w), config, { inputIds }).representations.at(-1)!;
          return { last, logits: languageModelHead(scope(w), config, last) };
        },
        { inputIds: i64("batch", "residues") },
        { weights: new Map(all) },
      );
      const { last, logits } = await program.run({ inputIds: tensors.get("input_ids")! });
      await program.close();
      expectClose(last, tensors.get(`${part}.last_hidden_state`)!);
      expectClose(logits, tensors.get(`${part}.logits`)!);
    }
  });

  it("is the same in the file that peft once wrote", async () => {
    const { weights } = await network();
    const old = new Map<string, Uint8Array>();
    for (const path of ["adapter_config.json", "adapter_model.bin"]) old.set(path, await peft.read(path));
    expect(await loadLora(memoryFolder(old), weights)).toEqual(await loadLora(peft, weights));
  });

  it("is the same in fair-esm's names, and in those of a model without the head", async () => {
    const { weights } = await network();
    const adapter = await loadLora(peft, weights);
    const toFairEsm = (name: string) =>
      name.replace(/(?<=^base_model\.model\.)(.+)(?=\.lora_)/, (layer) =>
        fairEsmName(`${layer}.weight`)!.replace(/\.weight$/, ""),
      );
    for (const rename of [toFairEsm, (name: string) => name.replace("model.esm.", "model.")])
      expect(await loadLora(await changed({ target_modules: "all-linear" }, rename), weights)).toEqual(
        adapter,
      );
  });

  it("is what is saved, tensor by tensor, and loads as it was", async () => {
    const { weights } = await network();
    const adapter = await loadLora(peft, weights);
    const files = saveLora(adapter);
    expect(await loadLora(memoryFolder(files), weights)).toEqual(adapter);
    const ours = readSafetensors(files.get("adapter_model.safetensors")!);
    const theirs = readSafetensors(await peft.read("adapter_model.safetensors"));
    expect(new Map([...ours.tensors].sort())).toEqual(new Map([...theirs.tensors].sort()));
    expect(ours.metadata).toEqual(theirs.metadata);
    const ourConfig = JSON.parse(new TextDecoder().decode(files.get("adapter_config.json")));
    const theirConfig = JSON.parse(new TextDecoder().decode(await peft.read("adapter_config.json")));
    expect(theirConfig).toMatchObject({ ...ourConfig, target_modules: expect.any(Array) });
  });

  it.each([
    ["no further modules", { modules_to_save: [] }],
    ["patterns that are null", { rank_pattern: null, alpha_pattern: null }],
    ["a replication of nothing", { layer_replication: [], use_dora: null, lora_bias: null }],
  ])("is the same where its configuration says nothing otherwise: %s", async (_, config) => {
    const { weights } = await network();
    expect(await loadLora(await changed(config), weights)).toEqual(await loadLora(peft, weights));
  });

  it.each([
    ["another method", { peft_type: "IA3" }, /peft_type: only LoRA is supported/],
    ["weight-decomposed matrices", { use_dora: true }, /use_dora is true, only false is supported/],
    ["ranks that differ by layer", { rank_pattern: { query: 8 } }, /rank_pattern is \{"query":8\}/],
    ["biases that were trained", { bias: "all" }, /bias is "all", only "none"/],
    ["a start that changed the network", { init_lora_weights: "pissa" }, /init_lora_weights/],
    ["no rank", { r: 0 }, /adapter_config\.json: r/],
    [
      "modules that were trained whole",
      { modules_to_save: ["classifier"] },
      /modules_to_save is \["classifier"\]/,
    ],
    ["another scale of its matrices", { use_rslora: true }, /use_rslora is true/],
  ])("is refused by name for %s", async (_, config, message) => {
    const { weights } = await network();
    await expect(loadLora(await changed(config), weights)).rejects.toThrow(message);
  });

  it("is refused where a tensor is no matrix of a layer of the network", async () => {
    const { weights } = await network();
    const loading = async (rename: (name: string) => string | undefined) =>
      loadLora(await changed({}, rename), weights);
    await expect(loading((name) => name.replace("lora_A", "lora_magnitude_vector"))).rejects.toThrow(
      /lora_magnitude_vector\.weight is no matrix of LoRA/,
    );
    await expect(loading((name) => name.replace("layer.1", "layer.9"))).rejects.toThrow(
      /adapts esm\.encoder\.layer\.9\.attention\.self\.key, which is no linear layer/,
    );
    await expect(
      loading((name) => (name.includes("layer.0.attention.self.key.lora_B") ? undefined : name)),
    ).rejects.toThrow(/lora_B\.weight is missing/);
    await expect(loadLora(memoryFolder(new Map()), weights)).rejects.toThrow(
      /adapter_config\.json: no such file/,
    );
  });
});

const python = process.env.PROTEOSCOPE_PYTHON ?? "python3";
const hasPeft = (() => {
  try {
    execFileSync(python, ["-c", "import peft, transformers, torch"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe("a saved adapter, in Python", () => {
  it.skipIf(!hasPeft)(
    "loads with peft and gives the same logits",
    async () => {
      const { weights } = await network();
      const folder = await mkdtemp(join(tmpdir(), "proteoscope-lora-"));
      try {
        for (const [path, bytes] of saveLora(await loadLora(peft, weights)))
          await writeFile(join(folder, path), bytes);
        const script = fileURLToPath(new URL("../fixtures/check_saved.py", import.meta.url));
        const output = execFileSync(python, [script, "lora", folder], {
          stdio: ["ignore", "pipe", "ignore"],
        });
        expect(JSON.parse(output.toString())).toEqual({ problems: [], dtypes: ["torch.float32"] });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    120_000,
  );
});
