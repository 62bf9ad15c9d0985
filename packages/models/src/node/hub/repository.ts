// Names of models on the Hugging Face Hub, and where the cache that all tools share has them:
//
//   models--<owner>--<name>/blobs/<hash>   refs/<revision>   snapshots/<commit>/<file> -> ../../blobs/<hash>
//
// Reference: https://huggingface.co/docs/huggingface_hub/guides/manage-cache. Names of files and revisions come from a server or
// a command line: those that could lead out of their folder are refused before any path is made of them.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** The branch that a name without a revision means. */
export const defaultRevision = "main";

/** A commit, as git names it. */
export const commitPattern = /^[0-9a-f]{40}$/;

/** Whether a text has the form `owner/name` that the Hub gives its models. */
export function isModelName(text: string): boolean {
  const parts = text.split("/");
  return (
    parts.length === 2 && parts.every((part) => /^\w[\w.-]{0,95}$/.test(part) && !/--|\.\.|[.-]$/.test(part))
  );
}

/** The cache folder of a model. */
export function repositoryFolder(hubFolder: string, name: string): string {
  return join(hubFolder, `models--${name.replace("/", "--")}`);
}

/** Whether a path of a listing names a file below a folder on every system: plain names between forward slashes. */
export function isConfined(path: string): boolean {
  return (
    path.length <= 1024 &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !isUnusable(part))
  );
}

function isUnusable(part: string): boolean {
  return /[\\:*?"<>|]/.test(part) || [...part].some((character) => character < " ");
}

/** The folder of a revision (a branch, a tag or a commit) that the cache has, or undefined. */
export async function findSnapshot(
  hubFolder: string,
  name: string,
  revision: string = defaultRevision,
): Promise<string | undefined> {
  const folder = repositoryFolder(hubFolder, name);
  const commit = commitPattern.test(revision) ? revision : await readRef(folder, revision);
  if (commit === undefined) return undefined;
  const snapshot = join(folder, "snapshots", commit);
  const found = await stat(snapshot).catch(() => undefined);
  return found?.isDirectory() ? snapshot : undefined;
}

async function readRef(folder: string, revision: string): Promise<string | undefined> {
  if (!isConfined(revision)) return undefined;
  const text = await readFile(join(folder, "refs", revision), "utf8").catch(() => "");
  return commitPattern.test(text.trim()) ? text.trim() : undefined;
}
