import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { readPng } from "@proteoscope/formats";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { subpaths } from "../../scripts/release/subpaths.ts";
import { interfaceModules } from "../api/modules.ts";
import { repositoryRoot } from "../architecture/repository.ts";
import { findNode, nodeVersions } from "./node-versions.ts";

const { folder } = inject("release");

function run(node: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(node, words, { cwd: folder, encoding: "utf8" });
  if (status !== 0) expect.fail(`exit code ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** The pixels that `generate` draws, by file name. */
function generate(node: string, output: string): Map<string, readonly number[]> {
  const program = join("node_modules", "proteoscope", "bin", "proteoscope.mjs");
  run(node, program, "generate", "FBL", "--steps", "3", "--samples", "2", "--format", "png", "-o", output);
  const files = readdirSync(join(folder, output)).filter((file) => file.endsWith(".png"));
  return new Map(
    files.sort().map((file) => [file, Array.from(readPng(readFileSync(join(folder, output, file))).data)]),
  );
}

/** The names of values in the lists of tests/api, by subpath. */
function listedNames(): Record<string, string[]> {
  const listOf = new Map([...interfaceModules()].map(([name, module]) => [module, name]));
  return Object.fromEntries(
    Object.entries(subpaths).map(([subpath, module]) => {
      const list = join(repositoryRoot, "tests/api/exports", `${listOf.get(module)}.txt`);
      const lines = readFileSync(list, "utf8").trim().split("\n");
      return [posix.join("proteoscope", subpath), lines.filter((line) => !line.startsWith("type "))];
    }),
  );
}

let drawnHere: Map<string, readonly number[]>;
beforeAll(() => {
  drawnHere = generate(process.execPath, "drawn-here");
  const program = `const names = {};
for (const name of ${JSON.stringify(Object.keys(listedNames()))}) names[name] = Object.keys(await import(name)).sort();
console.log(JSON.stringify(names));`;
  writeFileSync(join(folder, "list-names.js"), program);
});

it("what can be imported is what tests/api lists", () => {
  expect(JSON.parse(run(process.execPath, "list-names.js"))).toEqual(listedNames());
});

it("what is drawn here is a picture", () => {
  expect(drawnHere.size).toBeGreaterThan(3);
  for (const [file, pixels] of drawnHere) expect(new Set(pixels).size, file).toBeGreaterThan(20);
});

describe.each(nodeVersions)("on Node %s", (version) => {
  it("the release imports and draws as here", (context) => {
    const node = findNode(version);
    context.skip(node === undefined, `there is no Node ${version} to be had`);
    expect(run(node!, "--version")).toMatch(new RegExp(`^v${version}\\.`));
    expect(JSON.parse(run(node!, "list-names.js"))).toEqual(listedNames());
    const drawn = generate(node!, `drawn-${version}`);
    expect([...drawn.keys()]).toEqual([...drawnHere.keys()]);
    for (const [file, pixels] of drawn)
      expect(largestDifference(pixels, drawnHere.get(file)!), file).toBeLessThanOrEqual(1);
  });
});

/** Numbers of the last bit differ between versions, so that a pixel may be rounded to the next value. */
function largestDifference(a: readonly number[], b: readonly number[]): number {
  return a.reduce(
    (largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)),
    a.length === b.length ? 0 : Infinity,
  );
}
