// Checkpoints of torch.save: a zip archive of data.pkl, which says what there is, and one stored file for each storage,
// on which tensors are views (torch/serialization.py). The pickle is read by pickle.ts with the names of globals.ts and
// no others, so that a checkpoint can carry tensors and plain values only. Files before PyTorch 1.6: legacy.ts.

import { readZipEntries, unpackZipEntry, type ZipEntry } from "../archive/zip.ts";
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
        unpickle(pickle, { ...options, persistentLoad: loadStorages(loader, tensors, spend) }),
      );
  tensors.fillCopies();
  return value;
}

/** The file of a storage, by its key. */
type StorageFiles = (key: string) => ZipEntry | undefined;

function readArchive<T>(bytes: Uint8Array, read: (pickle: Uint8Array, files: StorageFiles) => T): T {
  const entries = readZipEntries(bytes, format);
  const pickleName = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickleName === undefined) {
    throw new FormatError(format, "the archive holds no data.pkl: it is no checkpoint");
  }
  const folder = pickleName.slice(0, -"data.pkl".length);
  const byteOrder = entries.get(`${folder}byteorder`);
  if (byteOrder !== undefined && new TextDecoder().decode(readStored(byteOrder)) !== "little") {
    throw new FormatError(format, "its tensors are big-endian", {
      hint: `save it again on a common machine; ${resave}`,
    });
  }
  const pickle = readStored(entries.get(pickleName)!);
  if (pickle.length > maxPickleBytes) {
    throw new FormatError(format, `data.pkl has ${pickle.length} bytes, above ${maxPickleBytes}`);
  }
  return read(pickle, (key) => entries.get(`${folder}data/${key}`));
}

function readStored(entry: ZipEntry): Uint8Array {
  if (entry.method !== "stored") {
    const hint = `torch.save does not compress: write the file again, ${resave}`;
    throw new FormatError(format, `entry "${printable(entry.name)}" is compressed`, { hint });
  }
  return unpackZipEntry(entry, format);
}

/** Storages by persistent id: ("storage", class, key, device, number of elements, or of bytes where untyped). */
function loadStorages(files: StorageFiles, tensors: TensorBuilder, spend: (byteCount: number) => void) {
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
      bytes: loadBytes(files(key), key, elements, length, spend),
    });
    loaded.set(key, storage);
    return storage;
  };
}

function loadBytes(
  entry: ZipEntry | undefined,
  key: string,
  elements: ElementType | undefined,
  length: number,
  spend: (byteCount: number) => void,
): Uint8Array {
  if (entry === undefined) throw new FormatError(format, `the storage "${printable(key)}" is missing`);
  const size = elements === undefined ? 1 : bytesPerElement(elements.dtype) * elements.parts;
  if (entry.size !== length * size) {
    const kind = elements === undefined ? "bytes" : elements.name.slice("torch.".length);
    const what = `the storage ${printable(key)} has ${entry.size} bytes, not those of ${length} ${kind}`;
    throw new FormatError(format, what);
  }
  const stored = readStored(entry);
  const alignment = elements === undefined ? widestElement : bytesPerElement(elements.dtype);
  if (stored.byteOffset % alignment === 0) return stored;
  spend(entry.size);
  return new Uint8Array(stored);
}
