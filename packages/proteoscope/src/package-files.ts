// Where the package finds what it ships: its version, the model, the examples.
// The same module runs from `packages/proteoscope/src` in a clone and from `dist` in a release, where the
// files lie at the root of the repository and at the root of the package.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const shippedModelName = "proteoscope-mini";

/** The version of the installed package. */
export function packageVersion(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}

/** The path of something that ships (`checkpoints/proteoscope-mini`), or undefined if it is not there. */
export function findShipped(path: string): string | undefined {
  const candidates = [`../${path}`, `../../../${path}`].map((url) =>
    fileURLToPath(new URL(url, import.meta.url)),
  );
  return candidates.find((candidate) => existsSync(candidate));
}
