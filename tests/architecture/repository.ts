// The repository as the architecture rules see it: text files with paths relative to its root.
// The tree is walked, not asked of git, so that a copy without `.git` is held to the same rules.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot = fileURLToPath(new URL("../..", import.meta.url));

/** A text file: `path` has forward slashes and starts at the repository's root. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const ignoredFolders = new Set(["node_modules", "dist", "dist-static"]);
const ignoredRootFolders = new Set(["runs", "out"]);
const textEndings = /\.(m?ts|mjs|js|json|md|ya?ml|cff|html|css|svelte|sh|proto)$/;
const textNames = new Set(["LICENSE", "NOTICE", "run", ".gitignore", ".npmrc"]);
const largestTextBytes = 2_000_000;

/** Every text file of the repository, sorted by path; dependencies, outputs and hidden folders but `.ci` left out. */
export function readRepository(root: string = repositoryRoot): SourceFile[] {
  const files: SourceFile[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        const ignored =
          ignoredFolders.has(entry.name) ||
          (folder === "" && ignoredRootFolders.has(entry.name)) ||
          (entry.name.startsWith(".") && entry.name !== ".ci");
        if (!ignored) walk(path);
      } else if (entry.isFile() && (textEndings.test(entry.name) || textNames.has(entry.name))) {
        if (statSync(join(root, path)).size > largestTextBytes) continue;
        files.push({ path, text: readFileSync(join(root, path), "utf8") });
      }
    }
  };
  walk("");
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
