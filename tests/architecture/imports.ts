// What a TypeScript file imports and exports, read from its syntax tree: static, dynamic and type-only imports,
// `import("x").Name` types and re-exports alike, each with its line.
import ts from "typescript";
import type { SourceFile } from "./repository.ts";

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

export interface ModuleSyntax {
  readonly imports: readonly Import[];
  /** Lines with `export *`. */
  readonly starExports: readonly number[];
  /** Lines with `export default`, `export =` or `export { x as default }`. */
  readonly defaultExports: readonly number[];
}

/** Parses one file; positions are 1-based lines. */
export function readModuleSyntax(file: SourceFile): ModuleSyntax {
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const starExports: number[] = [];
  const defaultExports: number[] = [];
  const lineOf = (node: ts.Node): number => tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
  const addImport = (node: ts.Node | undefined): void => {
    if (node && ts.isStringLiteralLike(node)) imports.push({ specifier: node.text, line: lineOf(node) });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) addImport(node.moduleSpecifier);
    else if (ts.isExportDeclaration(node)) {
      addImport(node.moduleSpecifier);
      if (!node.exportClause || ts.isNamespaceExport(node.exportClause)) starExports.push(lineOf(node));
      else if (node.exportClause.elements.some((element) => element.name.text === "default")) {
        defaultExports.push(lineOf(node));
      }
    } else if (ts.isExportAssignment(node)) defaultExports.push(lineOf(node));
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      addImport(node.argument.literal);
    else if (ts.isCallExpression(node)) {
      const name = node.expression.getText(tree);
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword || /^(require|require\.resolve)$/.test(name)) {
        addImport(node.arguments[0]);
      }
    } else if (ts.canHaveModifiers(node)) {
      const modifiers = ts.getModifiers(node) ?? [];
      if (modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword)) {
        defaultExports.push(lineOf(node));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return { imports, starExports, defaultExports };
}
