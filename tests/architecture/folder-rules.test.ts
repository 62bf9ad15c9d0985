import { describe, expect, it } from "vitest";
import { checkFolderSizes, checkLabFloors } from "./folder-rules.ts";
import { readModuleSyntax } from "./imports.ts";

function violations(path: string, specifier: string): string[] {
  const file = { path: `packages/lab/src/${path}`, text: `import { x } from "${specifier}";` };
  return checkLabFloors(file.path, readModuleSyntax(file)).map(({ line, rule }) => `${line}: ${rule}`);
}

describe("the floors of lab", () => {
  it("let a folder import what stands below it, and itself", () => {
    expect(violations("training/loop.ts", "../data/atlas/tables.ts")).toEqual([]);
    expect(violations("training/pairs/a.ts", "../frozen/b.ts")).toEqual([]);
    expect(violations("trainers/denoiser/job.ts", "./batch.ts")).toEqual([]);
    expect(violations("train.ts", "./trainers/index.ts")).toEqual([]);
    expect(violations("data/a.ts", "@proteoscope/models")).toEqual([]);
    expect(violations("data/a.ts", "./batches/b.ts")).toEqual([]);
  });

  it("refuse an arrow that points up", () => {
    expect(violations("data/batches/a.ts", "../../training/loop.ts")).toEqual([
      '1: lab/data must not depend on lab/training (imports "../../training/loop.ts")',
    ]);
    expect(violations("calibrate/a.ts", "../evaluate/sets.ts")).toHaveLength(1);
    expect(violations("evaluate/a.ts", "../training/loop.ts")).toHaveLength(1);
    expect(violations("training/a.ts", "../trainers/index.ts")).toHaveLength(1);
    expect(violations("config/a.ts", "../data/a.ts")).toHaveLength(1);
  });

  it("let tests import what they need", () => {
    expect(violations("data/simulate/a.test.ts", "../../train.ts")).toEqual([]);
    expect(violations("data/simulate/a.test.ts", "../../trainers/index.ts")).toEqual([]);
  });

  it("let the list of trainers alone import several of them", () => {
    expect(violations("trainers/index.ts", "./plm/job.ts")).toEqual([]);
    expect(violations("trainers/localizer/job.ts", "../plm/job.ts")).toEqual([
      '1: a trainer imports no other trainer: what two of them need stands in training/ or data/ (imports "../plm/job.ts")',
    ]);
    expect(violations("trainers/localizer/job.ts", "../index.ts")).toHaveLength(1);
  });
});

describe("the size of folders", () => {
  const filesOf = (count: number, name: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => ({ path: `packages/a/src/${name(index)}`, text: "" }));

  it("is at most 20 source files, tests and deeper folders not counted", () => {
    expect(checkFolderSizes(filesOf(20, (i) => `f${i}.ts`))).toEqual([]);
    expect(checkFolderSizes(filesOf(40, (i) => `f${i}.test.ts`))).toEqual([]);
    expect(checkFolderSizes(filesOf(40, (i) => `d${i % 2}/f${i}.ts`))).toEqual([]);
    expect(checkFolderSizes(filesOf(21, (i) => `f${i}.ts`))).toEqual([
      { path: "packages/a/src", line: 1, rule: "at most 20 source files a folder (has 21)" },
    ]);
  });
});
