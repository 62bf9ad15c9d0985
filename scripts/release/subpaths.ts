// What a program can import of the released package, and the module of the workspaces that each subpath is made from.
// A new subpath is one line here: bundle, declarations, manifest, API reference and the tests of the package follow.

/** Subpaths of `proteoscope` with their modules, relative to the repository's root. */
export const subpaths: Readonly<Record<string, string>> = {
  ".": "packages/proteoscope/src/index.ts",
  "./engine": "packages/engine/src/index.ts",
  "./formats": "packages/formats/src/index.ts",
  "./imaging": "packages/imaging/src/index.ts",
  "./lab": "packages/lab/src/index.ts",
  "./microscope": "packages/microscope/src/index.ts",
  "./microscope/experiments": "packages/microscope/src/experiments.ts",
  "./models": "packages/models/src/index.ts",
  "./models/released": "packages/models/src/released-networks.ts",
  "./web": "packages/proteoscope/src/web.ts",
};

/** Subpaths that need Node; all others run in browsers, too. */
export const nodeSubpaths: readonly string[] = [".", "./lab"];

/** A web worker's script, for pages whose bundler needs its file. */
export const webWorkerSubpath = "./web/worker";

/** The file name of a subpath without its ending: `./engine` is `engine`, the package itself `index`. */
export function entryName(subpath: string): string {
  return subpath === "." ? "index" : subpath.slice(2).replaceAll("/", "-");
}

/** Where a module's declarations lie in the release: `packages/engine/src/a/b.ts` is `types/engine/a/b.d.ts`. */
export function declarationPath(module: string): string {
  return module.replace(/^packages\/([^/]+)\/src\/(.*)\.ts$/, "types/$1/$2.d.ts");
}
