// Packs the release and installs it in an empty folder outside the repository, once for all tests of this folder:
// what a user has who installs the tarball, and nothing of the workspaces.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { TestProject } from "vitest/node";
import { packRelease } from "../../scripts/pack.ts";

export interface InstalledRelease {
  /** The user's folder, with `node_modules` and a package.json of type "module". */
  readonly folder: string;
  /** The path of the tarball. */
  readonly tarball: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    release: InstalledRelease;
  }
}

let folder: string | undefined;

export async function setup(project: TestProject): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-install-"));
  const tarball = await packRelease(folder);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  execFileSync(
    "npm",
    ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", `./${basename(tarball)}`],
    { cwd: folder, stdio: "pipe", shell: process.platform === "win32" },
  );
  project.provide("release", { folder, tarball });
}

export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
