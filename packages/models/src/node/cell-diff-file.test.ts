import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32, initializeWeights } from "@proteoscope/engine";
import { float32ToFloat16 } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cellDiffDefaults, cellDiffDefinition, cellDiffFormat } from "../cell-diff/definition.ts";
import { formatConfig } from "../checkpoints/config-json.ts";
import { parametersOf } from "../checkpoints/declared-parameters.ts";
import { esm2Config } from "../esm2/network.ts";
import { torchCheckpoint } from "../testing/torch-checkpoint.ts";
import { findCellDiffAutoencoder, openCellDiffFile } from "./cell-diff-file.ts";

const config = {
  ...cellDiffDefaults,
  ...{ numStains: 1, sampleSize: 4, latentChannels: 2, blockOutChannels: [4, 8], layersPerBlock: 1 },
  ...{ normNumGroups: 2, unetAttentionHeads: 2, hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2 },
  maxTokens: 12,
  esm: esm2Config({ numHiddenLayers: 1, hiddenSize: 16, numAttentionHeads: 2 }),
};
const weights = initializeWeights(parametersOf(cellDiffDefinition, { config, weights: new Map() }), 3);
const replaced = new Map(weights).set("net.seq_proj_out.bias", float32([32], new Float32Array(32).fill(0.5)));

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "proteoscope-cell-diff-"));
  folder = join(root, "cell_diff");
  mkdirSync(folder);
  writeFileSync(join(folder, "hpa.bin"), torchCheckpoint(weights, { zip64: true }));
  writeFileSync(join(folder, "config.json"), JSON.stringify(formatConfig(cellDiffFormat, config)));
});
afterEach(() => rmSync(root, { recursive: true }));

describe("the file of CELL-Diff", () => {
  it("is converted once to 16 bits, beside it, and then used", async () => {
    const seen: [number, number][] = [];
    const first = await openCellDiffFile(folder, "hpa.bin", { onProgress: (...bytes) => seen.push(bytes) });
    expect(first.path).toBe("hpa.f16.safetensors");
    expect(seen.at(-1)).toEqual([seen.at(-1)![1], statSync(join(folder, first.path)).size]);
    expect(readdirSync(folder).sort()).toEqual(["config.json", "hpa.bin", "hpa.f16.safetensors"]);
    expect((await first.tensors.get("net.seq_proj_out.weight")!.read()).dtype).toBe("float16");
    seen.length = 0;
    await openCellDiffFile(folder, "hpa.bin", { onProgress: (...bytes) => seen.push(bytes) });
    await openCellDiffFile(folder, "hpa.f16.safetensors");
    expect(seen).toEqual([]);
  });

  it.each([
    ["the file was replaced", "hpa.bin", torchCheckpoint(replaced, { zip64: true })],
    ["the converted file was cut", "hpa.f16.safetensors", new Uint8Array(100)],
  ])("is converted anew where %s", async (_, name, bytes) => {
    await openCellDiffFile(folder, "hpa.bin");
    writeFileSync(join(folder, name), bytes);
    const { tensors } = await openCellDiffFile(folder, "hpa.bin");
    const halves = (await tensors.get("net.seq_proj_out.bias")!.read()).data;
    const expected = (name === "hpa.bin" ? replaced : weights).get("net.seq_proj_out.bias")!.data;
    expect([...halves]).toEqual([...float32ToFloat16(expected as Float32Array)]);
    const seen: number[] = [];
    await openCellDiffFile(folder, "hpa.bin", { onProgress: (done) => seen.push(done) });
    expect(seen).toEqual([]);
  });

  it("leaves nothing of a conversion that is interrupted", async () => {
    const controller = new AbortController();
    const converting = openCellDiffFile(folder, "hpa.bin", {
      ...{ signal: controller.signal, onProgress: () => controller.abort() },
    });
    await expect(converting).rejects.toMatchObject({ name: "AbortError" });
    expect(readdirSync(folder).sort()).toEqual(["config.json", "hpa.bin"]);
  });
});

describe("the autoencoder of CELL-Diff", () => {
  it("has the same name in vae/, beside the network's folder or in it", async () => {
    expect(await findCellDiffAutoencoder(folder, "hpa.bin")).toBeUndefined();
    const inside = join(folder, "vae");
    mkdirSync(inside);
    writeFileSync(join(inside, "hpa.safetensors"), "");
    expect(await findCellDiffAutoencoder(folder, "hpa.bin")).toEqual({
      folder: inside,
      file: "hpa.safetensors",
    });
    const beside = join(root, "vae");
    mkdirSync(beside);
    writeFileSync(join(beside, "hpa.bin"), "");
    expect(existsSync(join(folder, "..", "vae"))).toBe(true);
    for (const file of ["hpa.bin", "hpa_all.bin", "hpa.f16.safetensors"])
      expect(await findCellDiffAutoencoder(folder, file)).toMatchObject({ file: "hpa.bin" });
  });
});
