import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { loadPipeline } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createWorkplace, runWords } from "../../testing/model-folder.ts";

const fixtures = fileURLToPath(new URL("../../../../models/src/fixtures/", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-export-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const files = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;

describe("proteoscope export diffusers", () => {
  it("makes a pipeline of a checkpoint of training", async () => {
    const { exitCode, stdout } = await runWords([
      ...["export", "diffusers", join(fixtures, "lightning/proteoscope.ckpt"), "-o", folder, "--json"],
      ...["--dtype", "float16"],
    ]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout).files).toContain("scheduler/scheduler_config.json");
    const { unet, autoencoder } = await loadPipeline(openFolder(folder));
    const original = await loadPipeline(openFolder(join(fixtures, "diffusers")));
    expect(unet.weights).toEqual(original.unet.weights);
    expect(autoencoder.weights).toEqual(original.autoencoder.weights);
    expect(unet.config.attentionHeadDim).toBe(original.unet.config.attentionHeadDim);
  });

  it("makes a folder of transformers of fair-esm's file", async () => {
    const { exitCode, stdout } = await runWords([
      ...["export", "diffusers", join(fixtures, "fair-esm/esm2_t2_tiny.pt"), "-o", folder],
    ]);
    expect([exitCode, stdout]).toEqual([0, `2 files in ${folder}\n`]);
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")).model_type).toBe("esm");
    expect((await runWords(["models", "verify", folder])).exitCode).toBe(0);
  });

  it("leaves out what no pipeline has, and says so", async () => {
    const place = createWorkplace();
    const { exitCode, stderr } = await runWords(["export", "diffusers", place.model, "-o", folder]);
    place.remove();
    expect([exitCode, stderr]).toEqual([0, "left out, no part of diffusers' pipelines: plm\n"]);
    expect(files()).toBe(6);
  });
});

describe("proteoscope export onnx", () => {
  it("writes every network of a model folder, which runs as it is", async () => {
    const place = createWorkplace();
    const { exitCode, stdout } = await runWords(["export", "onnx", place.model, "-o", folder]);
    place.remove();
    const names = ["unet/model.onnx", "vae/encoder.onnx", "vae/decoder.onnx", "plm/model.onnx"];
    expect([exitCode, stdout]).toEqual([0, names.map((name) => `${join(folder, name)}\n`).join("")]);
    expect(files()).toBe(4);
  });

  it("refuses what it cannot read, and leaves nothing", async () => {
    writeFileSync(join(folder, "x.safetensors"), writeSafetensors(new Map()));
    expect(readSafetensors(readFileSync(join(folder, "x.safetensors"))).tensors.size).toBe(0);
    const target = join(folder, "out");
    for (const [words, exitCode] of [
      [[join(folder, "x.safetensors")], 3],
      [[join(folder, "none")], 4],
      [[join(fixtures, "diffusers/vae"), "--image-size", "7"], 2],
    ] as const) {
      const result = await runWords(["export", "onnx", ...words, "-o", target]);
      expect([result.exitCode, result.stderr.split("\n").length]).toEqual([exitCode, 2]);
    }
    expect(readdirSync(folder)).toEqual(["x.safetensors"]);
  });
});
