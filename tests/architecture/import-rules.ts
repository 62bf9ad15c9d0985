// Who may import what: the arrows between the packages and the borders inside them.
// One table and one function a rule; a violation names file, line and rule, so that the fix is plain.
import { builtinModules } from "node:module";
import { posix } from "node:path";
import type { ModuleSyntax } from "./imports.ts";

export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
}

/** What the rules read of a package.json. */
export interface PackageManifest {
  readonly dependencies: readonly string[];
  /** Npm packages for the tests alone. */
  readonly devDependencies: readonly string[];
  /** The sub-paths that other packages may import. */
  readonly exports: readonly string[];
}

/** The manifests of our packages, by folder name. */
export type Manifests = Readonly<Record<string, PackageManifest>>;

/** For every package the packages of ours it may import: whatever lies below it. */
export const packageArrows: Readonly<Record<string, readonly string[]>> = {
  formats: [],
  engine: [],
  imaging: ["formats"],
  models: ["formats", "engine", "imaging"],
  microscope: ["formats", "engine", "imaging", "models"],
  lab: ["formats", "engine", "imaging", "models", "microscope"],
  server: ["formats", "engine", "imaging", "models", "microscope"],
  web: ["formats", "engine", "imaging", "models", "microscope", "server"],
  proteoscope: ["formats", "engine", "imaging", "models", "microscope", "lab", "server"],
};

const nodePackages = new Set(["lab", "server", "proteoscope"]);
const testTools = new Set(["vitest", "fast-check"]);
const nodeBuiltins = new Set(builtinModules);

/** The violations of one file of `packages/<name>/src`, given what it imports and exports. */
export function checkImports(path: string, syntax: ModuleSyntax, manifests: Manifests): Violation[] {
  const owner = /^packages\/([^/]+)\/src\//.exec(path)?.[1];
  if (owner === undefined) return [];
  const isTest = isTestCode(path);
  const found: Violation[] = [];
  for (const { specifier, line } of syntax.imports) {
    const report = (rule: string): void => {
      found.push({ path, line, rule: `${rule} (imports "${specifier}")` });
    };
    const name = packageName(specifier);
    if (specifier.startsWith(".")) {
      const target = posix.normalize(posix.join(posix.dirname(path), specifier));
      if (!target.startsWith(`packages/${owner}/`)) report("a relative import stays inside its package");
      if (!isTest && isTestCode(target)) report("only tests import test code");
      if (isProtobuf(target) && !inFolder(path, "packages/engine/src/onnx")) report(protobufRule);
    } else if (specifier.startsWith("node:") || nodeBuiltins.has(specifier)) {
      if (!specifier.startsWith("node:")) report('a built-in module is imported with the prefix "node:"');
      if (!isTest && !nodePackages.has(owner) && !/\/node(\.ts$|\/)/.test(path)) {
        report('"node:" modules only in node.ts, in folders named node/, in tests, lab, server and the CLI');
      }
    } else if (name.startsWith("@proteoscope/")) {
      const target = name.slice("@proteoscope/".length);
      if (target === owner) report("a package imports its own files by relative path");
      else if (!packageArrows[owner]?.includes(target)) report(`${owner} must not depend on ${target}`);
      const subPath = `.${specifier.slice(name.length)}`;
      if (!isTest && subPath.startsWith("./testing")) report("only tests import test code");
      if (!manifests[target]?.exports.includes(subPath)) report(`${name} has no export "${subPath}"`);
    } else {
      if (isProtobuf(specifier) && !inFolder(path, "packages/engine/src/onnx")) report(protobufRule);
      if (/^onnxruntime-/.test(specifier) && !inFolder(path, "packages/engine/src/runtime")) {
        if (!(isTest && owner === "engine")) report("onnxruntime-* only in engine/src/runtime");
      }
      if (name === "pg" && !isTest && !inFolder(path, "packages/server/src/db")) {
        report("SQL only in server/src/db");
      }
      const manifest = manifests[owner];
      const isTestTool = isTest && (testTools.has(name) || manifest?.devDependencies.includes(name));
      if (!isTestTool && !manifest?.dependencies.includes(name)) {
        report(`"${name}" must be in the dependencies of packages/${owner}/package.json`);
      }
    }
  }
  return found;
}

/** `export *` and default exports, which are allowed in configuration files only. */
export function checkExports(path: string, syntax: ModuleSyntax): Violation[] {
  const stars = syntax.starExports.map((line) => ({ path, line, rule: "no `export *`: list the names" }));
  if (/\.config\.ts$/.test(path)) return stars;
  return [...stars, ...syntax.defaultExports.map((line) => ({ path, line, rule: "named exports only" }))];
}

const protobufRule = "protobuf only in engine/src/onnx";

/** Tests, and what only tests use: folders named testing/. */
export function isTestCode(path: string): boolean {
  return path.endsWith(".test.ts") || /^packages\/[^/]+\/src\/(.*\/)?testing\//.test(path);
}

function isProtobuf(specifier: string): boolean {
  return /^@bufbuild\/|onnx[-_](proto|pb|buf)/.test(specifier);
}

function inFolder(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
