// Downloads one file of the Hub or of a public bucket to one file on disk: goes on where an earlier attempt ended, never
// writes more than the listing says, and gives the file its name only when its bytes have the hash that the listing says.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { ProteoscopeError } from "@proteoscope/formats";
import { type HubAccess, requestHub, retry, TransientError } from "./client.ts";
import { etagOfFile } from "./etag.ts";
import { claimPartialFile } from "./partial-file.ts";

/** A file as the Hub or a bucket lists it. */
export interface RemoteFile {
  /** Path in the repository or below the bucket's address. */
  readonly path: string;
  readonly url: URL;
  readonly bytes: number;
  /**
   * The Hub lists large files by the sha256 of their bytes, small ones by the sha1 that git gives them, a bucket by its ETag,
   * which is a sum of the bytes or nothing that can be checked.
   */
  readonly hash: { readonly kind: "sha256" | "git" | "etag"; readonly hex: string } | undefined;
  /** The version's mark as the server sends it; another one in an answer means that the file has changed there. */
  readonly etag?: string | undefined;
  /** Who says what the file is, in messages. Default "the Hub lists". */
  readonly says?: string | undefined;
}

/**
 * Downloads a file. `onProgress` receives the number of bytes that are here; an interrupted download keeps them.
 * @throws ProteoscopeError when the server refuses, sends something else, or is out of reach.
 */
export async function downloadFile(
  file: RemoteFile,
  target: string,
  access: HubAccess,
  onProgress: (bytes: number) => void = () => {},
): Promise<void> {
  const partial = await claimPartialFile(target);
  try {
    const handle = await open(partial.path, "r+");
    try {
      await fillWithRightBytes(file, { handle, path: partial.path }, access, onProgress);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await partial.finish();
  } finally {
    partial.release();
  }
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly path: string;
}

async function fillWithRightBytes(
  file: RemoteFile,
  { handle, path }: OpenFile,
  access: HubAccess,
  onProgress: (bytes: number) => void,
): Promise<void> {
  let furthest = 0;
  const report = (bytes: number): void => {
    furthest = Math.max(furthest, bytes);
    onProgress(bytes);
  };
  let isResumed = (await handle.stat()).size > 0;
  for (;;) {
    await retry(
      () => fetchRest(file, handle, access, report),
      access,
      () => furthest,
    );
    const { hash, says = "the Hub lists" } = file;
    if (hash === undefined || (await sumOf(path, file.bytes, hash)) === hash.hex) return;
    await handle.truncate(0);
    // The fault may lie in what an earlier attempt left.
    if (!isResumed)
      throw new ProteoscopeError(
        `${file.path}: its bytes are not those that ${says} (${hash.kind === "git" ? "sha1" : hash.kind} ${hash.hex}); nothing was kept, try again or another endpoint`,
        { kind: "data" },
      );
    isResumed = false;
  }
}

/** Appends what is missing. @throws TransientError when the connection ends early. */
async function fetchRest(
  file: RemoteFile,
  handle: FileHandle,
  access: HubAccess,
  report: (bytes: number) => void,
): Promise<void> {
  const restart = async (why: string): Promise<never> => {
    await handle.truncate(0);
    throw new TransientError(why);
  };
  let { size } = await handle.stat();
  if (size > file.bytes) {
    await handle.truncate(0);
    size = 0;
  }
  report(size);
  if (size === file.bytes) return;
  const headers: Record<string, string> = size === 0 ? {} : { range: `bytes=${size}-` };
  const { response, pieces } = await requestHub(file.url, access, { headers, expected: [200, 206, 416] });
  if (response.status === 416) {
    await response.body?.cancel();
    return restart("the server has no such part of the file");
  }
  const etag = response.headers.get("etag");
  if (file.etag !== undefined && etag !== null && etag !== file.etag) {
    await response.body?.cancel();
    throw new ProteoscopeError(`${file.path}: it changed on the server meanwhile; pull again`, {
      kind: "data",
    });
  }
  if (response.status === 206 && !isRange(response, size, file.bytes)) {
    await response.body?.cancel();
    return restart("the server sent another part of the file");
  }
  if (response.status === 200 && size > 0) {
    await handle.truncate(0); // it ignores ranges and begins anew
    size = 0;
  }
  const announced = Number(response.headers.get("content-length") ?? file.bytes - size);
  if (announced !== file.bytes - size) {
    await response.body?.cancel();
    throw wrongLength(file, size + announced);
  }
  for await (const piece of pieces()) {
    if (size + piece.length > file.bytes) throw wrongLength(file, size + piece.length);
    await handle.write(piece, 0, piece.length, size);
    size += piece.length;
    report(size);
  }
  if (size < file.bytes)
    throw new TransientError(`${file.path} ended at byte ${size} of ${file.bytes}, the connection broke`);
}

function isRange(response: Response, start: number, total: number): boolean {
  const found = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  return found !== null && Number(found[1]) === start && (found[2] === "*" || Number(found[2]) === total);
}

function wrongLength(file: RemoteFile, bytes: number): ProteoscopeError {
  return new ProteoscopeError(
    `${file.path}: the server sends ${bytes} bytes or more, ${file.says ?? "the Hub lists"} ${file.bytes}; try again or another endpoint`,
    { kind: "data" },
  );
}

async function sumOf(
  path: string,
  bytes: number,
  { kind, hex }: NonNullable<RemoteFile["hash"]>,
): Promise<string> {
  if (kind === "etag") return etagOfFile(path, hex);
  const digest = createHash(kind === "git" ? "sha1" : "sha256");
  if (kind === "git") digest.update(`blob ${bytes}\0`);
  await pipeline(createReadStream(path), digest);
  return digest.digest("hex");
}
