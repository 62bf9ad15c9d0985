import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSafetensors } from "@proteoscope/formats";
import { memoryFolder } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { describe, expect, it } from "vitest";
import { estimateMemory, loadedBytes, measureModelSize } from "./model-size.ts";

const weights = writeSafetensors(
  new Map([
    ["half", { dtype: "float16", shape: [3, 5], data: new Uint16Array(15) }],
    ["whole", { dtype: "float32", shape: [2], data: new Float32Array(2) }],
    ["letters", { dtype: "uint8", shape: [7], data: new Uint8Array(7) }],
  ] as never),
);
const files = new Map([
  ["unet/model.safetensors", weights],
  ["model_index.json", new TextEncoder().encode("{}")],
]);
const expected = { fileBytes: weights.length + 2, tensorBytes: 4 * 15 + 4 * 2 + 7 };

describe("the size of a model", () => {
  it("counts halves as float32 and other numbers as they are", () => {
    expect(loadedBytes([{ dtype: "float16", shape: [3, 5] }])).toBe(60);
    expect(loadedBytes([{ dtype: "int64", shape: [3] }])).toBe(24);
    expect(loadedBytes([{ dtype: "float32", shape: [] }])).toBe(4);
  });
  it("is that of a folder in memory and on disk, of which headers alone are read", async () => {
    expect(await measureModelSize(memoryFolder(files))).toEqual(expected);
    const folder = mkdtempSync(join(tmpdir(), "proteoscope-size-"));
    try {
      for (const [path, bytes] of files) writeFileSync(join(folder, path.replace("/", "-")), bytes);
      const source = openFolder(folder);
      const read = () => Promise.reject(new Error("the whole file was read"));
      expect(await measureModelSize({ ...source, read })).toEqual(expected);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  it("is nothing where files cannot be listed", async () => {
    const { list: _, ...source } = memoryFolder(files);
    expect(await measureModelSize(source)).toEqual({ fileBytes: 0, tensorBytes: 0 });
  });
  it("grows in memory by more than the weights", () => {
    expect(estimateMemory(1e6) - estimateMemory(0)).toBeGreaterThan(1e6);
    expect(estimateMemory(0)).toBeGreaterThan(0);
  });
});
