// Type-checks programs as a user's project would, in the strictest settings, and compiles them to JavaScript.
// The compiler and Node's types are those of the repository; everything else is what the installed release brings.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../architecture/repository.ts";

export interface ProjectSettings {
  /** How imports are resolved: as Node does, or as bundlers of pages do. */
  readonly resolution: "nodenext" | "bundler";
  /** The names that programs know without an import: `es2023` of every engine, `dom` of pages. */
  readonly lib: readonly ("es2023" | "dom")[];
  /** Types of npm's @types, such as `node`. */
  readonly types: readonly string[];
}

/**
 * Writes `programs` (texts by file name) into a folder below `folder` and compiles them there.
 * @returns the compiler's words, empty where it is content, and the folder.
 */
export function compilePrograms(
  folder: string,
  name: string,
  programs: Readonly<Record<string, string>>,
  { resolution, lib, types }: ProjectSettings,
): { problems: string; project: string } {
  const project = join(folder, name);
  mkdirSync(project);
  for (const [file, text] of Object.entries(programs)) writeFileSync(join(project, file), text);
  const compilerOptions = {
    target: "es2023",
    lib,
    module: resolution === "nodenext" ? "nodenext" : "esnext",
    moduleResolution: resolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    rootDir: ".",
    typeRoots: [join(repositoryRoot, "node_modules", "@types")],
    types,
  };
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: Object.keys(programs) }),
  );
  const compiler = join(repositoryRoot, "node_modules", "typescript", "bin", "tsc");
  const { stdout } = spawnSync(process.execPath, [compiler, "-p", project, "--pretty", "false"], {
    cwd: project,
    encoding: "utf8",
  });
  return { problems: stdout, project };
}
