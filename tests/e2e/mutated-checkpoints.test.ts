import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const script = fileURLToPath(new URL("./read-mutated-checkpoints.ts", import.meta.url));
const each = 4000;

it("12,000 damaged safetensors, pickles and archives are read or refused by name, in time, within four times their size", async () => {
  const options = ["--import", import.meta.resolve("tsx"), script, String(each)];
  const { stdout } = await promisify(execFile)(process.execPath, options, { maxBuffer: 2 ** 24 });
  const { kinds, peakMb, slowest, largest, crashes } = JSON.parse(stdout);
  expect(crashes).toEqual([]);
  expect(Object.keys(kinds)).toEqual(["safetensors", "pickle", "zip"]);
  for (const [kind, { read, refused }] of Object.entries<{ read: number; refused: number }>(kinds)) {
    expect(read + refused, kind).toBe(each);
    // Some damage is of no use, and some is of none to the reader.
    expect(read, kind).toBeGreaterThan(each / 50);
    expect(refused, kind).toBeGreaterThan(each / 50);
  }
  expect(slowest.ms, slowest.name).toBeLessThan(2000);
  expect(largest.ratio, largest.name).toBeLessThanOrEqual(4);
  expect(largest.ratio, "buffers are measured").toBeGreaterThan(0.1);
  expect(peakMb).toBeLessThan(1000);
});
