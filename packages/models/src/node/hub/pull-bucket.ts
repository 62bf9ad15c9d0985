// Files of a public bucket into a folder of our own. A bucket lists no sums: sizes come from its headers, and a sha256 from the
// first download, which the caller keeps as a pin.

import { createHash } from "node:crypto";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ProteoscopeError } from "@proteoscope/formats";
import { createFolder } from "@proteoscope/formats/node";
import { hashFile } from "../hash-file.ts";
import { type HubAccess, requestHub, retry } from "./client.ts";
import { requireDiskSpace } from "./disk-space.ts";
import { downloadFile, type RemoteFile } from "./download.ts";
import { checkableEtag } from "./etag.ts";
import { missingBytes } from "./missing-bytes.ts";
import type { PullEvents } from "./pull.ts";
import type { Pin } from "./release-record.ts";

/** Which files of a bucket are pulled, and to where. */
export interface BucketRequest {
  /** Address of the folder in the bucket; the paths are below it. */
  readonly address: string;
  readonly files: readonly string[];
  /** The folder on disk, in which the files have the same paths. */
  readonly folder: string;
  /** Sums of earlier downloads by path: other bytes are refused. */
  readonly pins: Readonly<Record<string, Pin>>;
}

/** A file of a bucket that is here. */
export interface BucketFile extends Pin {
  readonly path: string;
  /** Whether it came now. */
  readonly isNew: boolean;
}

/**
 * Fetches the files that the folder lacks; an interrupted pull goes on where it ended. `onFile` is called with each file as it
 * is finished, so that a later failure does not lose its sum.
 * @throws ProteoscopeError (data) for bytes other than those of a pin or of a sum of the bucket, or of another length.
 */
export async function pullBucket(
  { address, files, folder, pins }: BucketRequest,
  access: HubAccess,
  events: PullEvents & { onFile?(file: BucketFile): Promise<void> | void } = {},
): Promise<{ readonly files: readonly BucketFile[]; readonly downloadedBytes: number }> {
  await createFolder(folder);
  const states = await mapInOrder(files, async (path) => {
    const [size, pin] = [await sizeOf(join(folder, path)), pins[path]];
    const isHere = pin !== undefined && size === pin.bytes;
    return { path, pin, remote: isHere ? undefined : await describeFile(address, path, access, pin) };
  });
  const missing = states.flatMap(({ remote }) => remote ?? []);
  const totalBytes = missing.reduce((sum, { bytes }) => sum + bytes, 0);
  if (missing.length > 0) {
    const bytes = await missingBytes(
      missing.map((remote) => ({
        target: temporaryPath(join(folder, remote.path), remote),
        bytes: remote.bytes,
      })),
    );
    const freeBytes = await requireDiskSpace(folder, bytes);
    await events.onPlan?.({ folder, bytes, freeBytes, licence: undefined, files: missing });
  }
  let doneBytes = 0;
  const pulled = await mapInOrder(states, async ({ path, pin, remote }): Promise<BucketFile> => {
    if (remote === undefined) return { path, ...pin!, isNew: false };
    const target = join(folder, path);
    await fetchFile(remote, target, access, (bytes) =>
      events.onProgress?.(doneBytes + bytes, totalBytes, path),
    );
    doneBytes += remote.bytes;
    const file: BucketFile = {
      ...{ path, bytes: remote.bytes, sha256: await hashFile(target), url: remote.url.href },
      ...{ pinned: pin?.pinned ?? new Date().toISOString(), isNew: true },
    };
    await events.onFile?.(file);
    return file;
  });
  return { files: pulled, downloadedBytes: totalBytes };
}

/** What the bucket says of a file. @throws ProteoscopeError (data) where that is not what a pin says, or nothing. */
async function describeFile(
  address: string,
  path: string,
  access: HubAccess,
  pin: Pin | undefined,
): Promise<RemoteFile> {
  const url = new URL(path.split("/").map(encodeURIComponent).join("/"), address.replace(/\/*$/, "/"));
  const { response } = await retry(() => requestHub(url, access, { method: "HEAD" }), access).catch(explain);
  // The page of a login or a proxy, whose sum would be pinned as that of the weights.
  if (/^text\/html/i.test(response.headers.get("content-type") ?? ""))
    throw new ProteoscopeError(
      `${url.href}: a web page comes in place of the file: open the address in a browser to see who answers`,
      { kind: "data" },
    );
  const length = response.headers.get("content-length");
  const bytes = length === null ? Number.NaN : Number(length);
  if (!Number.isSafeInteger(bytes))
    throw new ProteoscopeError(`${url.href}: the bucket does not say how long the file is`, { kind: "data" });
  if (pin !== undefined && pin.bytes !== bytes)
    throw new ProteoscopeError(
      `${url.href}: the bucket has ${bytes} bytes where ${pin.bytes} came on ${pin.pinned.slice(0, 10)} (sha256 ${pin.sha256}): its makers have changed it`,
      { kind: "data", field: "update" },
    );
  const etag = response.headers.get("etag") ?? undefined;
  const isPlain = !/kms/.test(response.headers.get("x-amz-server-side-encryption") ?? "");
  const sum = isPlain ? checkableEtag(etag, bytes) : undefined;
  return {
    ...{ path, url, bytes, etag },
    says: pin === undefined ? "the bucket lists" : `came first, on ${pin.pinned.slice(0, 10)},`,
    hash: pin
      ? { kind: "sha256", hex: pin.sha256 }
      : sum === undefined
        ? undefined
        : { kind: "etag", hex: sum },
  };
}

/** Downloads beside the target under a name of the version, so that parts of two versions never meet. */
async function fetchFile(
  remote: RemoteFile,
  target: string,
  access: HubAccess,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const temporary = temporaryPath(target, remote);
  await createFolder(dirname(target));
  await removeOtherVersions(target, basename(temporary));
  await downloadFile(remote, temporary, access, onProgress);
  await rename(temporary, target);
}

function temporaryPath(target: string, { bytes, etag }: RemoteFile): string {
  const version = createHash("sha256").update(`${bytes} ${etag}`).digest("hex").slice(0, 12);
  return `${target}.${version}`;
}

async function removeOtherVersions(target: string, current: string): Promise<void> {
  const prefix = `${basename(target)}.`;
  for (const name of await readdir(dirname(target)))
    if (name.startsWith(prefix) && name.endsWith(".incomplete") && !name.startsWith(current))
      await rm(join(dirname(target), name));
}

/** A bucket answers 403 for a file that it does not have, where it does not list itself to everyone. */
function explain(error: unknown): never {
  if (!(error instanceof ProteoscopeError) || error.field !== "token") throw error;
  const address = error.message.split(": ")[0];
  throw new ProteoscopeError(`${address}: the bucket has no such file, or shows it to nobody any more`, {
    ...{ kind: "notFound", cause: error },
  });
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

async function mapInOrder<T, R>(values: readonly T[], work: (value: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const value of values) results.push(await work(value));
  return results;
}
