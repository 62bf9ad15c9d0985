// Checkpoints of torch.save (PyTorch 1.6 and later): a zip archive of data.pkl, which says what there is, and one
// stored file a storage, on which tensors are views (torch/serialization.py, torch/_utils.py). The pickle is read
// by pickle.ts with the names below and no others, so that a checkpoint can carry tensors and plain values only.

import { readZipEntries, unpackZipEntry, type ZipEntry } from "../archive/zip.ts";
import { FormatError } from "../errors.ts";
import {
  bytesPerElement,
  type DType,
  elementCount,
  type NdArray,
  type TypedArray,
  viewBytes,
} from "../nd-array.ts";
import { type PickleCallable, unpickle } from "./pickle.ts";

interface Storage {
  readonly dtype: DType;
  readonly data: TypedArray;
}

const format = "torch";
const maxPickleBytes = 16 * 2 ** 20; // that of a model with ten thousand tensors is about 1 MB
const maxDimensions = 64;
const resave = "in PyTorch: torch.save(torch.load(path), path)";

const storageTypes: readonly (readonly [name: string, dtype: DType])[] = [
  ["DoubleStorage", "float64"],
  ["FloatStorage", "float32"],
  ["HalfStorage", "float16"],
  ["BFloat16Storage", "bfloat16"],
  ["LongStorage", "int64"],
  ["IntStorage", "int32"],
  ["ShortStorage", "int16"],
  ["CharStorage", "int8"],
  ["ByteStorage", "uint8"],
  ["BoolStorage", "bool"],
];
const storageClasses = new Map(
  storageTypes.map(([name, dtype]) => [`torch.${name}`, Object.freeze({ dtype })]),
);

/**
 * Reads a checkpoint: dict -> Map, list and tuple -> array, tensor -> NdArray, argparse.Namespace -> object.
 * Tensors share the memory of `bytes` where they can. Throws FormatError, which names whatever is not allowed.
 */
export function readTorchCheckpoint(bytes: Uint8Array): unknown {
  refuseOldFormat(bytes);
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
  // Storages and tensors that cannot be views are copied; a hostile file could ask for many copies.
  let copiedBytes = 0;
  const spend = (byteCount: number): void => {
    copiedBytes += byteCount;
    if (copiedBytes <= 4 * bytes.length) return;
    const hint = "call contiguous() on the tensors before saving";
    throw new FormatError(format, "expanded or rearranged tensors are larger than the file", { hint });
  };
  const { loadStorage, isStorage } = storageLoader(entries, folder, spend);
  const globals = allowedGlobals(isStorage, spend);
  return unpickle(pickle, { format, globals, persistentLoad: loadStorage });
}

/**
 * The tensors of a state dict by name: the tree itself or what it keeps under "state_dict", "model" or "module".
 * Values that are no tensors are left out. Throws FormatError where there is no state dict.
 */
export function collectTensors(tree: unknown): Map<string, NdArray> {
  let node = tree;
  for (let depth = 0; depth < 4 && node instanceof Map; depth++) {
    const tensors = [...node].filter(
      (pair): pair is [string, NdArray] => typeof pair[0] === "string" && isTensor(pair[1]),
    );
    if (tensors.length > 0) return new Map(tensors);
    node = node.get("state_dict") ?? node.get("model") ?? node.get("module");
  }
  const keys =
    tree instanceof Map
      ? [...tree.keys()]
          .filter((key) => typeof key === "string")
          .slice(0, 10)
          .join(", ")
      : "none";
  const hint = "save the state dict alone: torch.save(model.state_dict(), path)";
  throw new FormatError(format, `no state dict was found; the keys at the top are: ${keys}`, { hint });
}

/** The magic number that begins the pickles of PyTorch before 1.6. */
const oldMagic = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

function refuseOldFormat(bytes: Uint8Array): void {
  if (bytes[0] !== 0x80 || !oldMagic.every((byte, index) => bytes[index + 2] === byte)) return;
  throw new FormatError(format, "the checkpoint is in the format before PyTorch 1.6", {
    hint: `convert it, ${resave}`,
  });
}

function readStored(entry: ZipEntry): Uint8Array {
  if (entry.method !== "stored") {
    const hint = `torch.save does not compress: write the file again, ${resave}`;
    throw new FormatError(format, `entry ${JSON.stringify(entry.name)} is compressed`, { hint });
  }
  return unpackZipEntry(entry, format);
}

