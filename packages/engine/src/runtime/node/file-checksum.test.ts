import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { savedWeightsFile } from "../ort-session.ts";
import type { LoadOptions, Runtime } from "../runtime.ts";
import { checkFiles, checksumOfModel } from "./file-checksum.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-checksum-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const written = (name: string, bytes: Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

test("a model's checksum is the CRC-32 of its bytes", async () => {
  expect(await checksumOfModel(written("check", new TextEncoder().encode("123456789")))).toBe(0xcbf43926);
  expect(await checksumOfModel(written("empty", new Uint8Array(0)))).toBe(0);
});

test("and of the length and time of the weights beside it", async () => {
  const beside = mkdtempSync(join(folder, "beside-"));
  const [model, weights] = [join(beside, "model.onnx"), join(beside, savedWeightsFile)];
  const checksumWith = (bytes: Uint8Array, seconds: number) => {
    writeFileSync(weights, bytes);
    utimesSync(weights, seconds, seconds);
    return checksumOfModel(model);
  };
  writeFileSync(model, Uint8Array.of(1, 2, 3));
  const alone = await checksumOfModel(model);
  const first = await checksumWith(Uint8Array.of(4, 5), 1000);
  expect(await checksumWith(Uint8Array.of(4, 5), 1000)).toBe(first);
  const others = [
    await checksumWith(Uint8Array.of(4, 5), 1000.001),
    await checksumWith(Uint8Array.of(4, 5, 6), 1000),
    alone,
  ];
  expect(new Set([first, ...others]).size).toBe(4);
});

test("a file is loaded with its own checksum or with none, and refused with another", async () => {
  const loaded: (string | Uint8Array)[] = [];
  const load = async (model: string | Uint8Array, _options?: LoadOptions) => {
    loaded.push(model);
    return { run: async () => ({}), close: async () => {} };
  };
  const runtime = checkFiles({ load } as unknown as Runtime);
  const path = written("model", Uint8Array.of(1, 2, 3));
  const checksum = crc32(Uint8Array.of(1, 2, 3));
  await runtime.load(path);
  await runtime.load(path, { checksum });
  expect(loaded).toEqual([path, path]);
  await expect(runtime.load(path, { checksum: checksum ^ 1 })).rejects.toThrow("has another checksum");
  await expect(runtime.load(Uint8Array.of(1, 2, 3), { checksum })).rejects.toThrow("has another checksum");
  await expect(runtime.load(join(folder, "none"), { checksum })).rejects.toThrow("ENOENT");
  expect(loaded).toHaveLength(2);
});
