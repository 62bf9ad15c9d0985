import { fileURLToPath } from "node:url";
import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type NdArray, readSafetensors, toFloat32 } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { subfolder } from "../checkpoints/file-source.ts";
import { openFolder } from "../node.ts";
import type { Pretrained } from "../registry.ts";
import { loadPretrained } from "./load.ts";
import { runPretrained } from "./run.ts";

const fixtures = openFolder(fileURLToPath(new URL("../fixtures", import.meta.url)));

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const load = (folder: string): Promise<Pretrained> => loadPretrained(subfolder(fixtures, folder));
const recorded = async (name: string): Promise<Map<string, NdArray>> =>
  readSafetensors(await fixtures.read(`expected/${name}.safetensors`)).tensors;
const pick = (tensors: ReadonlyMap<string, NdArray>, ...names: string[]): Map<string, NdArray> =>
  new Map(names.map((name) => [name, tensors.get(name)!]));

function expectClose(actual: NdArray | undefined, expected: NdArray | undefined): void {
  expect([actual!.dtype, actual!.shape]).toEqual(["float32", expected!.shape]);
  const theirs = toFloat32(expected!);
  const errors = toFloat32(actual!).map((value, index) => Math.abs(value - theirs[index]!));
  expect(errors.every((error) => error < 1e-4)).toBe(true);
}

describe("runPretrained", () => {
  it("runs ESM2 by the names of transformers", async () => {
    const tensors = await recorded("hugging-face-esm");
    const outputs = await runPretrained(
      runtime,
      await load("hugging-face-esm"),
      pick(tensors, "input_ids", "attention_mask"),
    );
    expect([...outputs.keys()]).toEqual(["last_hidden_state", "logits"]);
    for (const [name, value] of outputs) expectClose(value, tensors.get(`out.${name}`));
  });

  it("runs ESM2 without a head for what there is", async () => {
    const tensors = await recorded("hugging-face-esm-base");
    const outputs = await runPretrained(
      runtime,
      await load("hugging-face-esm-base"),
      pick(tensors, "input_ids"),
    );
    expect([...outputs.keys()]).toEqual(["last_hidden_state"]);
  });

  it("runs the denoiser by the names of diffusers, with and without what is optional", async () => {
    const model = await load("diffusers/unet");
    const tensors = await recorded("diffusers-unet");
    const needed = ["sample", "timestep", "encoder_hidden_states"];
    const all = pick(tensors, ...needed, "encoder_attention_mask", "timestep_cond");
    expect(all.get("timestep")!.dtype).toBe("int64");
    expect(all.get("encoder_attention_mask")!.dtype).toBe("bool");
    expectClose((await runPretrained(runtime, model, all)).get("sample"), tensors.get("out.sample"));
    const plain = await runPretrained(runtime, model, pick(tensors, ...needed));
    expectClose(plain.get("sample"), tensors.get("plain.sample"));
  });

  it("takes one timestep for the whole batch, as a number or as a vector of one", async () => {
    const model = await load("diffusers/unet");
    const inputs = pick(await recorded("diffusers-unet"), "sample", "timestep", "encoder_hidden_states");
    const withTimestep = async (shape: number[], ...values: number[]) => {
      const timestep: NdArray = { dtype: "int32", shape, data: Int32Array.from(values) };
      return (await runPretrained(runtime, model, new Map([...inputs, ["timestep", timestep]]))).get(
        "sample",
      );
    };
    const both = await withTimestep([2], 500, 500);
    expectClose(await withTimestep([], 500), both);
    expectClose(await withTimestep([1], 500), both);
    await expect(withTimestep([3], 1, 2, 3)).rejects.toThrow(
      '"timestep" has the shape [3]: "sample" has 2 for batch',
    );
  });

  it("runs the autoencoder either way, or both ways at once", async () => {
    const model = await load("diffusers/vae");
    const tensors = await recorded("diffusers-vae");
    const both = await runPretrained(runtime, model, pick(tensors, "sample", "latent"));
    expect([...both.keys()].sort()).toEqual(["logvar", "mean", "sample"]);
    expectClose(both.get("mean"), tensors.get("out.mean"));
    expectClose(both.get("logvar"), tensors.get("out.logvar"));
    expectClose(both.get("sample"), tensors.get("decoded.sample"));
    const decoded = await runPretrained(runtime, model, pick(tensors, "latent"));
    expect([...decoded.keys()]).toEqual(["sample"]);
    expectClose(decoded.get("sample"), tensors.get("decoded.sample"));
  });
});

describe("a tensor that does not fit", () => {
  const ids = (shape: number[], ...values: number[]): NdArray => ({
    dtype: "int16",
    shape,
    data: Int16Array.from(values),
  });
  const floats = (...shape: number[]): NdArray => ({
    dtype: "float32",
    shape,
    data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
  });

  for (const [fault, folder, inputs, message] of [
    [
      "is missing",
      "hugging-face-esm",
      {},
      /"input_ids" is missing; this network takes input_ids, \[attention_mask\]/,
    ],
    [
      "is unknown",
      "hugging-face-esm",
      { tokens: ids([1, 1], 0) },
      /"tokens" is unknown; this network takes input_ids/,
    ],
    [
      "has too few axes",
      "hugging-face-esm",
      { input_ids: ids([2], 0, 2) },
      /"input_ids" has the shape \[2\], \[batch, tokens\]/,
    ],
    ["is empty", "hugging-face-esm", { input_ids: ids([0, 4]) }, /"input_ids" .*empty/],
    [
      "holds an id that is no token",
      "hugging-face-esm",
      { input_ids: ids([1, 3], 0, 33, 2) },
      /the value 33 at 1, outside 0 to 32/,
    ],
    ["holds a negative id", "hugging-face-esm", { input_ids: ids([1, 2], -1, 2) }, /the value -1 at 0/],
    [
      "is float where ids are needed",
      "hugging-face-esm",
      { input_ids: floats(1, 2) },
      /is float32, an integer type/,
    ],
    [
      "differs in length from another",
      "hugging-face-esm",
      { input_ids: ids([1, 2], 0, 2), attention_mask: ids([1, 3], 1, 1, 1) },
      /"attention_mask" has the shape \[1, 3\]: "input_ids" has 2 for tokens/,
    ],
    [
      "has other channels",
      "diffusers/vae",
      { sample: floats(1, 3, 8, 8) },
      /"sample" has the shape \[1, 3, 8, 8\]: \[batch, 2, height, width\]/,
    ],
    [
      "is all that is missing",
      "diffusers/vae",
      {},
      /"sample" is missing; this network takes sample, \[latent\]/,
    ],
  ] as const) {
    it(`is refused by name: it ${fault}`, async () => {
      const run = runPretrained(runtime, await load(folder), new Map(Object.entries<NdArray>(inputs)));
      await expect(run).rejects.toMatchObject({
        name: "TensorError",
        message: expect.stringMatching(message),
      });
    });
  }
});
