// A model folder on a web server whose files are cached by their sha256 (Cache API), so that weights are fetched once and
// a changed file is never taken for the old one. The list files.json of the folder names paths, lengths and hashes.
import { CheckpointError, type FileSource } from "@proteoscope/models";

/** A file of the list. */
export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Bytes that the tensors of the file take when they are loaded; absent for files of another kind. */
  readonly tensorBytes?: number | undefined;
}

/** Bytes that have arrived, of which some were cached. */
export interface Arrived {
  readonly path: string;
  readonly bytes: number;
  readonly cached: boolean;
}

/** The part of the Cache API that is used, which is absent where a page is not served securely. */
export interface ByteCache {
  match(key: string): Promise<Response | undefined>;
  put(key: string, response: Response): Promise<void>;
}

/** Options of `cachedFolder`. */
export interface CachedFolderOptions {
  /** Name of the model. */
  readonly name: string;
  readonly cache: ByteCache | undefined;
  readonly fetchFile: (url: string) => Promise<Response>;
  readonly onArrived: (file: Arrived) => void;
}

/**
 * The folder at an address. A file is fetched at most once per hash.
 * @throws CheckpointError for a path that is not listed, an answer that is no success, or bytes with another hash.
 */
export function cachedFolder(
  address: string,
  files: readonly ListedFile[],
  { name, cache, fetchFile, onArrived }: CachedFolderOptions,
): FileSource {
  const listed = new Map(files.map((file) => [file.path, file]));
  const base = address.endsWith("/") ? address : `${address}/`;
  const read = async (path: string): Promise<Uint8Array> => {
    const file = listed.get(path);
    if (file === undefined) throw new CheckpointError(`${name}/${path}: no such file`, { kind: "notFound" });
    const key = cacheKey(base, file);
    const stored = await cache?.match(key);
    if (stored !== undefined) {
      const bytes = new Uint8Array(await stored.arrayBuffer());
      onArrived({ path, bytes: bytes.length, cached: true });
      return bytes;
    }
    const response = await fetchFile(base + path);
    if (!response.ok) throw new CheckpointError(`${base}${path}: the server answers ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if ((await hexOf(bytes)) !== file.sha256)
      throw new CheckpointError(
        `${base}${path}: it is not the file that the page was built with; reload the page`,
      );
    // A full disk costs a download at the next visit and nothing else.
    await cache?.put(key, new Response(bytes.slice())).catch(() => undefined);
    onArrived({ path, bytes: bytes.length, cached: false });
    return bytes;
  };
  return { name, read, exists: async (path) => listed.has(path), list: async () => [...listed.keys()] };
}

/** Bytes of a folder that lie in the cache. */
export async function countCached(
  address: string,
  files: readonly ListedFile[],
  cache: ByteCache | undefined,
): Promise<number> {
  if (cache === undefined) return 0;
  const base = address.endsWith("/") ? address : `${address}/`;
  const sizes = await Promise.all(
    files.map(async (file) => ((await cache.match(cacheKey(base, file))) === undefined ? 0 : file.bytes)),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** A name by the content, below the address of the folder so that it is a URL. */
function cacheKey(base: string, { sha256 }: ListedFile): string {
  return `${base}by-sha256/${sha256}`;
}

async function hexOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
