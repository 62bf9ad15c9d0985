import { describe, expect, it } from "vitest";
import { checkExports, checkImports, type Manifests } from "./import-rules.ts";
import { readModuleSyntax } from "./imports.ts";
import {
  checkLength,
  checkOpeningComment,
  checkSharedProcess,
  checkWords,
  countLines,
} from "./text-rules.ts";

const manifests: Manifests = {
  formats: { dependencies: ["fflate"], devDependencies: ["geotiff"], exports: ["."] },
  engine: {
    dependencies: ["@bufbuild/protobuf", "onnxruntime-node"],
    devDependencies: [],
    exports: [".", "./node"],
  },
  models: { dependencies: [], devDependencies: [], exports: [".", "./testing"] },
  lab: { dependencies: [], devDependencies: [], exports: ["."] },
  server: { dependencies: ["pg"], devDependencies: [], exports: ["."] },
};

function importViolations(path: string, text: string): string[] {
  const syntax = readModuleSyntax({ path, text });
  return checkImports(path, syntax, manifests).map(({ line, rule }) => `${line}: ${rule}`);
}

function exportViolations(path: string, text: string): number[] {
  return checkExports(path, readModuleSyntax({ path, text })).map(({ line }) => line);
}

describe("the import rules", () => {
  it("let a package use what lies below it, through its exports", () => {
    expect(
      importViolations("packages/models/src/unet.ts", 'import { conv2d } from "@proteoscope/engine";'),
    ).toEqual([]);
    expect(
      importViolations("packages/lab/src/a.ts", 'import { x } from "@proteoscope/engine/node";'),
    ).toEqual([]);
  });

  it("refuse an arrow that points upwards, whatever the form of the import", () => {
    const forms = [
      'import { a } from "@proteoscope/models";',
      'import type { a } from "@proteoscope/models";',
      'export { a } from "@proteoscope/models";',
      'const a = await import("@proteoscope/models");',
      'type A = import("@proteoscope/models").A;',
    ];
    for (const form of forms) {
      expect(importViolations("packages/engine/src/a.ts", `\n${form}`), form).toEqual([
        '2: engine must not depend on models (imports "@proteoscope/models")',
      ]);
    }
  });

  it("keep SQL in one folder", () => {
    const text = 'import { Pool } from "pg";';
    expect(importViolations("packages/server/src/db/database.ts", text)).toEqual([]);
    expect(importViolations("packages/server/src/queue.ts", text)).toEqual([
      '1: SQL only in server/src/db (imports "pg")',
    ]);
  });

  it("refuse a sub-path that is not exported, and a relative path into another package", () => {
    expect(
      importViolations("packages/models/src/a.ts", 'import "@proteoscope/engine/src/graph.ts";'),
    ).toHaveLength(1);
    expect(importViolations("packages/models/src/a.ts", 'import "../../engine/src/graph.ts";')).toHaveLength(
      1,
    );
    expect(importViolations("packages/models/src/a.ts", 'import "./b/../c.ts";')).toEqual([]);
  });

  it("keep protobuf in engine/src/onnx and the runtime in engine/src/runtime, types too", () => {
    const protobuf = 'import { create } from "@bufbuild/protobuf";';
    const runtime = 'import type { Tensor } from "onnxruntime-node";';
    expect(importViolations("packages/engine/src/onnx/emit.ts", protobuf)).toEqual([]);
    expect(importViolations("packages/engine/src/graph.ts", protobuf)).toHaveLength(1);
    expect(importViolations("packages/engine/src/graph.ts", 'import "./onnx/onnx-proto.ts";')).toHaveLength(
      1,
    );
    expect(importViolations("packages/engine/src/runtime/node/run.ts", runtime)).toEqual([]);
    expect(importViolations("packages/engine/src/onnx/emit.test.ts", runtime)).toEqual([]);
    expect(importViolations("packages/engine/src/graph.ts", runtime)).toHaveLength(1);
  });

  it("keep node: modules out of what must run in a browser", () => {
    const file = 'import { readFile } from "node:fs/promises";';
    expect(importViolations("packages/formats/src/png.ts", file)).toHaveLength(1);
    for (const path of [
      "formats/src/node.ts",
      "engine/src/runtime/node/run.ts",
      "formats/src/png.test.ts",
      "lab/src/a.ts",
    ]) {
      expect(importViolations(`packages/${path}`, file), path).toEqual([]);
    }
    expect(importViolations("packages/lab/src/a.ts", 'import "fs";')).toHaveLength(1);
  });

  it("let tests share code in testing/, which nothing else may import", () => {
    expect(importViolations("packages/formats/src/testing/fixture.ts", 'import "node:fs";')).toEqual([]);
    expect(importViolations("packages/formats/src/a.test.ts", 'import "./testing/fixture.ts";')).toEqual([]);
    expect(importViolations("packages/formats/src/a.ts", 'import "./testing/fixture.ts";')).toHaveLength(1);
    expect(importViolations("packages/formats/src/a.ts", 'import "./b.test.ts";')).toHaveLength(1);
    const shared = 'import { a } from "@proteoscope/models/testing";';
    expect(importViolations("packages/lab/src/a.test.ts", shared)).toEqual([]);
    expect(importViolations("packages/lab/src/a.ts", shared)).toEqual([
      '1: only tests import test code (imports "@proteoscope/models/testing")',
    ]);
  });

  it("refuse a library that the package does not list", () => {
    expect(importViolations("packages/formats/src/zip.ts", 'import { unzipSync } from "fflate";')).toEqual(
      [],
    );
    expect(
      importViolations("packages/models/src/zip.ts", 'import { unzipSync } from "fflate";'),
    ).toHaveLength(1);
    expect(importViolations("packages/formats/src/tiff.test.ts", 'import "geotiff";')).toEqual([]);
    expect(importViolations("packages/formats/src/tiff.ts", 'import "geotiff";')).toHaveLength(1);
    expect(importViolations("packages/models/src/zip.test.ts", 'import { it } from "vitest";')).toEqual([]);
    expect(importViolations("packages/models/src/zip.ts", 'import { it } from "vitest";')).toHaveLength(1);
  });
});

