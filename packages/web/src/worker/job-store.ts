// Jobs, their results and uploaded nuclei in this browser's own database (IndexedDB), so that a reload loses nothing. Typed
// arrays are stored as they are.
import type { Job } from "../api/types.ts";
import type { StoredNucleus } from "./nuclei.ts";
import type { StoredResult } from "./stored-result.ts";

/** What is stored, by kind. */
interface Stores {
  readonly jobs: Job;
  readonly results: StoredResult;
  readonly nuclei: StoredNucleus;
}

/** The database of the page. */
export interface JobStore {
  get<K extends keyof Stores>(kind: K, key: string): Promise<Stores[K] | undefined>;
  all<K extends keyof Stores>(kind: K): Promise<Stores[K][]>;
  put<K extends keyof Stores>(kind: K, key: string, value: Stores[K]): Promise<void>;
  remove(kind: keyof Stores, key: string): Promise<void>;
}

const version = 1;
const kinds: readonly (keyof Stores)[] = ["jobs", "results", "nuclei"];

/** Opens the database; in memory alone where the browser has none, as in a private window of some. */
export async function openJobStore(name = "proteoscope"): Promise<JobStore> {
  if (typeof indexedDB === "undefined") return memoryStore();
  const opening = indexedDB.open(name, version);
  opening.onupgradeneeded = () => {
    for (const kind of kinds) opening.result.createObjectStore(kind);
  };
  const database = await finished(opening).catch(() => undefined);
  if (database === undefined) return memoryStore();
  const store = (kind: keyof Stores, mode: IDBTransactionMode) =>
    database.transaction(kind, mode).objectStore(kind);
  return {
    get: (kind, key) => finished(store(kind, "readonly").get(key)),
    all: (kind) => finished(store(kind, "readonly").getAll()),
    put: async (kind, key, value) => void (await finished(store(kind, "readwrite").put(value, key))),
    remove: async (kind, key) => finished(store(kind, "readwrite").delete(key)),
  };
}

/** The same without a database. */
export function memoryStore(): JobStore {
  const maps = new Map(kinds.map((kind) => [kind, new Map<string, unknown>()]));
  return {
    get: async (kind, key) => maps.get(kind)!.get(key) as never,
    all: async (kind) => [...maps.get(kind)!.values()] as never,
    put: async (kind, key, value) => void maps.get(kind)!.set(key, value),
    remove: async (kind, key) => void maps.get(kind)!.delete(key),
  };
}

function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's database failed"));
  });
}