/** Storages by persistent id: ("storage", class, key, device, number of elements). */
function storageLoader(entries: Map<string, ZipEntry>, folder: string, spend: (byteCount: number) => void) {
  const byKey = new Map<string, Storage>();
  const known = new WeakSet<object>();
  const loadStorage = (id: unknown): Storage => {
    const [kind, storageClass, key, , length] = Array.isArray(id) ? id : [];
    const dtype = [...storageClasses.values()].find((value) => value === storageClass)?.dtype;
    if (kind !== "storage" || dtype === undefined || typeof key !== "string" || !isSize(length)) {
      throw new FormatError(format, "a persistent id is not that of a storage");
    }
    const loaded = byKey.get(`${dtype} ${key}`);
    if (loaded !== undefined) return loaded;
    const entry = entries.get(`${folder}data/${key}`);
    if (entry === undefined) throw new FormatError(format, `the storage ${JSON.stringify(key)} is missing`);
    const size = bytesPerElement(dtype);
    if (entry.size !== length * size) {
      const what = `the storage ${key} has ${entry.size} bytes, not those of ${length} ${dtype}`;
      throw new FormatError(format, what);
    }
    const stored = readStored(entry);
    if (stored.byteOffset % size !== 0) spend(entry.size);
    const storage = { dtype, data: viewBytes(stored, dtype, 0, length) };
    byKey.set(`${dtype} ${key}`, storage);
    known.add(storage);
    return storage;
  };
  const isStorage = (value: unknown): value is Storage =>
    typeof value === "object" && value !== null && known.has(value);
  return { loadStorage, isStorage };
}

/** What a checkpoint may name; `spend` counts bytes that are copied and throws when they become too many. */
function allowedGlobals(
  isStorage: (value: unknown) => value is Storage,
  spend: (byteCount: number) => void,
): Map<string, PickleCallable | object> {
  const rebuildTensor: PickleCallable = ([storage, offset, shape, strides]): NdArray => {
    if (
      !isStorage(storage) ||
      !isSize(offset) ||
      !isSizes(shape) ||
      !isSizes(strides) ||
      shape.length !== strides.length
    ) {
      throw new FormatError(format, "a tensor is not made of storage, offset, size and stride");
    }
    const { dtype, data } = storage;
    const count = elementCount(shape);
    const last = shape.reduce((index, size, axis) => index + (size - 1) * strides[axis]!, offset);
    if (count > 0 && !(last < data.length)) {
      throw new FormatError(format, `a tensor [${shape}] reaches beyond its storage of ${data.length}`);
    }
    if (count === 0 || isContiguous(shape, strides)) {
      return { dtype, shape: [...shape], data: data.subarray(offset, offset + count) };
    }
    spend(count * bytesPerElement(dtype));
    return { dtype, shape: [...shape], data: gather(data, offset, shape, strides) };
  };
  const makeDict: PickleCallable = ([pairs = []]) => {
    if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
      throw new FormatError(format, "a dict is not made of pairs");
    }
    return new Map(pairs as [unknown, unknown][]);
  };
  const makeSet: PickleCallable = ([items = []]) => new Set(asArray(items));
  return new Map<string, PickleCallable | object>([
    ...storageClasses,
    ["torch._utils._rebuild_tensor", rebuildTensor],
    ["torch._utils._rebuild_tensor_v2", rebuildTensor],
    ["torch._utils._rebuild_parameter", ([tensor]) => tensor],
    ["torch.Size", ([sizes]) => asArray(sizes)],
    ["collections.OrderedDict", makeDict],
    ["argparse.Namespace", () => Object.create(null)],
    ["builtins.set", makeSet],
    ["__builtin__.set", makeSet], // protocol 2 uses the names of Python 2
    ["builtins.frozenset", makeSet],
    ["__builtin__.frozenset", makeSet],
    ["_codecs.encode", encodeLatin1],
  ]);
}

/** Row-major copy of strided elements. */
function gather(
  source: TypedArray,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): TypedArray {
  const count = elementCount(shape);
  const result = new (source.constructor as Uint8ArrayConstructor)(count) as TypedArray;
  const index = new Array<number>(shape.length).fill(0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    result[to] = source[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** How protocol 2 writes bytes: as Latin-1 text that is encoded on reading. */
function encodeLatin1([text, encoding]: readonly unknown[]): Uint8Array {
  if (typeof text !== "string" || encoding !== "latin1" || /[^\0-\xff]/.test(text)) {
    throw new FormatError(format, "bytes are not written as Latin-1 text");
  }
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function asArray(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new FormatError(format, "a container is not made of a list");
  return [...value];
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= maxDimensions && value.every(isSize);
}

/** Tensors are the only objects with a prototype that are made here. */
function isTensor(value: unknown): value is NdArray {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    "shape" in value
  );
}
