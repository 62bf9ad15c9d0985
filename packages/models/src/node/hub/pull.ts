// Pulls a model of the Hub into the shared cache, where every tool finds it: blobs by hash, a folder of links for the
// commit, and last the reference, so that a revision that is named is a revision that is whole. Own code, because
// @huggingface/hub 2.17 downloads into the cache without resuming, without checking sizes or hashes, and cannot be
// interrupted or watched.
import { copyFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { createFolder } from "@proteoscope/formats/node";
import { chooseFiles, chooseOnly } from "./choose-files.ts";
import type { HubAccess } from "./client.ts";
import { requireDiskSpace } from "./disk-space.ts";
import { downloadFile, type RemoteFile } from "./download.ts";
import { listRepository } from "./list.ts";
import { missingBytes } from "./missing-bytes.ts";
import { commitPattern, repositoryFolder } from "./repository.ts";

/** Which model is pulled, and to where. */
export interface PullRequest {
  /** Name of the model, `owner/name`. */
  readonly name: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** The cache's folder on disk, such as ~/.cache/huggingface/hub. */
  readonly hubFolder: string;
  /** Whether the weights for other frameworks are fetched too. */
  readonly all: boolean;
  /** Paths of the only files that are wanted, where they are not all. */
  readonly only?: readonly string[] | undefined;
}

/** What a pull is going to do. */
export interface PullPlan {
  readonly folder: string;
  /** Bytes that are still to come, without those of interrupted downloads, and those that are free on the disk. */
  readonly bytes: number;
  readonly freeBytes: number;
  readonly licence: string | undefined;
  readonly files: readonly RemoteFile[];
}

/** Callbacks of a pull. */
export interface PullEvents {
  /** Called before anything is fetched; what it throws ends the pull. */
  onPlan?(plan: PullPlan): Promise<void> | void;
  /** Called before anything is fetched, with the licence that the card names. */
  onLicence?(licence: string | undefined): Promise<void> | void;
  /** Called with the bytes that are here, those of interrupted downloads among them, their total, and the file being fetched. */
  onProgress?(bytes: number, totalBytes: number, path: string): void;
}

/** A model in the cache. */
export interface PulledModel {
  readonly commit: string;
  /** The commit's folder on disk. */
  readonly path: string;
  readonly licence: string | undefined;
  readonly files: readonly string[];
  readonly leftOut: readonly string[];
  readonly bytes: number;
  readonly downloadedBytes: number;
}

/**
 * Fetches the files of a model that the cache lacks; an interrupted pull goes on where it ended.
 * @throws ProteoscopeError (field `hubFolder` for a full disk, `token` for a closed model), and the system's errors.
 */
export async function pullModel(
  { name, revision, hubFolder, all, only }: PullRequest,
  access: HubAccess,
  events: PullEvents = {},
): Promise<PulledModel> {
  const { commit, licence, files } = await listRepository(name, revision, access);
  const { wanted, leftOut } =
    only === undefined ? chooseFiles(files, { all }) : chooseOnly(name, files, only);
  const folder = repositoryFolder(hubFolder, name);
  const blobOf = ({ hash }: RemoteFile): string => join(folder, "blobs", hash!.hex);
  const isHere = await Promise.all(wanted.map((file) => hasSize(blobOf(file), file.bytes)));
  const missing = [...new Map(wanted.filter((_, i) => !isHere[i]).map((file) => [blobOf(file), file]))];
  const totalBytes = sumBytes(missing.map(([, file]) => file));
  await createFolder(join(folder, "blobs"));
  if (missing.length > 0) {
    const bytes = await missingBytes(missing.map(([blob, file]) => ({ target: blob, bytes: file.bytes })));
    const freeBytes = await requireDiskSpace(folder, bytes);
    await events.onPlan?.({ folder, bytes, freeBytes, licence, files: wanted });
    await events.onLicence?.(licence);
  }
  let doneBytes = 0;
  for (const [blob, file] of missing) {
    const report = (bytes: number) => events.onProgress?.(doneBytes + bytes, totalBytes, file.path);
    await downloadFile(file, blob, access, report);
    doneBytes += file.bytes;
  }
  const path = join(folder, "snapshots", commit);
  for (const file of wanted) await link(blobOf(file), join(path, file.path));
  if (!commitPattern.test(revision)) await writeRef(join(folder, "refs", revision), commit);
  return {
    ...{ commit, path, licence },
    files: wanted.map((file) => file.path),
    leftOut: leftOut.map((file) => file.path),
    bytes: sumBytes(wanted),
    downloadedBytes: totalBytes,
  };
}

async function hasSize(path: string, bytes: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && found.size === bytes;
}

function sumBytes(files: readonly RemoteFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** A relative link, as the cache has them, so that the cache can be moved; a copy where links are not allowed. */
async function link(blob: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.partial`;
  await rm(temporary, { force: true });
  try {
    await symlink(relative(dirname(path), blob), temporary);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
    await copyFile(blob, temporary);
  }
  await rename(temporary, path);
}

async function writeRef(path: string, commit: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => "")) === commit) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.partial`;
  await writeFile(temporary, commit);
  await rename(temporary, path);
}
