// The floors inside a package: which of its folders may import which others, that trainers stand side by side, and how many
// files a folder may hold before it needs folders of its own.
import { posix } from "node:path";
import { isTestCode, type Violation } from "./import-rules.ts";
import type { ModuleSyntax } from "./imports.ts";
import type { SourceFile } from "./repository.ts";

export const mostFilesPerFolder = 20;

/** For each folder of packages/lab/src the other folders that it may import; files beside them may import all. */
export const labFloors: Readonly<Record<string, readonly string[]>> = {
  config: [],
  files: ["config"],
  data: ["config", "files"],
  calibrate: ["data"],
  evaluate: ["config", "files", "data", "calibrate"],
  training: ["config", "files", "data", "evaluate"],
  trainers: ["config", "data", "training"],
};

/** The imports of one file of packages/lab/src that go up, or from one trainer to another. */
export function checkLabFloors(path: string, { imports }: ModuleSyntax): Violation[] {
  const [folder, trainer] = placeOf(path);
  const allowed = folder === undefined || isTestCode(path) ? undefined : labFloors[folder];
  if (allowed === undefined) return [];
  return imports.flatMap(({ specifier, line }) => {
    const [target, other] = placeOf(posix.join(posix.dirname(path), specifier));
    const report = (rule: string) => [{ path, line, rule: `${rule} (imports "${specifier}")` }];
    if (!specifier.startsWith(".") || target === undefined) return [];
    if (target !== folder && !allowed.includes(target))
      return report(`lab/${folder} must not depend on lab/${target}`);
    const isRegistry = trainer?.endsWith(".ts");
    if (folder === "trainers" && target === folder && other !== trainer && !isRegistry)
      return report("a trainer imports no other trainer: what two of them need stands in training/ or data/");
    return [];
  });
}

/** The first two folders of a file below packages/lab/src; the second may be a file. */
function placeOf(path: string): (string | undefined)[] {
  const parts = /^packages\/lab\/src\/(.+)$/.exec(path)?.[1]?.split("/") ?? [];
  return parts.length > 1 ? parts.slice(0, 2) : [];
}

/** Folders below `packages/<name>/src` with more source files than anyone reads at a glance; tests are not counted. */
export function checkFolderSizes(files: readonly SourceFile[]): Violation[] {
  const counts = new Map<string, number>();
  for (const { path } of files)
    if (/^packages\/[^/]+\/src\/.*\.m?ts$/.test(path) && !path.endsWith(".test.ts"))
      counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > mostFilesPerFolder)
    .map(([path, count]) => ({
      ...{ path, line: 1 },
      rule: `at most ${mostFilesPerFolder} source files a folder (has ${count})`,
    }));
}
