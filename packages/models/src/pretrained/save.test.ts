import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { type Files, memoryFolder, subfolder } from "../checkpoints/file-source.ts";
import { noiseScheduleDefaults } from "../diffusion/noise-schedule.ts";
import { openFolder } from "../node.ts";
import type { Pretrained } from "../registry.ts";
import { loadAs, loadPretrained } from "./load.ts";
import { loadPipeline, savePipeline } from "./pipeline.ts";
import { savePretrained, saveSingleFile } from "./save.ts";

const fixtures = openFolder(fileURLToPath(new URL("../fixtures", import.meta.url)));
const esm = () => loadAs("esm2", subfolder(fixtures, "hugging-face-esm"));
const diffusers = () => loadPipeline(subfolder(fixtures, "diffusers"));

describe("what is saved", () => {
  it("loads as it was, in float32", async () => {
    for (const model of [
      await esm(),
      (await diffusers()).unet,
      (await diffusers()).autoencoder,
    ] as Pretrained[]) {
      expect(await loadPretrained(memoryFolder(savePretrained(model)))).toEqual(model);
      const single = new Map([["any-name.safetensors", saveSingleFile(model)]]);
      expect(await loadPretrained(memoryFolder(single))).toEqual(model);
    }
  });

  it("is half as large in float16, which loses nothing that was float16", async () => {
    const { unet } = await diffusers();
    const file = "diffusion_pytorch_model.safetensors";
    const half = savePretrained(unet, { dtype: "float16" });
    const { tensors } = readSafetensors(half.get(file)!);
    expect([...tensors.values()].every(({ dtype }) => dtype === "float16")).toBe(true);
    expect(await loadPretrained(memoryFolder(half))).toEqual(unet);
  });

  it("has exactly the tensors that the library had saved: names, shapes, dtypes", async () => {
    const { unet, autoencoder } = await diffusers();
    for (const [part, model] of [
      ["unet", unet],
      ["vae", autoencoder],
    ] as const) {
      const path = "diffusion_pytorch_model.safetensors";
      const theirs = readSafetensors(await fixtures.read(`diffusers/${part}/${path}`));
      const ours = readSafetensors(savePretrained(model, { dtype: "float16" }).get(path)!);
      expect(new Map([...ours.tensors].sort())).toEqual(new Map([...theirs.tensors].sort()));
      expect(ours.metadata).toEqual(theirs.metadata);
    }
  });

  it("is refused before it is written where weights are missing", async () => {
    const model = await esm();
    const weights = new Map(model.weights);
    weights.delete("lm_head.bias");
    expect(() => savePretrained({ ...model, weights })).toThrow(/1 missing \(lm_head\.bias \[33\]\)$/);
  });

  it("is refused where float16 cannot hold it", async () => {
    const model = await esm();
    const weights = new Map(model.weights);
    weights.set("lm_head.bias", { dtype: "float32", shape: [33], data: new Float32Array(33).fill(-7e4) });
    expect(() => savePretrained({ ...model, weights }, { dtype: "float16" })).toThrow(
      /lm_head\.bias has the value 70000, float16 ends at 65504/,
    );
  });
});

// The other direction needs the Python packages: PROTEOSCOPE_PYTHON names an interpreter that has them.
const python = process.env.PROTEOSCOPE_PYTHON ?? "python3";
const hasPackages = (names: string): boolean => {
  try {
    execFileSync(python, ["-c", `import ${names}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

async function checkInPython(kind: string, files: Files): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), "proteoscope-saved-"));
  try {
    for (const [path, bytes] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
    const script = fileURLToPath(new URL("../fixtures/check_saved.py", import.meta.url));
    const output = execFileSync(python, [script, kind, folder], { stdio: ["ignore", "pipe", "ignore"] });
    return JSON.parse(output.toString());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe("what is saved, in Python", () => {
  it.skipIf(!hasPackages("transformers, torch"))(
    "loads with transformers, nothing missing and nothing left over",
    async () => {
      const files = savePretrained(await esm(), { dtype: "float16" });
      expect(await checkInPython("esm", files)).toEqual({ problems: [], dtypes: ["torch.float16"] });
    },
    120_000,
  );

  it.skipIf(!hasPackages("diffusers, torch"))(
    "loads with diffusers, nothing missing and nothing left over",
    async () => {
      const { unet, autoencoder } = await diffusers();
      const files = savePipeline({ unet, autoencoder, noiseSchedule: noiseScheduleDefaults });
      expect(await checkInPython("diffusers", files)).toEqual({ problems: [], dtypes: ["torch.float32"] });
    },
    120_000,
  );
});
