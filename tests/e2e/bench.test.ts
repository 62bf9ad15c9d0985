import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";

it("npm run bench prints a table and writes the machine and the results as JSON", () => {
  const folder = mkdtempSync(join(tmpdir(), "proteoscope-bench-"));
  try {
    const file = join(folder, "bench.json");
    const table = execFileSync("npm", ["run", "--silent", "bench", "--", "--json", file, "--only", "cli."], {
      cwd: repositoryRoot,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    expect(table).toMatch(/^name +ms +min/);
    const { machine, results } = JSON.parse(readFileSync(file, "utf8"));
    expect(machine.node).toBe(process.version);
    expect(results[0]).toMatchObject({ name: "cli.version.cold", gflop: null, peer: null, ratio: null });
    expect(results[0].ms).toBeGreaterThan(0);
    expect(Object.keys(results[0]).sort()).toEqual([
      "gflop",
      "min",
      "ms",
      "n",
      "name",
      "peakMb",
      "peer",
      "ratio",
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
