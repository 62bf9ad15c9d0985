// The modules that are somebody's interface: the subpaths of the released library, and what a workspace exports to
// the others. What workspaces share for their tests alone is left out.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { subpaths } from "../../scripts/release/subpaths.ts";
import { repositoryRoot } from "../architecture/repository.ts";

/** Modules (paths relative to the root) by the name of their list: `engine-node` for `@proteoscope/engine/node`. */
export function interfaceModules(): Map<string, string> {
  const modules = new Map<string, string>();
  for (const folder of readdirSync(join(repositoryRoot, "packages")).sort()) {
    const manifest: { exports?: Record<string, string> } = JSON.parse(
      readFileSync(join(repositoryRoot, "packages", folder, "package.json"), "utf8"),
    );
    for (const [subpath, module] of Object.entries(manifest.exports ?? {})) {
      if (subpath.startsWith("./testing")) continue;
      modules.set(listName(folder, subpath), posix.join("packages", folder, module));
    }
  }
  const known = new Set(modules.values());
  for (const [subpath, module] of Object.entries(subpaths)) {
    if (!known.has(module)) modules.set(listName("proteoscope", subpath), module);
  }
  return modules;
}

function listName(folder: string, subpath: string): string {
  return [folder, ...subpath.split("/").slice(1)].join("-");
}
