// The files of a release of another group, compared with what came when it was first pulled: their makers state no sums, so that
// this is what a damaged or replaced file is known by.

import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolders } from "../../cache-folders.ts";
import type { CommandContext } from "../../cli/command.ts";
import { startProgress } from "../../cli/progress.ts";
import { toMegabytes } from "./pull-messages.ts";

/** The sums of a release's files, and what is wrong with them. */
export interface VerifiedRelease {
  /** sha256 by path. */
  readonly files: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

/** Reads every file of a release that was pulled; undefined for what is none. @throws ProteoscopeError for a damaged record, the signal's reason. */
export async function verifyRelease(
  named: string,
  { env, stderr, signal }: Pick<CommandContext, "env" | "stderr" | "signal">,
): Promise<VerifiedRelease | undefined> {
  const { findReleasedWeights } = await import("@proteoscope/models/released");
  const { findSnapshot, hashFile, readRecord, releaseFolder } = await import("@proteoscope/models/node");
  const weights = findReleasedWeights(named);
  if (weights === undefined) return undefined;
  const { huggingFace, released } = cacheFolders(env);
  const { files: pins } = await readRecord(released, weights.name);
  const folder =
    weights.place.kind === "bucket"
      ? releaseFolder(released, weights.name)
      : await findSnapshot(huggingFace, weights.place.repository);
  if (folder === undefined || Object.keys(pins).length === 0) return undefined;
  const totalBytes = Object.values(pins).reduce((sum, { bytes }) => sum + bytes, 0);
  const progress = startProgress(`read ${weights.name}`, toMegabytes(totalBytes), {
    stream: stderr,
    unit: "MB",
  });
  const files: Record<string, string> = {};
  const problems: string[] = [];
  let doneBytes = 0;
  for (const [path, pin] of Object.entries(pins)) {
    // The cache of Hugging Face is made of links, and a pull looks at what they lead to.
    const file = await realpath(join(folder, path)).catch(() => undefined);
    const start = doneBytes;
    const onProgress = (bytes: number): void => progress.update(toMegabytes(start + bytes), path);
    const sha256 = file && (await hashFile(file, { signal, onProgress }));
    doneBytes += pin.bytes;
    if (sha256 !== undefined) files[path] = sha256;
    if (sha256 !== pin.sha256) problems.push(describeProblem(weights.name, file, path, pin));
  }
  progress.close();
  return { files, problems };
}

function describeProblem(
  name: string,
  file: string | undefined,
  path: string,
  { pinned, sha256 }: { readonly pinned: string; readonly sha256: string },
): string {
  const pull = `proteoscope models pull ${name}`;
  if (file === undefined) return `${path} is missing: ${pull}`;
  return `${file} is not what came on ${pinned.slice(0, 10)} (sha256 ${sha256}): remove it, then ${pull}`;
}
