// Checkpoints of torch.save: a zip archive of data.pkl, which says what there is, and one stored file for each storage,
// on which tensors are views (torch/serialization.py). The pickle is read by pickle.ts with the names of globals.ts and
// no others, so that a checkpoint can carry tensors and plain values only. Files before PyTorch 1.6: legacy.ts.

import {
  type ByteSource,
  listZipEntries,
  readStoredEntry,
  readZipEntries,
  unpackZipEntry,
  type ZipEntry,
} from "../archive/zip.ts";
import { FormatError } from "../errors.ts";
import { bytesPerElement } from "../nd-array.ts";
import { printable } from "../printable.ts";
import { type ElementType, storageClasses } from "./element-types.ts";
import { allowedGlobals } from "./globals.ts";
import { isLegacyCheckpoint, readLegacyCheckpoint } from "./legacy.ts";
import { createNumpyValues } from "./numpy.ts";
import { unpickle } from "./pickle.ts";
import { createTensorBuilder, isSize, type Storage, type TensorBuilder } from "./tensors.ts";

const format = "torch";
const maxPickleBytes = 16 * 2 ** 20; // that of a model with ten thousand tensors is about 1 MB
const resave = "in PyTorch: torch.save(torch.load(path), path)";
const untyped = "torch.storage.UntypedStorage";
const widestElement = 8;

/**
 * Reads a checkpoint: dict -> Map, list and tuple -> array, tensor and NumPy array -> NdArray (complex numbers along a
 * last axis of two), torch.dtype and torch.device -> text, and what python-values.ts lists. Tensors share the memory
 * of `bytes` where they can. Throws FormatError, which names whatever is not allowed.
 */
export function readTorchCheckpoint(bytes: Uint8Array): unknown {
  // Storages and tensors that cannot be views are copied; a hostile file could ask for many copies.
  let copiedBytes = 0;
  const spend = (byteCount: number): void => {
    copiedBytes += byteCount;
    if (copiedBytes <= 4 * bytes.length) return;
    const hint = "call contiguous() on the tensors before saving";
    throw new FormatError(format, "expanded or rearranged tensors are larger than the file", { hint });
  };
  const tensors = createTensorBuilder(spend);
  const numpy = createNumpyValues();
  const globals = allowedGlobals(tensors.callables, numpy.globals);
  const options = { format, globals, setState: numpy.setState };
  const value = isLegacyCheckpoint(bytes)
    ? readLegacyCheckpoint(bytes, { ...options, tensors, spend, maxPickleBytes })
    : readArchive(bytes, (pickle, loader) =>
        unpickle(pickle, { ...options, persistentLoad: loadStorages(loadBytes(loader, spend), tensors) }),
      );
  tensors.fillCopies();
  return value;
}

/** Whether bytes begin as an archive does: `openTorchCheckpoint` reads these alone. */
export function isTorchArchive(start: Uint8Array): boolean {
  return [0x50, 0x4b, 0x03, 0x04].every((byte, index) => start[index] === byte);
}

/**
 * Opens a checkpoint of any size of which only the directory and data.pkl are read: as `readTorchCheckpoint`, with
 * StoredTorchTensors in the place of arrays. Throws FormatError.
 */
export async function openTorchCheckpoint(source: ByteSource): Promise<unknown> {
  const entries = await listZipEntries(source, format);
  const readSmall = async (name: string): Promise<Uint8Array | undefined> => {
    const entry = entries.get(name);
    if (entry === undefined) return undefined;
    checkPickleSize(entry.size);
    return readStoredEntry(source, entry, format);
  };
  const { pickleName, folder } = findPickle(entries.keys());
  checkByteOrder(await readSmall(`${folder}byteorder`));
  const tensors = createTensorBuilder(() => {});
  const numpy = createNumpyValues();
  const globals = allowedGlobals(tensors.callables, numpy.globals);
  const load = (key: string, check: (size: number) => void): Omit<Storage, "elements"> => {
    const entry = entries.get(`${folder}data/${key}`);
    if (entry === undefined) throw new FormatError(format, `the storage "${printable(key)}" is missing`);
    check(entry.size);
    const read = (begin: number, end: number) => readStoredEntry(source, entry, format, [begin, end]);
    return { bytes: new Uint8Array(0), later: { byteLength: entry.size, read } };
  };
  const options = { format, globals, setState: numpy.setState };
  const pickle = (await readSmall(pickleName))!;
  return unpickle(pickle, { ...options, persistentLoad: loadStorages(load, tensors) });
}

