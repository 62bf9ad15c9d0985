// Where a checkpoint's files come from: a folder on disk, a place on a web server, or memory. The loaders know this
// interface alone, so that they run in a browser as they do in Node (whose folder is in ../node.ts).

import { FormatError } from "@proteoscope/formats";

/** A checkpoint that cannot be read: what is wrong, in which file, and what to do about it. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
}

export interface FileSource {
  /** What to call the folder in messages. */
  readonly name: string;
  /** The bytes of a file; paths are relative, with forward slashes. Rejects where there is no such file. */
  read(path: string): Promise<Uint8Array>;
  exists(path: string): Promise<boolean>;
  /** Bytes of a file from `begin` up to `end`, and how many it has, where a folder can give parts of files. */
  readPart?(path: string, begin: number, end: number): Promise<Uint8Array>;
  sizeOf?(path: string): Promise<number>;
  /** Paths of all files below the folder, where that can be known. */
  list?(): Promise<readonly string[]>;
}

/** A folder inside a folder. */
export function subfolder(folder: FileSource, path: string): FileSource {
  const inner: FileSource = {
    name: `${folder.name}/${path}`,
    read: (file) => folder.read(`${path}/${file}`),
    exists: (file) => folder.exists(`${path}/${file}`),
    ...(folder.readPart && {
      readPart: (file, begin, end) => folder.readPart!(`${path}/${file}`, begin, end),
    }),
    ...(folder.sizeOf && { sizeOf: (file) => folder.sizeOf!(`${path}/${file}`) }),
  };
  if (folder.list === undefined) return inner;
  const list = async () =>
    (await folder.list!()).flatMap((file) =>
      file.startsWith(`${path}/`) ? [file.slice(path.length + 1)] : [],
    );
  return { ...inner, list };
}

/** Files held in memory, by path. */
export function memoryFolder(files: ReadonlyMap<string, Uint8Array>, name = "memory"): FileSource {
  const read = async (path: string): Promise<Uint8Array> => {
    const bytes = files.get(path);
    if (bytes === undefined) throw new CheckpointError(`${name}/${path}: no such file`);
    return bytes;
  };
  return {
    name,
    read,
    readPart: async (path, begin, end) => (await read(path)).slice(begin, end),
    sizeOf: async (path) => (await read(path)).length,
    exists: async (path) => files.has(path),
    list: async () => [...files.keys()],
  };
}

/** Files below an address, fetched when they are asked for. `exists` asks with HEAD. */
export function webFolder(address: string | URL, fetchFile: typeof fetch = fetch): FileSource {
  const base = new URL(address);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const locate = (path: string): URL => {
    const url = new URL(path, base);
    if (!url.href.startsWith(base.href)) throw new CheckpointError(`${base.href}: "${path}" leads out of it`);
    return url;
  };
  return {
    name: base.href.replace(/\/$/, ""),
    async read(path) {
      const url = locate(path);
      const response = await fetchFile(url);
      if (!response.ok) throw new CheckpointError(`${url.href}: the server answers ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    },
    exists: async (path) => (await fetchFile(locate(path), { method: "HEAD" })).ok,
  };
}

/** What a parser makes of a file's bytes. @throws FormatError that says which file it is. */
export async function readParsed<T>(
  folder: FileSource,
  path: string,
  parse: (bytes: Uint8Array) => T,
): Promise<T> {
  const bytes = await folder.read(path);
  return naming(`${folder.name}/${path}`, () => parse(bytes));
}

/** What `parse` returns. @throws FormatError that says which file it is. */
export function naming<T>(place: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const { format, what, hint, line, offset } = cause;
    throw new FormatError(format, `${place}: ${what}`, { line, offset, hint, cause });
  }
}

/** The JSON object in a file. @throws CheckpointError when it is none. */
export async function readJson(folder: FileSource, path: string): Promise<Record<string, unknown>> {
  return parseJson(await folder.read(path), `${folder.name}/${path}`);
}

/** The JSON object that a text is; `place` is what to call it. @throws CheckpointError when it is none. */
export function parseJson(text: Uint8Array | string, place: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(
      typeof text === "string" ? text : new TextDecoder("utf-8", { fatal: true }).decode(text),
    );
  } catch (cause) {
    throw new CheckpointError(`${place} is not JSON: fetch or write it again`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new CheckpointError(`${place} is no JSON object: fetch or write it again`);
  return value as Record<string, unknown>;
}
