import { describe, expect, it } from "vitest";
import { checkCircles } from "./architecture/circle-rules.ts";
import { checkFolderSizes, checkLabFloors } from "./architecture/folder-rules.ts";
import { checkFunctions } from "./architecture/function-rules.ts";
import {
  checkExports,
  checkImports,
  isTestCode,
  type Manifests,
  type PackageManifest,
  packageArrows,
  type Violation,
} from "./architecture/import-rules.ts";
import { readModuleSyntax } from "./architecture/imports.ts";
import { readRepository } from "./architecture/repository.ts";
import {
  checkLength,
  checkOpeningComment,
  checkSharedProcess,
  checkWords,
  countLines,
} from "./architecture/text-rules.ts";

const leastTestLinesPerCodeLine = 0.5;

const files = readRepository();
const code = files.filter(({ path }) => /\.m?ts$/.test(path));
const sources = files.filter(({ path }) => /\.(m?ts|mjs)$/.test(path));
const manifests: Manifests = Object.fromEntries(
  files.flatMap(({ path, text }) => {
    const name = /^packages\/([^/]+)\/package\.json$/.exec(path)?.[1];
    if (name === undefined) return [];
    const manifest = JSON.parse(text) as Partial<Record<keyof PackageManifest, object>>;
    const keys = (field: keyof PackageManifest): string[] => Object.keys(manifest[field] ?? {});
    const [dependencies, devDependencies] = [keys("dependencies"), keys("devDependencies")];
    return [[name, { dependencies, devDependencies, exports: keys("exports") }]];
  }),
);

function report(violations: readonly Violation[]): string {
  return violations.map(({ path, line, rule }) => `${path}:${line}: ${rule}`).join("\n");
}

describe("the repository", () => {
  it("has an arrow in the table for every package", () => {
    expect(Object.keys(manifests).filter((name) => !(name in packageArrows))).toEqual([]);
    expect(code.length).toBeGreaterThan(0);
  });

  it("imports only along the arrows and keeps the borders inside the packages", () => {
    const found = code.flatMap((file) => checkImports(file.path, readModuleSyntax(file), manifests));
    expect(report(found)).toBe("");
  });

  it("imports only downwards inside lab, and no trainer from another", () => {
    const lab = code.filter(({ path }) => path.startsWith("packages/lab/"));
    const found = lab.flatMap((file) => checkLabFloors(file.path, readModuleSyntax(file)));
    expect(report(found)).toBe("");
  });

  it("has no circle of imports", () => {
    const parsed = code
      .filter(({ path }) => path.startsWith("packages/"))
      .map((file) => ({ path: file.path, syntax: readModuleSyntax(file) }));
    expect(report(checkCircles(parsed))).toBe("");
  });

  it("keeps functions and folders short", () => {
    const ofPackages = code.filter(({ path }) => path.startsWith("packages/"));
    expect(report(ofPackages.flatMap(checkFunctions))).toBe("");
    expect(report(checkFolderSizes(ofPackages))).toBe("");
  });

  it("exports by name", () => {
    expect(report(code.flatMap((file) => checkExports(file.path, readModuleSyntax(file))))).toBe("");
  });

  it("opens every source file with what it is and why", () => {
    expect(report(sources.flatMap(checkOpeningComment))).toBe("");
  });

  it("keeps every file short", () => {
    expect(report(sources.flatMap(checkLength))).toBe("");
  });

  it("replaces no module in unit tests, which share a process", () => {
    expect(report(code.flatMap(checkSharedProcess))).toBe("");
  });

  it("holds no path of one machine and no mark of unfinished work", () => {
    expect(report(files.flatMap(checkWords))).toBe("");
  });

  it("has tests of a size with its code", () => {
    const totals = new Map<string, { code: number; test: number }>();
    for (const { path, text } of code) {
      const part = path
        .split("/")
        .slice(0, path.startsWith("packages/") ? 2 : 1)
        .join("/");
      const isTest = isTestCode(path) || path.startsWith("tests/");
      for (const key of [part, "all"]) {
        const total = totals.get(key) ?? { code: 0, test: 0 };
        total[isTest ? "test" : "code"] += countLines(text);
        totals.set(key, total);
      }
    }
    const rows = [...totals].map(
      ([part, lines]) => `${part}: ${lines.test} test lines, ${lines.code} code lines`,
    );
    console.log(rows.join("\n"));
    const all = totals.get("all") ?? { code: 1, test: 0 };
    expect(all.test / all.code).toBeGreaterThanOrEqual(leastTestLinesPerCodeLine);
  });
});
