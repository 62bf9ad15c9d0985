// The body of a request as a stored file: it goes to the disk as it comes,
// so that large ones take no memory.

import type { Context } from "hono";
import type { FileStore } from "../files/file-store.ts";
import { RefusedError } from "../problem.ts";

/** Keeps the body; returns the name of the file. @throws RefusedError for an empty or a too large one. */
export async function receiveFile(c: Context, files: FileStore, mostBytes: number): Promise<string> {
  const announced = Number(c.req.header("content-length") ?? 0);
  if (announced > mostBytes) throw tooLarge(mostBytes);
  const { body } = c.req.raw;
  if (body === null) throw empty();
  const name = await files.putStream(body as unknown as AsyncIterable<Uint8Array>, "upload", mostBytes);
  if (name.startsWith(digestOfNothing)) throw empty();
  return name;
}

const digestOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function tooLarge(mostBytes: number): RefusedError {
  return new RefusedError(`the file has more than ${Math.round(mostBytes / 2 ** 20)} MiB`, {
    ...{ status: 413, kind: "limit" },
  });
}

function empty(): RefusedError {
  return new RefusedError("the body of the request is the file, and it is empty", {
    ...{ status: 422, kind: "usage", field: "file" },
  });
}
