// Circles of imports: files of a package that import each other, directly or through others. They cannot be understood,
// moved or tested one at a time, so there are none.

import { posix } from "node:path";
import { isTestCode, type Violation } from "./import-rules.ts";
import type { ModuleSyntax } from "./imports.ts";

export interface ParsedFile {
  readonly path: string;
  readonly syntax: ModuleSyntax;
}

/** One violation per file that an import leads back to, tests aside; the rule names the way round. */
export function checkCircles(files: readonly ParsedFile[]): Violation[] {
  const targets = new Map(
    files
      .filter(({ path }) => !isTestCode(path))
      .map(({ path, syntax }) => [
        path,
        syntax.imports.flatMap(({ specifier }) => targetOf(path, specifier)),
      ]),
  );
  const finished = new Set<string>();
  const found: Violation[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path);
    if (start !== -1) {
      const circle = [...way.slice(start), path].join(" -> ");
      found.push({ path, line: 1, rule: `no circle of imports (${circle})` });
    } else if (!finished.has(path)) {
      for (const target of targets.get(path) ?? []) visit(target, [...way, path]);
      finished.add(path);
    }
  };
  for (const path of targets.keys()) visit(path, []);
  return found;
}

function targetOf(path: string, specifier: string): string[] {
  return specifier.startsWith(".") ? [posix.normalize(posix.join(posix.dirname(path), specifier))] : [];
}