describe("the export rules", () => {
  it("refuse `export *` and every form of default export", () => {
    const path = "packages/models/src/a.ts";
    expect(exportViolations(path, 'export const a = 1;\nexport * from "./b.ts";')).toEqual([2]);
    expect(exportViolations(path, "export default 1;")).toEqual([1]);
    expect(exportViolations(path, "export default function f() {}")).toEqual([1]);
    expect(exportViolations(path, "const a = 1;\nexport { a as default };")).toEqual([2]);
    expect(exportViolations(path, "const a = 1;\nexport { a };")).toEqual([]);
  });

  it("allow a configuration file its default export", () => {
    expect(exportViolations("vitest.config.ts", "export default {};")).toEqual([]);
  });
});

describe("the text rules", () => {
  it("ask for an opening comment of two lines, after a shebang if there is one", () => {
    const violations = (text: string): number => checkOpeningComment({ path: "scripts/a.ts", text }).length;
    expect(violations("// What.\n// Why.\nexport const a = 1;")).toBe(0);
    expect(violations("#!/usr/bin/env node\n// What.\n// Why.\n")).toBe(0);
    expect(violations("/** What.\n * Why. */\n")).toBe(0);
    expect(violations("// What.\nexport const a = 1;")).toBe(1);
    expect(violations("/** What. */\n// Why.")).toBe(1);
    expect(violations("export const a = 1;")).toBe(1);
    expect(checkOpeningComment({ path: "scripts/a.test.ts", text: "" })).toEqual([]);
  });

  it("ask for at most 350 lines, generated code aside", () => {
    const text = "line\n".repeat(351);
    expect(checkLength({ path: "a.ts", text: "line\n".repeat(350) })).toEqual([]);
    expect(checkLength({ path: "a.ts", text })[0]?.rule).toContain("has 351");
    expect(checkLength({ path: "onnx_pb.ts", text })).toEqual([]);
    expect([countLines(""), countLines("a"), countLines("a\n"), countLines("a\n\n")]).toEqual([0, 1, 1, 2]);
  });

  it("find a unit test that replaces a module, with its line", () => {
    const text = 'import { a } from "./a.ts";\nvi.mock("node:fs");\nvi.doMock("./b.ts", () => ({}));\n';
    const lines = (path: string) => checkSharedProcess({ path, text }).map(({ line }) => line);
    expect(lines("packages/engine/src/a.test.ts")).toEqual([2, 3]);
    expect(lines("packages/engine/src/a.slow.test.ts")).toEqual([]);
    expect(lines("packages/formats/src/a.test.ts")).toEqual([]);
    expect(lines("tests/e2e/a.test.ts")).toEqual([]);
  });

  it("find paths of one machine and marks of unfinished work, with their lines", () => {
    const marked = `fine\n// ${"TO"}${"DO"}: later\nread("/${"home"}/someone/x")\nsee ./work/notes and https://example.org/tmp/x`;
    expect(checkWords({ path: "a.ts", text: marked }).map(({ line }) => line)).toEqual([2, 3]);
  });
});
