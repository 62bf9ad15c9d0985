// The page that `serve` shows: a folder that ships with the release; in a clone it is built when it is first served, and again
// after its sources changed.

import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { findShipped } from "../../package-files.ts";

/** What builds the page, and its steps in words. */
interface PageOptions {
  readonly signal: AbortSignal;
  readonly onNotice: (line: string) => void;
}

/** The folder of the built page; undefined where this installation has none. @throws Error where it cannot be built. */
export async function findPage({ signal, onNotice }: PageOptions): Promise<string | undefined> {
  const shipped = findShipped("web");
  if (shipped !== undefined) return shipped;
  const source = findShipped("packages/web");
  if (source === undefined || !existsSync(join(source, "index.html"))) return undefined;
  const built = join(source, "dist");
  if (isNewer(join(built, "index.html"), source)) return built;
  onNotice("the page is built, once; this takes some seconds");
  const vite = createRequire(pathToFileURL(join(source, "package.json"))).resolve("vite/package.json");
  const program = join(dirname(vite), "bin/vite.js");
  await promisify(execFile)(process.execPath, [program, "build", "--logLevel", "warn"], {
    cwd: source,
    signal,
  });
  return built;
}

/** Whether a built file is newer than everything that it was built from. */
function isNewer(built: string, source: string): boolean {
  const made = statSync(built, { throwIfNoEntry: false })?.mtimeMs;
  if (made === undefined) return false;
  const inputs = ["src", "public", "index.html", "package.json", "vite.config.ts"].map((name) =>
    join(source, name),
  );
  const files = inputs.filter(existsSync).flatMap((path) =>
    statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
      : [path],
  );
  return files.every((path) => statSync(path).mtimeMs <= made);
}
