import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Runtime } from "@proteoscope/engine";
import { initializeWeights } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type NdArray, readSafetensors, toFloat32, writeSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { subfolder } from "../checkpoints/file-source.ts";
import { openFolder } from "../node.ts";
import { declareParameters, type Pretrained } from "../registry.ts";
import { tinyCytoself } from "../testing/tiny-cytoself.ts";
import { exportNetwork } from "./export-onnx.ts";
import { loadAs } from "./load.ts";

const fixtures = openFolder(fileURLToPath(new URL("../fixtures", import.meta.url)));
const expectedOf = async (name: string) =>
  readSafetensors(await fixtures.read(`expected/${name}.safetensors`)).tensors;

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

async function run(model: Uint8Array, feeds: Record<string, NdArray>): Promise<Record<string, NdArray>> {
  const session = await runtime.load(model);
  try {
    return (await session.run(feeds)) as Record<string, NdArray>;
  } finally {
    await session.close();
  }
}

function largestError(actual: NdArray | undefined, expected: NdArray | undefined): number {
  expect(actual?.shape).toEqual(expected?.shape);
  const theirs = toFloat32(expected!);
  return toFloat32(actual!).reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0);
}

const ones = (...shape: number[]): NdArray => ({
  dtype: "float32",
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1),
});

describe("a network as ONNX", () => {
  it("is ESM2 with its library's names and answers, at any length", async () => {
    const model = await loadAs("esm2", subfolder(fixtures, "hugging-face-esm"));
    const [[file, onnx]] = [...exportNetwork(model)] as [[string, { model: Uint8Array }]];
    expect(file).toBe("model.onnx");
    const expected = await expectedOf("hugging-face-esm");
    const { last_hidden_state, logits } = await run(onnx.model, {
      input_ids: expected.get("input_ids")!,
      attention_mask: expected.get("attention_mask")!,
    });
    expect(largestError(last_hidden_state, expected.get("out.last_hidden_state"))).toBeLessThan(1e-4);
    expect(largestError(logits, expected.get("out.logits"))).toBeLessThan(1e-4);
  });

  it("is the denoiser, whose answer cannot be called as its input is", async () => {
    const { weights, ...model } = await loadAs("unet", subfolder(fixtures, "diffusers/unet"));
    const square = { ...model, weights, config: { ...model.config, sampleSize: 8 } };
    const onnx = exportNetwork(square).get("model.onnx")!;
    const out = await run(onnx.model, {
      sample: ones(3, 5, 8, 8),
      timestep: ones(3),
      encoder_hidden_states: ones(3, 4, 6),
      encoder_attention_mask: ones(3, 4),
      timestep_cond: ones(3, 6),
    });
    expect(Object.keys(out)).toEqual(["out_sample"]);
    expect(out.out_sample!.shape).toEqual([3, 4, 8, 8]);
  });

  it("is the autoencoder in two files, with the latents of its library", async () => {
    const model = await loadAs("autoencoder", subfolder(fixtures, "diffusers/vae"));
    const files = exportNetwork(model, { imageSide: 18 });
    expect([...files.keys()]).toEqual(["encoder.onnx", "decoder.onnx"]);
    const { mean, logvar } = await run(files.get("encoder.onnx")!.model, { sample: ones(2, 2, 18, 18) });
    expect([mean!.shape, logvar!.shape]).toEqual([
      [2, 4, 9, 9],
      [2, 4, 9, 9],
    ]);
    const { sample } = await run(files.get("decoder.onnx")!.model, { latent: mean! });
    expect(sample!.shape).toEqual([2, 2, 18, 18]);
  });

  it("is the autoencoder for images of an odd side, whose latents the decoder takes as they are", async () => {
    const model = await loadAs("autoencoder", subfolder(fixtures, "diffusers/vae"));
    const files = exportNetwork(model, { imageSide: 17 });
    const { mean } = await run(files.get("encoder.onnx")!.model, { sample: ones(1, 2, 17, 17) });
    expect(mean!.shape).toEqual([1, 4, 8, 8]);
    const { sample } = await run(files.get("decoder.onnx")!.model, { latent: mean! });
    expect(sample!.shape).toEqual([1, 2, 16, 16]);
  });

  it("leaves the numbers of images and of proteins open, each by itself", async () => {
    const bare = {
      architecture: "clip",
      config: {
        proteinEmbeddingDims: 6,
        projectionDims: 5,
        dropout: 0,
        esmBottleneck: null,
        imageEmbeddingDims: 8,
      },
      weights: new Map(),
    } as const satisfies Pretrained;
    const model = { ...bare, weights: initializeWeights(declareParameters(bare), 3) };
    const { logits_per_image, seq_embeds } = await run(exportNetwork(model).get("model.onnx")!.model, {
      sequence_embed: ones(2, 4, 6),
      sequence_mask: ones(2, 4),
      latent: ones(3, 8),
    });
    expect(logits_per_image!.shape).toEqual([3, 2]);
    expect(seq_embeds!.shape).toEqual([2, 5]);
  });

  it("is cytoself with the names of its layers", async () => {
    const bare: Pretrained = { architecture: "cytoself", config: tinyCytoself, weights: new Map() };
    const model = { ...bare, weights: initializeWeights(declareParameters(bare), 3) };
    const out = await run(exportNetwork(model).get("model.onnx")!.model, { x: ones(2, 2, 16, 16) });
    expect(out.decoder0!.shape).toEqual([2, 2, 16, 16]);
    expect(out.fc2!.shape).toEqual([2, 3]);
    expect(out.vqind1!.dtype).toBe("int64");
  });
});

const python = process.env.PROTEOSCOPE_PYTHON ?? "python3";
const hasOnnx = (() => {
  try {
    execFileSync(python, ["-c", "import numpy, onnx, onnxruntime, safetensors"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

const checkInPython = `
import sys, onnx, onnxruntime
from safetensors.numpy import load_file, save_file
model, feeds, out = sys.argv[1:]
onnx.checker.check_model(onnx.load(model), full_check=True)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
save_file(dict(zip(names, session.run(names, load_file(feeds)))), out)
`;

it.skipIf(!hasOnnx)(
  "an exported ESM2 passes onnx.checker and answers the same in Python's onnxruntime (needs onnx, onnxruntime, safetensors)",
  async () => {
    const model = await loadAs("esm2", subfolder(fixtures, "hugging-face-esm"));
    const expected = await expectedOf("hugging-face-esm");
    const folder = mkdtempSync(join(tmpdir(), "proteoscope-export-"));
    const path = (name: string): string => join(folder, name);
    writeFileSync(path("model.onnx"), exportNetwork(model).get("model.onnx")!.model);
    const feeds = ["input_ids", "attention_mask"].map((name): [string, NdArray] => [
      name,
      expected.get(name)!,
    ]);
    writeFileSync(path("feeds"), writeSafetensors(feeds));
    execFileSync(python, ["-c", checkInPython, path("model.onnx"), path("feeds"), path("out")]);
    const { tensors } = readSafetensors(await openFolder(folder).read("out"));
    rmSync(folder, { recursive: true });
    expect(largestError(tensors.get("logits"), expected.get("out.logits"))).toBeLessThan(1e-4);
  },
  120_000,
);
