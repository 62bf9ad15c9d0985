// The JavaScript of a release: command line, the subpaths of the library, worker threads and web worker as ES modules,
// side by side in one folder. Code that several need lies in shared chunks, so that a tensor is the same thing in all.
// A worker is started from `new URL("./worker.js", import.meta.url)`, so each must be a file of its own there.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { basename, join } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";

/**
 * Writes one file per entry, one per worker and their chunks into `outputFolder`, which is emptied first.
 * @param entries modules by the name of their file, without its ending.
 * @returns the names of the npm packages that the bundle imports.
 * @throws Error if two files would have one name.
 */
export async function bundle(
  root: string,
  outputFolder: string,
  entries: Readonly<Record<string, string>>,
  npmPackages: readonly string[],
): Promise<string[]> {
  rmSync(outputFolder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: nameOnce([
      ...Object.entries(entries),
      ...findWorkers(join(root, "packages")).map((path): [string, string] => [workerName(path), path]),
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
    plugins: [webWorkerUrls],
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
  return importedPackages(metafile);
}

/** Every `worker.ts` and `*-worker.ts` of the workspaces' sources that lies in a folder `node` or `web`. */
export function findWorkers(packagesFolder: string): string[] {
  return readdirSync(packagesFolder).flatMap((name) =>
    readdirSync(join(packagesFolder, name), { recursive: true, encoding: "utf8" })
      .filter((path) => /^src[\\/](.*[\\/])?(node|web)[\\/]([\w-]+-)?worker\.ts$/.test(path))
      .map((path) => join(packagesFolder, name, path)),
  );
}

/** `worker` for a thread of Node, `web-worker` for that of a browser. */
function workerName(path: string): string {
  return `${/[\\/]web[\\/][^\\/]+$/.test(path) ? "web-" : ""}${basename(path, ".ts")}`;
}

/** In the sources the browser's worker is `./worker.ts`, which bundlers of pages find; here it has another name. */
const webWorkerUrls: Plugin = {
  name: "web-worker-urls",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/](.*[\\/])?web[\\/][^\\/]+\.ts$/ }, ({ path }) => ({
      loader: "ts",
      contents: readFileSync(path, "utf8").replace(
        /new URL\("\.\/((?:[\w-]+-)?worker)\.ts", import\.meta\.url\)/g,
        'new URL("./web-$1.js", import.meta.url)',
      ),
    }));
  },
};

/** Entry points by the name that their file gets; two files of one name would overwrite each other. */
export function nameOnce(named: readonly (readonly [string, string])[]): Record<string, string> {
  const entries: Record<string, string> = {};
  for (const [name, path] of named) {
    if (entries[name] !== undefined)
      throw new Error(`${path} and ${entries[name]} would both become ${name}.js`);
    entries[name] = path;
  }
  return entries;
}

/** The npm packages among the imports that stayed outside the bundle. */
export function importedPackages(metafile: Pick<Metafile, "outputs">): string[] {
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external).map(({ path }) => path),
  );
  return packageNames(outside);
}

/** The npm packages of import specifiers, sorted: subpaths cut off, modules of Node left out. */
export function packageNames(specifiers: readonly string[]): string[] {
  const names = specifiers
    .filter((specifier) => !specifier.startsWith("node:") && !builtinModules.includes(specifier))
    .map((specifier) =>
      specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/"),
    );
  return [...new Set(names)].sort();
}
