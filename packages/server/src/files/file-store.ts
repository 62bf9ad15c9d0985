// Files by the SHA-256 of their content, in a folder: a file is written before the row that names it, is whole or absent, and
// never changes. Processes on several machines share the folder as they share the database.

import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { ProteoscopeError } from "@proteoscope/formats";
import { RefusedError } from "../problem.ts";

/** Content-addressed files. A name is 64 hexadecimal digits and an ending, such as `ab...ef.png`. */
export interface FileStore {
  /** Keeps bytes; returns their name. */
  put(bytes: Uint8Array, ending: string): Promise<string>;
  /** Keeps a stream. @throws RefusedError (413) above `mostBytes`. */
  putStream(stream: AsyncIterable<Uint8Array>, ending: string, mostBytes: number): Promise<string>;
  /** The bytes of a file. @throws ProteoscopeError (notFound). */
  read(name: string): Promise<Uint8Array>;
  /** A file as a stream with its size; undefined where there is none. */
  open(name: string): Promise<{ readonly size: number; readonly stream: Readable } | undefined>;
}

const fileName = /^[0-9a-f]{64}\.[a-z0-9][a-z0-9.-]{0,11}$/;

/** Opens the files of a folder, and makes it where there is none. */
export async function openFileStore(folder: string): Promise<FileStore> {
  const incoming = join(folder, "incoming");
  await mkdir(incoming, { recursive: true });
  await removeOld(incoming);
  const pathOf = (name: string) => join(folder, name.slice(0, 2), name);
  const place = async (temporary: string, name: string): Promise<string> => {
    await mkdir(join(folder, name.slice(0, 2)), { recursive: true });
    await rename(temporary, pathOf(name));
    return name;
  };
  const newPath = () => join(incoming, randomBytes(12).toString("hex"));
  const isThere = (name: string) =>
    stat(pathOf(name)).then(
      (status) => status.isFile(),
      () => false,
    );
  return {
    async put(bytes, ending) {
      const name = `${createHash("sha256").update(bytes).digest("hex")}.${ending}`;
      if (await isThere(name)) return name;
      const temporary = newPath();
      await writeFile(temporary, bytes);
      return place(temporary, name);
    },
    async putStream(stream, ending, mostBytes) {
      const temporary = newPath();
      const file = await open(temporary, "wx");
      const hash = createHash("sha256");
      let size = 0;
      try {
        for await (const bytes of stream) {
          size += bytes.length;
          if (size > mostBytes) throw tooLarge(mostBytes);
          hash.update(bytes);
          await file.writeFile(bytes);
        }
        await file.close();
        return await place(temporary, `${hash.digest("hex")}.${ending}`);
      } catch (error) {
        await file.close();
        await rm(temporary, { force: true });
        throw error;
      }
    },
    async read(name) {
      const bytes = fileName.test(name) ? await readFile(pathOf(name)).catch(() => undefined) : undefined;
      if (bytes === undefined)
        throw new ProteoscopeError("a file of this job is gone: run the job again", { kind: "notFound" });
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    async open(name) {
      if (!fileName.test(name)) return undefined;
      const status = await stat(pathOf(name)).catch(() => undefined);
      if (status === undefined || !status.isFile()) return undefined;
      return { size: status.size, stream: createReadStream(pathOf(name)) };
    },
  };
}

function tooLarge(mostBytes: number): RefusedError {
  return new RefusedError(`the file has more than ${Math.round(mostBytes / 2 ** 20)} MiB`, {
    ...{ status: 413, kind: "limit" },
  });
}

const oldMs = 24 * 3600 * 1000;

/** Removes what killed processes have left long ago. */
async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const status = await stat(path).catch(() => undefined);
    if (status !== undefined && status.mtimeMs < Date.now() - oldMs) await rm(path, { force: true });
  }
}
