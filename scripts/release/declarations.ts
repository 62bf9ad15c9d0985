// The types of a release: the declarations of every module that the library's subpaths reach, in a tree of their own.
// One tree, not one file per subpath: so a type that two subpaths export is the same type in both. Imports of other
// workspaces become relative paths, and `.ts` becomes `.js`, as Node's resolution needs it.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import ts from "typescript";
import { packageNames } from "./bundle.ts";
import { declarationPath } from "./subpaths.ts";

/**
 * Writes the declarations of `modules` (paths relative to `root`) and of all they reach to `outputFolder/types`.
 * @returns the names of the npm packages that the declarations import.
 * @throws Error with TypeScript's words where a module has no declaration, or imports what cannot be found.
 */
export function writeDeclarations(root: string, modules: readonly string[], outputFolder: string): string[] {
  const { options, errors } = ts.getParsedCommandLineOfConfigFile(join(root, "tsconfig.json"), emitOptions, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (problem) => throwProblems([problem]),
  })!;
  throwProblems(errors);
  const host = ts.createCompilerHost(options);
  const fromRoot = (path: string): string => relative(root, path).split(sep).join("/");
  const readModules = (paths: readonly string[], old?: ts.Program): ts.Program =>
    ts.createProgram(
      paths.map((path) => join(root, path)),
      options,
      host,
      old,
    );
  // TypeScript takes what another workspace exports for a library's and emits nothing for it, unless it is named.
  const found = readModules(modules);
  const ours = found.getSourceFiles().map(({ fileName }) => fromRoot(fileName));
  const program = readModules(ours.filter(isModule), found);

  rmSync(join(outputFolder, "types"), { recursive: true, force: true });
  const outside: string[] = [];
  const reached = new Set(modules);
  for (const module of reached) {
    const text = rewriteImports(emitDeclaration(program, join(root, module)), (specifier) => {
      const file = ts.resolveModuleName(specifier, join(root, module), options, host).resolvedModule;
      const target = fromRoot(file?.resolvedFileName ?? "");
      if (!isModule(target)) {
        outside.push(specifier);
        return specifier;
      }
      reached.add(target);
      return relativeImport(declarationPath(module), declarationPath(target));
    });
    const path = join(outputFolder, declarationPath(module));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return packageNames(outside);
}

const emitOptions: ts.CompilerOptions = { noEmit: false, declaration: true, emitDeclarationOnly: true };

function isModule(path: string): boolean {
  return /^packages\/[^/]+\/src\//.test(path);
}

function emitDeclaration(program: ts.Program, path: string): string {
  let declaration = "";
  const { diagnostics } = program.emit(program.getSourceFile(path), (_path, text) => {
    declaration = text;
  });
  throwProblems(diagnostics);
  return declaration;
}

/** Replaces every module specifier of a declaration file: of imports, re-exports and `import("...")` types. */
export function rewriteImports(text: string, rewrite: (specifier: string) => string): string {
  let rewritten = "";
  let end = 0;
  for (const { fileName, pos } of ts.preProcessFile(text, true, true).importedFiles) {
    const begin = pos + 1; // behind the quotation mark
    rewritten += text.slice(end, begin) + rewrite(fileName);
    end = begin + fileName.length;
  }
  return rewritten + text.slice(end);
}

function relativeImport(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to).replace(/\.d\.ts$/, ".js");
  return path.startsWith(".") ? path : `./${path}`;
}

function throwProblems(problems: readonly ts.Diagnostic[]): void {
  if (problems.length === 0) return;
  throw new Error(
    ts.formatDiagnostics(problems, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => "",
      getNewLine: () => "\n",
    }),
  );
}
