import { fileURLToPath } from "node:url";
import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type NdArray, readSafetensors, toFloat32, writeSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FileSource, memoryFolder, subfolder } from "../checkpoints/file-source.ts";
import { openStoredTensors } from "../checkpoints/stored-tensors.ts";
import { openFolder } from "../node/folder.ts";
import { openStreamedLanguageModel, runStreamedLanguageModel } from "./streamed.ts";

const fixtures = openFolder(fileURLToPath(new URL("../fixtures", import.meta.url)));
const expectedOf = async (name: string) =>
  readSafetensors(await fixtures.read(`expected/${name}.safetensors`)).tensors;

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

function largestError(actual: NdArray | undefined, expected: NdArray | undefined): number {
  expect(actual?.shape).toEqual(expected?.shape);
  const theirs = toFloat32(expected!);
  return toFloat32(actual!).reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0);
}

/** A folder that counts the bytes that are read from it. */
function counted(folder: FileSource): { folder: FileSource; bytes: () => number; largest: () => number } {
  const reads: number[] = [];
  return {
    folder: {
      ...folder,
      read: async (path) => {
        const bytes = await folder.read(path);
        if (!path.endsWith(".json")) reads.push(bytes.length);
        return bytes;
      },
      readPart: (path, begin, end) => {
        reads.push(end - begin);
        return folder.readPart!(path, begin, end);
      },
    },
    bytes: () => reads.reduce((sum, count) => sum + count, 0),
    largest: () => Math.max(...reads),
  };
}

describe("ESM2 layer by layer", () => {
  for (const layout of ["hugging-face-esm", "hugging-face-esm-sharded", "hugging-face-esm-bin", "fair-esm"]) {
    it(`gives the library's answers from ${layout}, for several batches`, async () => {
      const model = await openStreamedLanguageModel(subfolder(fixtures, layout));
      const expected = await expectedOf(layout);
      const ids = ["input_ids", expected.get("input_ids")!] as const;
      const masked = expected.has("attention_mask")
        ? new Map([ids, ["attention_mask", expected.get("attention_mask")!]])
        : new Map([ids]);
      const layers: number[] = [];
      const results = await runStreamedLanguageModel(runtime, model, [new Map([ids]), masked], {
        onLayer: (done) => layers.push(done),
      });
      expect(layers).toEqual([1, 2]);
      for (const result of results) {
        expect(
          largestError(result.get("last_hidden_state"), expected.get("out.last_hidden_state")),
        ).toBeLessThan(1e-4);
        expect(largestError(result.get("logits"), expected.get("out.logits"))).toBeLessThan(1e-4);
      }
    });
  }

  it("has no logits where there is no head", async () => {
    const model = await openStreamedLanguageModel(subfolder(fixtures, "hugging-face-esm-base"));
    const expected = await expectedOf("hugging-face-esm-base");
    const inputs = new Map([["input_ids", expected.get("input_ids")!]]);
    const [result] = await runStreamedLanguageModel(runtime, model, [inputs]);
    expect([...result!.keys()]).toEqual(["last_hidden_state"]);
  });

  it("reads headers when it opens and a tensor at a time when it runs", async () => {
    const { folder, bytes, largest } = counted(subfolder(fixtures, "hugging-face-esm"));
    const total = await folder.sizeOf!("model.safetensors");
    const model = await openStreamedLanguageModel(folder);
    const headers = bytes();
    expect(headers).toBeLessThan(total / 2);
    const expected = await expectedOf("hugging-face-esm");
    await runStreamedLanguageModel(runtime, model, [new Map([["input_ids", expected.get("input_ids")!]])]);
    expect(bytes()).toBeLessThan(1.6 * total);
    expect(largest()).toBeLessThan(total / 4);
  });

  it("stops between layers when the signal aborts", async () => {
    const model = await openStreamedLanguageModel(subfolder(fixtures, "hugging-face-esm"));
    const controller = new AbortController();
    const inputs = new Map([["input_ids", (await expectedOf("hugging-face-esm")).get("input_ids")!]]);
    const running = runStreamedLanguageModel(runtime, model, [inputs], {
      signal: controller.signal,
      onLayer: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
  });

  it("refuses another network, weights that do not fit, and inputs that are none", async () => {
    await expect(openStreamedLanguageModel(subfolder(fixtures, "diffusers/unet"))).rejects.toThrow(
      /only ESM2 and ESMC run layer by layer/,
    );
    const { tensors } = readSafetensors(await fixtures.read("hugging-face-esm/model.safetensors"));
    tensors.delete("lm_head.bias");
    const files = new Map([
      ["config.json", await fixtures.read("hugging-face-esm/config.json")],
      ["model.safetensors", writeSafetensors(tensors)],
    ]);
    await expect(openStreamedLanguageModel(memoryFolder(files))).rejects.toThrow(
      /1 missing \(lm_head\.bias \[33\]\)$/,
    );
    const model = await openStreamedLanguageModel(subfolder(fixtures, "hugging-face-esm"));
    await expect(runStreamedLanguageModel(runtime, model, [new Map()])).rejects.toThrow(
      /"input_ids" is missing/,
    );
  });
});

describe("openStoredTensors", () => {
  it("names the file of a damaged header", async () => {
    const bytes = await fixtures.read("hugging-face-esm/model.safetensors");
    const cut = memoryFolder(new Map([["model.safetensors", bytes.subarray(0, bytes.length - 4)]]), "there");
    await expect(openStoredTensors(cut)).rejects.toThrow(/there\/model\.safetensors: tensors end at byte/);
    const short = memoryFolder(new Map([["model.safetensors", bytes.subarray(0, 5)]]), "there");
    await expect(openStoredTensors(short)).rejects.toMatchObject({ name: "FormatError" });
  });

  it("reads a tensor as it is stored", async () => {
    const { tensors } = await openStoredTensors(subfolder(fixtures, "hugging-face-esm-sharded"));
    expect((await tensors.get("lm_head.bias")!.read()).dtype).toBe("bfloat16");
  });
});
