// Where a checkpoint's files come from: a folder on disk, a place on a web server, or memory. The loaders know this
// interface alone, so that they run in a browser as they do in Node (whose folder is in ../node.ts).

import { FormatError, ProteoscopeError, type ProteoscopeErrorOptions } from "@proteoscope/formats";

/** A checkpoint that cannot be read: the message says what is wrong, in which file, and what to do about it. */
export class CheckpointError extends ProteoscopeError {
  override readonly name = "CheckpointError";

  constructor(message: string, options: Partial<ProteoscopeErrorOptions> = {}) {
    super(message, { kind: "data", ...options });
  }
}

/** Bytes of files by path. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** A folder of files that a checkpoint is read from. */
export interface FileSource {
  /** Name of the folder in messages. */
  readonly name: string;
  /** The bytes of a file; paths are relative, with forward slashes. Rejects where there is no such file. */
  read(path: string): Promise<Uint8Array>;
  exists(path: string): Promise<boolean>;
  /** The bytes of a file from `begin` up to `end`, where the source can read parts of files. */
  readPart?(path: string, begin: number, end: number): Promise<Uint8Array>;
  /** The length of a file in bytes, where `readPart` is there. */
  sizeOf?(path: string): Promise<number>;
  /** The paths of all files below the folder, where they can be known. */
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

/** A folder of files in memory, by path. */
export function memoryFolder(files: Files, name = "memory"): FileSource {
  const read = async (path: string): Promise<Uint8Array> => {
    const bytes = files.get(path);
    if (bytes === undefined) throw new CheckpointError(`${name}/${path}: no such file`, { kind: "notFound" });
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

/** A folder below a web address; each file is fetched when it is read. `exists` sends a HEAD request. */
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

/** Parses a file's bytes. @throws FormatError that names the file. */
export async function readParsed<T>(
  folder: FileSource,
  path: string,
  parse: (bytes: Uint8Array) => T,
): Promise<T> {
  const bytes = await folder.read(path);
  return naming(`${folder.name}/${path}`, () => parse(bytes));
}

/** Returns what `parse` returns. @throws FormatError that names the file. */
export function naming<T>(place: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const { format, what, hint, line, column, offset } = cause;
    throw new FormatError(format, `${place}: ${what}`, { line, column, offset, hint, cause });
  }
}

/** Reads the JSON object in a file. @throws CheckpointError where it is none. */
export async function readJson(folder: FileSource, path: string): Promise<Record<string, unknown>> {
  return parseJson(await folder.read(path), `${folder.name}/${path}`);
}

/** Parses a JSON object; `place` names it in messages. @throws CheckpointError where the text is none. */
export function parseJson(bytes: Uint8Array | string, place: string): Record<string, unknown> {
  let value: unknown;
  try {
    const text = typeof bytes === "string" ? bytes : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (nestingOf(text) > deepestNesting)
      throw new SyntaxError(`lists and objects are nested deeper than ${deepestNesting}`);
    value = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`${place} is not JSON: fetch or write it again`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new CheckpointError(`${place} is no JSON object: fetch or write it again`);
  return value as Record<string, unknown>;
}

/** No configuration is nested as deep; walking a deeper one would overflow the stack. */
const deepestNesting = 100;

/** How deep lists and objects are nested in a JSON text; brackets in strings do not count. */
function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '"') isString = !isString;
    else if (isString && character === "\\") i++;
    else if (!isString && (character === "[" || character === "{")) deepest = Math.max(deepest, ++depth);
    else if (!isString && (character === "]" || character === "}")) depth--;
  }
  return deepest;
}
