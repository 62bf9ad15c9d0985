// Files of torch.save before PyTorch 1.6, and of today's with _use_new_zipfile_serialization=False
// (torch/serialization.py, `_legacy_save`): pickles one behind the other, then the storages.
//
//   magic number | protocol | system | the object | keys of the storages | for each: u64 number of elements, elements
//
// Tensors come before the bytes they lie on, so that storages are made empty and filled at the end.

import { FormatError } from "../errors.ts";
import { bytesPerElement } from "../nd-array.ts";
import { type ElementType, storageClasses } from "./element-types.ts";
import { readPickle } from "./pickle.ts";
import type { PickleGlobals, UnpickleOptions } from "./pickle-machine.ts";
import { isSize, type Storage, type TensorBuilder } from "./tensors.ts";

export interface LegacyOptions extends Pick<UnpickleOptions, "setState"> {
  readonly globals: PickleGlobals;
  readonly tensors: TensorBuilder;
  /** Counts bytes that are copied and throws when they become too many. */
  readonly spend: (byteCount: number) => void;
  /** The longest pickle that is read. */
  readonly maxPickleBytes: number;
}

const format = "torch";

/** PROTO 2 and the ten bytes of the magic number as LONG1. */
const magic = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

export function isLegacyCheckpoint(bytes: Uint8Array): boolean {
  return magic.every((byte, index) => bytes[index] === byte || index === 1);
}

/** The object that was saved. Throws FormatError. */
export function readLegacyCheckpoint(bytes: Uint8Array, options: LegacyOptions): unknown {
  const { globals, tensors, spend, maxPickleBytes, setState } = options;
  let position = 0;
  const next = (
    persistentLoad: (id: unknown) => unknown = refuseId,
    names: PickleGlobals = new Map(),
  ): unknown => {
    const part = bytes.subarray(position, position + maxPickleBytes);
    const { value, end } = readPickle(part, {
      format,
      globals: names,
      persistentLoad,
      ...(setState && { setState }),
    });
    position += end;
    return value;
  };
  next(); // the magic number
  if (next() !== 1001) throw new FormatError(format, "the protocol of the file is not 1001");
  const system = next();
  if (system instanceof Map && system.get("little_endian") === false) {
    const hint = "save it again on a common machine";
    throw new FormatError(format, "its tensors are big-endian", { hint });
  }

  const storages = new Map<string, Storage & { elements: ElementType }>();
  const value = next((id) => {
    const [kind, elements, key, , length, view] = Array.isArray(id) ? id : [];
    if (kind !== "storage" || !isElementType(elements) || typeof key !== "string" || !isSize(length))
      throw new FormatError(format, "a persistent id is not that of a storage");
    if (view !== null && view !== undefined) {
      const hint = "in PyTorch: torch.save(torch.load(path), path)";
      throw new FormatError(format, "its storages are views of one another", { hint });
    }
    const byteCount = length * bytesPerElement(elements.dtype) * elements.parts;
    const known = storages.get(key);
    if (known !== undefined) {
      if (known.elements !== elements || known.bytes.length !== byteCount)
        throw new FormatError(format, "two storages have one key");
      return known;
    }
    spend(byteCount);
    const storage = { elements, bytes: new Uint8Array(byteCount) };
    tensors.addStorage(storage);
    storages.set(key, storage);
    return storage;
  }, globals);

  const keys = next();
  if (!Array.isArray(keys) || keys.length !== storages.size || new Set(keys).size !== keys.length)
    throw new FormatError(format, "the list of storages is not that of the tensors", { offset: position });
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined)
      throw new FormatError(format, "the list of storages is not that of the tensors", { offset: position });
    position = fillStorage(storage, bytes, position);
  }
  return value;
}

/** The place behind the elements of one storage, which are copied. */
function fillStorage(
  storage: Storage & { elements: ElementType },
  bytes: Uint8Array,
  position: number,
): number {
  const { dtype, parts } = storage.elements;
  const start = position + 8;
  const end = start + storage.bytes.length;
  const isWhole = end <= bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = isWhole ? Number(view.getBigUint64(position, true)) : 0;
  if (!isWhole || length * bytesPerElement(dtype) * parts !== storage.bytes.length)
    throw new FormatError(format, "a storage is cut short or of another length", { offset: position });
  storage.bytes.set(bytes.subarray(start, end));
  return end;
}

const types = new Set<unknown>(storageClasses.values());

function isElementType(value: unknown): value is ElementType {
  return types.has(value);
}

function refuseId(): never {
  throw new FormatError(format, "a persistent id stands where there is none");
}
