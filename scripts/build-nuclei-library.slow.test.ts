import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readNpz, writeNpz } from "@proteoscope/formats";
import { readNucleusLibrary } from "@proteoscope/imaging";
import { afterAll, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("./build-nuclei-library.ts", import.meta.url));
const fields = new URL("../packages/imaging/src/nuclei/fixtures/fields.npz", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "nuclei-library-"));
afterAll(() => rmSync(folder, { recursive: true }));

function build(name: string): Uint8Array {
  const input = join(folder, "fields.npz");
  const output = join(folder, name);
  const cuts = readNpz(readFileSync(fields));
  const pixelSize = { dtype: "float64", shape: [], data: Float64Array.of(0.4126) } as const;
  writeFileSync(
    input,
    writeNpz([
      ["um_per_px", pixelSize],
      ["img__good", cuts.get("good")!],
      ["img__clumpy", cuts.get("clumpy")!],
    ]),
  );
  execFileSync(process.execPath, ["--import", "tsx", script, input, output], { stdio: "pipe" });
  return readFileSync(output);
}

describe("build-nuclei-library", () => {
  it("builds the same library each time, fields in turn, every crop with a whole nucleus in its middle", () => {
    const bytes = build("first.safetensors");
    expect(build("second.safetensors")).toEqual(bytes);
    const library = readNucleusLibrary(bytes);
    expect(library.count).toBeGreaterThanOrEqual(3);
    expect([library.height, library.width, library.pixelSizeMicrons]).toEqual([100, 100, 0.4126]);
    expect(library.fields.slice(0, 2)).toEqual(["clumpy", "good"]);
    expect(library.licence).toContain("BSD");
    for (let index = 0; index < library.count; index++) {
      expect(library.masks[index * 10_000 + 50 * 100 + 50]).toBe(1);
    }
  });

  it("says how it is used when a path is missing", () => {
    expect(() => execFileSync(process.execPath, ["--import", "tsx", script], { stdio: "pipe" })).toThrow(
      /usage: tsx/,
    );
  });
});
