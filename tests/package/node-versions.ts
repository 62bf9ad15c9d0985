// The versions of Node that the release is held to: the one that runs the tests, and others whose binaries are npm
// packages. A binary is fetched once and kept in node_modules/.cache.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../architecture/repository.ts";

export const nodeVersions = ["20.19", "22", "24"] as const;

const fetchTimeoutMs = 120_000;
const system = process.platform === "win32" ? "win" : process.platform;
const binary = process.platform === "win32" ? "node.exe" : "node";

const found = new Map<string, string | undefined>();

/** The path of a Node of this version; undefined where no registry gives one for this system. */
export function findNode(version: string): string | undefined {
  if (!found.has(version)) found.set(version, fetchNode(version));
  return found.get(version);
}

function fetchNode(version: string): string | undefined {
  const kept = join(
    repositoryRoot,
    "node_modules/.cache/node",
    `${version}-${system}-${process.arch}`,
    binary,
  );
  if (existsSync(kept)) return kept;
  const name = `node-${system}-${process.arch}`;
  const folder = mkdtempSync(join(tmpdir(), "proteoscope-node-"));
  try {
    execFileSync(
      "npm",
      [
        ...["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
        ...["--fetch-retries=1", "--prefix", folder, `${name}@${version}`],
      ],
      { stdio: "pipe", timeout: fetchTimeoutMs, shell: process.platform === "win32" },
    );
    mkdirSync(dirname(kept), { recursive: true });
    copyFileSync(join(folder, "node_modules", name, "bin", binary), `${kept}.partial`);
    renameSync(`${kept}.partial`, kept);
    return kept;
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
