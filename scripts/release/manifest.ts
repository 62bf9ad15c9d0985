// The package.json of a release: the command-line package's own, with its workspaces gone, the subpaths as exports, and
// with the npm packages that its files import, in the versions the workspaces ask for. What only a page needs is an
// optional peer: npm does not install it unasked, and a page's own project asks for it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { declarationPath, entryName, webWorkerSubpath } from "./subpaths.ts";

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** The npm packages of all workspaces with their version ranges, ours left out. */
export function readWorkspaceDependencies(root: string): Record<string, string> {
  const manifests = readdirSync(join(root, "packages"))
    .map((name) => join(root, "packages", name, "package.json"))
    .filter((path) => existsSync(path))
    .map((path): Manifest => JSON.parse(readFileSync(path, "utf8")));
  return mergeDependencies(manifests);
}

/**
 * Merges the dependencies of several packages.
 * @throws Error if two of them need the same package in different ranges.
 */
export function mergeDependencies(manifests: readonly Manifest[]): Record<string, string> {
  const merged: Record<string, { range: string; owner: string }> = {};
  for (const { name: owner, dependencies = {} } of manifests) {
    for (const [name, range] of Object.entries(dependencies)) {
      if (name.startsWith("@proteoscope/")) continue;
      const other = merged[name];
      if (other && other.range !== range) {
        throw new Error(`${name} is wanted as ${range} by ${owner} but as ${other.range} by ${other.owner}`);
      }
      merged[name] = { range, owner };
    }
  }
  return Object.fromEntries(Object.entries(merged).map(([name, { range }]) => [name, range]));
}

/** The npm packages that no file for Node imports. */
const pagePackages = new Set(["onnxruntime-web"]);

/**
 * The release's manifest.
 * @param ranges the version ranges that the workspaces ask for, by npm package.
 * @param used the npm packages that the release's files import.
 * @param subpaths modules by subpath.
 */
export function releaseManifest(
  manifest: Manifest,
  ranges: Readonly<Record<string, string>>,
  used: readonly string[],
  subpaths: Readonly<Record<string, string>>,
): Manifest {
  const { devDependencies: _, private: __, ...rest } = manifest;
  const rangesOf = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      names.map((name) => {
        const range = ranges[name];
        if (range === undefined)
          throw new Error(`the release imports ${name}, which no workspace depends on`);
        return [name, range];
      }),
    );
  const peers = used.filter((name) => pagePackages.has(name));
  return {
    ...rest,
    sideEffects: ["./dist/*worker.js"], // bundlers of pages may leave out whatever is not used
    exports: {
      ...Object.fromEntries(
        Object.entries(subpaths).map(([subpath, module]) => [
          subpath,
          { types: `./${declarationPath(module)}`, default: `./dist/${entryName(subpath)}.js` },
        ]),
      ),
      [webWorkerSubpath]: `./dist/${entryName(webWorkerSubpath)}.js`,
      "./package.json": "./package.json",
    },
    dependencies: rangesOf(used.filter((name) => !pagePackages.has(name))),
    peerDependencies: rangesOf(peers),
    peerDependenciesMeta: Object.fromEntries(peers.map((name) => [name, { optional: true }])),
  };
}