/** The file of a storage, by its key. */
type StorageFiles = (key: string) => ZipEntry | undefined;

function readArchive<T>(bytes: Uint8Array, read: (pickle: Uint8Array, files: StorageFiles) => T): T {
  const entries = readZipEntries(bytes, format);
  const { pickleName, folder } = findPickle(entries.keys());
  const byteOrder = entries.get(`${folder}byteorder`);
  checkByteOrder(byteOrder && readStored(byteOrder));
  const pickle = readStored(entries.get(pickleName)!);
  checkPickleSize(pickle.length);
  return read(pickle, (key) => entries.get(`${folder}data/${key}`));
}

function findPickle(names: Iterable<string>): { readonly pickleName: string; readonly folder: string } {
  const pickleName = [...names].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickleName === undefined) {
    throw new FormatError(format, "the archive holds no data.pkl: it is no checkpoint");
  }
  return { pickleName, folder: pickleName.slice(0, -"data.pkl".length) };
}

function checkByteOrder(text: Uint8Array | undefined): void {
  if (text === undefined || new TextDecoder().decode(text) === "little") return;
  throw new FormatError(format, "its tensors are big-endian", {
    hint: `save it again on a common machine; ${resave}`,
  });
}

function checkPickleSize(length: number): void {
  if (length > maxPickleBytes)
    throw new FormatError(format, `data.pkl has ${length} bytes, above ${maxPickleBytes}`);
}

function readStored(entry: ZipEntry): Uint8Array {
  if (entry.method !== "stored") {
    const hint = `torch.save does not compress: write the file again, ${resave}`;
    throw new FormatError(format, `entry "${printable(entry.name)}" is compressed`, { hint });
  }
  return unpackZipEntry(entry, format);
}

/** Gives the bytes of a storage, or how to read them; `check` holds their number to what the pickle says. */
type LoadStorage = (
  key: string,
  check: (size: number) => void,
  elements: ElementType | undefined,
) => Omit<Storage, "elements">;

/** Storages by persistent id: ("storage", class, key, device, number of elements, or of bytes where untyped). */
function loadStorages(load: LoadStorage, tensors: TensorBuilder) {
  const known = new Map<ElementType | undefined, Map<string, Storage>>(
    [undefined, ...storageClasses.values()].map((elements) => [elements, new Map()]),
  );
  return (id: unknown): Storage => {
    const [kind, storageClass, key, , length] = Array.isArray(id) ? id : [];
    const elements = storageClass === untyped ? undefined : storageClass;
    const loaded = known.get(elements);
    if (kind !== "storage" || loaded === undefined || typeof key !== "string" || !isSize(length)) {
      throw new FormatError(format, "a persistent id is not that of a storage");
    }
    const before = loaded.get(key);
    if (before !== undefined) return before;
    const storage = tensors.addStorage({
      elements,
      ...load(key, (found) => checkStorageSize(found, key, elements, length), elements),
    });
    loaded.set(key, storage);
    return storage;
  };
}

function checkStorageSize(
  found: number,
  key: string,
  elements: ElementType | undefined,
  length: number,
): void {
  const size = elements === undefined ? 1 : bytesPerElement(elements.dtype) * elements.parts;
  if (found === length * size) return;
  const kind = elements === undefined ? "bytes" : elements.name.slice("torch.".length);
  const what = `the storage ${printable(key)} has ${found} bytes, not those of ${length} ${kind}`;
  throw new FormatError(format, what);
}

function loadBytes(files: StorageFiles, spend: (byteCount: number) => void): LoadStorage {
  return (key, check, elements) => {
    const entry = files(key);
    if (entry === undefined) throw new FormatError(format, `the storage "${printable(key)}" is missing`);
    check(entry.size);
    const stored = readStored(entry);
    const alignment = elements === undefined ? widestElement : bytesPerElement(elements.dtype);
    if (stored.byteOffset % alignment === 0) return { bytes: stored };
    spend(entry.size);
    return { bytes: new Uint8Array(stored) };
  };
}
