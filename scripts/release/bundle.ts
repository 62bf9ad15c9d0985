// The bundle of a release: command line, library and worker threads as ES modules for Node, side by side in one
// folder. A worker is started from `new URL("./worker.js", import.meta.url)`, so each must be a file of its own
// there, and shared chunks must lie in the same folder.
import { readdirSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { basename, join } from "node:path";
import { build, type Metafile } from "esbuild";

/**
 * Writes `cli.js`, `index.js`, one file per worker and their chunks into `outputFolder`, which is emptied first.
 * @returns the names of the npm packages that the bundle imports.
 */
export async function bundle(
  root: string,
  outputFolder: string,
  npmPackages: readonly string[],
): Promise<string[]> {
  rmSync(outputFolder, { recursive: true, force: true });
  const cli = join(root, "packages/proteoscope/src");
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entryPoints([
      join(cli, "cli.ts"),
      join(cli, "index.ts"),
      ...findWorkers(join(root, "packages")),
    ]),
    outdir: outputFolder,
    entryNames: "[name]",
    chunkNames: "chunk-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    external: [...npmPackages],
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
  return importedPackages(metafile);
}

/** Every `node/worker.ts` and `node/*-worker.ts` of the workspaces' sources. */
export function findWorkers(packagesFolder: string): string[] {
  return readdirSync(packagesFolder).flatMap((name) =>
    readdirSync(join(packagesFolder, name), { recursive: true, encoding: "utf8" })
      .filter((path) => /^src[\\/](.*[\\/])?node[\\/]([\w-]+-)?worker\.ts$/.test(path))
      .map((path) => join(packagesFolder, name, path)),
  );
}

/** Entry points by the name their file gets; two files of one name would overwrite each other. */
export function entryPoints(paths: readonly string[]): Record<string, string> {
  const entries: Record<string, string> = {};
  for (const path of paths) {
    const name = basename(path, ".ts");
    if (entries[name] !== undefined)
      throw new Error(`${path} and ${entries[name]} would both become ${name}.js`);
    entries[name] = path;
  }
  return entries;
}

/** The npm packages among the imports that stayed outside the bundle. */
export function importedPackages(metafile: Pick<Metafile, "outputs">): string[] {
  const names = new Set<string>();
  for (const { imports } of Object.values(metafile.outputs)) {
    for (const { path, external } of imports) {
      if (!external || path.startsWith("node:") || builtinModules.includes(path)) continue;
      names.add(
        path
          .split("/")
          .slice(0, path.startsWith("@") ? 2 : 1)
          .join("/"),
      );
    }
  }
  return [...names].sort();
}
