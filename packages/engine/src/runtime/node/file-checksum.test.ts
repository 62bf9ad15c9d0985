import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LoadOptions, Runtime } from "../runtime.ts";
import { checkFiles, checksumOfFile } from "./file-checksum.ts";

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

test("a file's checksum is the CRC-32 of its bytes, in however many pieces they are read", async () => {
  for (const length of [0, 1, 2 ** 20, 2 ** 21 + 3]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) % 251);
    expect(await checksumOfFile(written(`${length}`, bytes))).toBe(crc32(bytes));
  }
  expect(await checksumOfFile(written("check", new TextEncoder().encode("123456789")))).toBe(0xcbf43926);
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
