import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const script = fileURLToPath(new URL("./read-mutated-files.ts", import.meta.url));
const each = 5000;

it("20,000 damaged FASTA, TIFF, PNG and safetensors files end in a result or a named error, in time and memory", async () => {
  const options = ["--import", import.meta.resolve("tsx"), script, String(each)];
  const { stdout } = await promisify(execFile)(process.execPath, options, { maxBuffer: 2 ** 24 });
  const { kinds, peakMb, slowestMs, crashes } = JSON.parse(stdout);
  expect(crashes).toEqual([]);
  expect(Object.keys(kinds)).toEqual(["fasta", "tiff", "png", "safetensors"]);
  for (const [kind, { results, errors }] of Object.entries<Record<string, Record<string, number>>>(kinds)) {
    const refused = Object.values(errors!).reduce((sum, count) => sum + count, 0);
    expect(Number(results) + refused, kind).toBe(each);
    // Some get past the decoder and some do not, or the damage is of no use.
    const undecoded = errors!.FormatError ?? 0;
    expect(each - undecoded, kind).toBeGreaterThan(each / 50);
    expect(undecoded, kind).toBeGreaterThan(each / 50);
    for (const name of Object.keys(errors!)) expect(name).toMatch(/^(Format|Sequence|Nucleus)Error$/);
  }
  expect(slowestMs).toBeLessThan(2000);
  expect(peakMb).toBeLessThan(1000);
});
