// What the modules of the library export, as TypeScript sees it: names, whether a value stands behind each, and whether
// its docstring has a sentence. Read from the sources through the compiler, so that types are listed as well.
import { join } from "node:path";
import ts from "typescript";

export interface PublicName {
  readonly name: string;
  /** A type has no value at run time. */
  readonly isType: boolean;
  /** Where it is declared: a path relative to the root, and a line from 1. */
  readonly path: string;
  readonly line: number;
  /** The text of its docstring, without tags such as `@returns`; empty where there is none. */
  readonly docstring: string;
}

/**
 * The exports of each module, sorted by name.
 * @param modules paths relative to `root`.
 * @throws Error for a module that is not there.
 */
export function readPublicApi(root: string, modules: readonly string[]): Map<string, PublicName[]> {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, root);
  const program = ts.createProgram(
    modules.map((path) => join(root, path)),
    options,
  );
  const checker = program.getTypeChecker();
  return new Map(
    modules.map((path) => {
      const source = program.getSourceFile(join(root, path));
      const module = source && checker.getSymbolAtLocation(source);
      if (!module) throw new Error(`${path} is no module`);
      const exported = checker.getExportsOfModule(module).map((symbol) => readName(symbol, checker, root));
      return [path, exported.sort((a, b) => (a.name < b.name ? -1 : 1))];
    }),
  );
}

function readName(exported: ts.Symbol, checker: ts.TypeChecker, root: string): PublicName {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const declaration = symbol.declarations?.[0];
  if (!declaration) throw new Error(`"${exported.name}" is exported but declared nowhere`);
  const source = declaration.getSourceFile();
  return {
    name: exported.name,
    isType:
      (symbol.flags & ts.SymbolFlags.Value) === 0 ||
      (exported.declarations ?? []).some(ts.isTypeOnlyExportDeclaration),
    path: source.fileName.slice(join(root, "/").length),
    line: source.getLineAndCharacterOfPosition(declaration.getStart(source)).line + 1,
    docstring: ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim(),
  };
}

/** Whether a docstring has a sentence: two words or more that end in a full stop, a colon or a question mark. */
export function hasSentence(docstring: string): boolean {
  return /\S\s+\S[\s\S]*[.:?)](\s|$)/.test(docstring);
}
