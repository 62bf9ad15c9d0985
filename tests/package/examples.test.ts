import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { readNpy } from "@proteoscope/formats";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { compilePrograms } from "./compile-programs.ts";
import { findNode, nodeVersions } from "./node-versions.ts";

const { folder } = inject("release");
const source = join(folder, "node_modules", "proteoscope", "examples");

/** What each example must print and leave behind in its folder. */
const examples: Readonly<Record<string, (printed: string, workFolder: string) => void>> = {
  "04-train-a-network.ts": (printed) => {
    const numbers = (pattern: RegExp) =>
      [...printed.matchAll(pattern)].map((found) => found.slice(1).map(Number));
    const losses = numbers(/loss (\S+)/g).flat();
    expect(losses).toHaveLength(5);
    expect(losses.at(-1)).toBeLessThan(1e-3);
    const points = numbers(/sin\((\S+)\) is about (\S+)/g);
    expect(points).toHaveLength(4);
    for (const [x, y] of points) expect(Math.abs(y! - Math.sin(x!))).toBeLessThan(0.05);
  },
  "05-embed-proteins.ts": (printed, workFolder) => {
    const proteins = readFileSync(join(source, "proteins.fasta"), "utf8").match(/^>/gm)!.length;
    expect(printed).toContain(`embeddings.npy: [${proteins}, 192]`);
    const { shape, data } = readNpy(readFileSync(join(workFolder, "embeddings.npy")));
    expect(shape).toEqual([proteins, 192]);
    const rows = Array.from({ length: proteins }, (_, row) => data.slice(row * 192, (row + 1) * 192).join());
    expect(new Set(rows).size).toBe(proteins);
    expect(data.every((value) => Number.isFinite(Number(value)))).toBe(true);
  },
  "07-export-onnx.ts": (printed) => {
    expect(printed).toContain("last_hidden_state [1, 25, 192]");
    const [, difference] = /largest difference from proteoscope's own run: (\S+)/.exec(printed)!;
    expect(Number(difference)).toBeLessThan(1e-4);
  },
};

let compiled: { problems: string; project: string };
beforeAll(() => {
  const files = readdirSync(source).filter((file) => file.endsWith(".ts"));
  const programs = Object.fromEntries(files.map((file) => [file, readFileSync(join(source, file), "utf8")]));
  compiled = compilePrograms(folder, "examples", programs, {
    resolution: "nodenext",
    lib: ["es2023", "dom"], // ONNX Runtime's own types name those of pages
    types: ["node"],
  });
});

describe("the examples of the packed release", () => {
  it("are all held to something", () => {
    const files = readdirSync(source).filter((file) => file.endsWith(".ts"));
    expect(files.sort()).toEqual(Object.keys(examples).sort());
  });

  it("type-check in a strict project", () => {
    expect(compiled.problems).toBe("");
  });

  it("are short: at most 40 lines besides their imports", () => {
    for (const file of Object.keys(examples)) {
      const text = readFileSync(join(source, file), "utf8").replace(/^import [^;]*;\n/gm, "");
      expect(text.trimEnd().split("\n").length, file).toBeLessThanOrEqual(40);
    }
  });
});

describe.each([process.version, ...nodeVersions])("on Node %s", (version) => {
  it.for(Object.keys(examples))("%s runs", (file, context) => {
    const node = version === process.version ? process.execPath : findNode(version);
    context.skip(node === undefined, `there is no Node ${version} to be had`);
    const name = basename(file, ".ts");
    const workFolder = join(folder, `${name}-${version}`);
    mkdirSync(workFolder);
    symlinkSync(join(folder, "node_modules"), join(workFolder, "node_modules"), "junction");
    cpSync(join(compiled.project, `${name}.js`), join(workFolder, `${name}.mjs`));
    const { status, stdout, stderr } = spawnSync(node!, [`${name}.mjs`], {
      cwd: workFolder,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    examples[file]!(stdout, workFolder);
  });
});
