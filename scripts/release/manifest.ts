// The package.json of a release: the command-line package's own, with its workspaces gone and with the npm packages
// that the bundle imports, in the versions the workspaces ask for. What only a browser needs is not installed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

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
 * @throws Error if two of them want the same package in different ranges.
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

/** The release's manifest; `used` are the npm packages that the bundle imports. */
export function releaseManifest(
  manifest: Manifest,
  dependencies: Readonly<Record<string, string>>,
  used: readonly string[],
): Manifest {
  const { devDependencies: _, private: __, ...rest } = manifest;
  return {
    ...rest,
    exports: { ".": "./dist/index.js", "./package.json": "./package.json" },
    dependencies: Object.fromEntries(
      used.map((name) => {
        const range = dependencies[name];
        if (range === undefined) throw new Error(`the bundle imports ${name}, which no workspace depends on`);
        return [name, range];
      }),
    ),
  };
}
