// No function is longer than fits on a screen. One that must be says why in its comment, which then has the words "Long
// because"; everything else is cut into functions that have names.
import ts from "typescript";
import { isTestCode, type Violation } from "./import-rules.ts";
import type { SourceFile } from "./repository.ts";

export const longestFunctionLines = 60;

/** The functions of a source file of a package that are longer and give no reason; functions inside them count to them. */
export function checkFunctions(file: SourceFile): Violation[] {
  if (!/^packages\/[^/]+\/src\/.*\.m?ts$/.test(file.path) || isTestCode(file.path)) return [];
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const lineAt = (position: number): number => tree.getLineAndCharacterOfPosition(position).line + 1;
  const found: Violation[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) {
      const line = lineAt(node.getStart(tree));
      const lines = lineAt(node.end) - line + 1;
      if (lines > longestFunctionLines) {
        const rule = `at most ${longestFunctionLines} lines a function, or "Long because" in its comment (has ${lines})`;
        if (!/\bLong because\b/.test(commentOf(node, tree))) found.push({ path: file.path, line, rule });
        return;
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** The comment before the statement or the member that a function begins. */
function commentOf(node: ts.Node, tree: ts.SourceFile): string {
  let owner = node;
  while (owner.parent && !ts.isBlock(owner.parent) && !ts.isSourceFile(owner.parent)) {
    if (ts.isMethodDeclaration(owner) || ts.isPropertyAssignment(owner)) break;
    owner = owner.parent;
  }
  return tree.text.slice(owner.getFullStart(), owner.getStart(tree));
}
