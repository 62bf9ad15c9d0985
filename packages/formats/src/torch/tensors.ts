// Tensors of a checkpoint from the storages that hold their elements (torch/_utils.py, the `_rebuild` functions).
// A tensor is a view of its storage where its elements lie in order, and a copy where they do not; what copies cost
// together is bounded, because a few bytes of a pickle can ask for a large one.

import { FormatError } from "../errors.ts";
import { bytesPerElement, elementCount, type NdArray, type TypedArray, viewBytes } from "../nd-array.ts";
import { printable } from "../printable.ts";
import { type ElementType, elementTypes } from "./element-types.ts";
import type { PickleCallable } from "./pickle-machine.ts";

export interface Storage {
  /** Undefined for one without a type: a tensor on it brings its own. */
  readonly elements: ElementType | undefined;
  /** Aligned for their elements, or for any where there is no type; empty where tensors are read later. */
  readonly bytes: Uint8Array;
  /** Reads a part of the bytes, where tensors are read later. */
  readonly later?: { readonly byteLength: number; read(begin: number, end: number): Promise<Uint8Array> };
}

/** A tensor whose values are read on demand. */
export interface StoredTorchTensor {
  readonly dtype: NdArray["dtype"];
  readonly shape: readonly number[];
  read(): Promise<NdArray>;
}

export interface TensorBuilder {
  /** Makes bytes a storage that tensors of this checkpoint may lie on. */
  addStorage(storage: Storage): Storage;
  /** The functions that a pickle may call, by their path. */
  readonly callables: ReadonlyMap<string, PickleCallable>;
  /** Fills the tensors that are copies, when the bytes of all storages are there. */
  fillCopies(): void;
}

const format = "torch";
const maxDimensions = 64;

/** `spend` counts bytes that are copied and throws when they become too many. */
export function createTensorBuilder(spend: (byteCount: number) => void): TensorBuilder {
  const storages = new WeakSet<object>();
  const copies: (() => void)[] = [];
  const rebuild = (
    elements: ElementType | undefined,
    view: readonly unknown[],
    metadata: unknown,
  ): NdArray | StoredTorchTensor => {
    const { storage, layout, end, dtype } = checkView(storages, elements, view);
    refuseLazyBits(metadata);
    if (storage.later !== undefined) return tensorForLater(storage.later, dtype, layout, end);
    const { shape } = layout;
    const size = bytesPerElement(dtype);
    const count = elementCount(shape);
    if (count === 0) return { dtype, shape, data: viewBytes(storage.bytes, dtype, 0, 0) };
    if (isContiguous(layout))
      return { dtype, shape, data: viewBytes(storage.bytes, dtype, layout.offset * size, count) };
    spend(count * size);
    const data = viewBytes(new Uint8Array(count * size), dtype, 0, count);
    const elementsOfStorage = Math.floor(storage.bytes.length / size);
    copies.push(() => gather(viewBytes(storage.bytes, dtype, 0, elementsOfStorage), data, layout));
    return { dtype, shape, data };
  };
  const ofStorageType: PickleCallable = (args) =>
    rebuild(isStorage(args[0], storages) ? args[0].elements : undefined, args, args[6]);
  const ofOwnType: PickleCallable = (args) => rebuild(elementTypeOf(args[6]), args, args[7]);
  return {
    addStorage: (storage) => {
      storages.add(storage);
      return storage;
    },
    callables: tensorCallables(ofStorageType, ofOwnType),
    fillCopies: () => {
      for (const copy of copies) copy();
    },
  };
}

function tensorCallables(ofStorageType: PickleCallable, ofOwnType: PickleCallable) {
  const ofTensor: PickleCallable = ([tensor]) => tensor;
  const builders: readonly [string, PickleCallable][] = [
    ["torch._utils._rebuild_tensor", ofStorageType],
    ["torch._utils._rebuild_tensor_v2", ofStorageType],
    ["torch._utils._rebuild_tensor_v3", ofOwnType],
    ["torch._utils._rebuild_parameter", ofTensor],
    ["torch._utils._rebuild_parameter_with_state", ofTensor],
    // Tensors of devices without storages: the values are in the first argument.
    ["torch._utils._rebuild_device_tensor_from_cpu_tensor", ofTensor],
    ["torch._utils._rebuild_device_tensor_from_numpy", ofTensor],
    ["torch._utils._rebuild_xla_tensor", ofTensor],
  ];
  const known = new Set<unknown>(builders.map(([, builder]) => builder));
  // A tensor with attributes: the function that makes it, its class, the arguments, the attributes.
  const ofClass: PickleCallable = ([builder, , args]) => {
    if (!known.has(builder) || !Array.isArray(args))
      throw new FormatError(format, "a tensor with attributes is not made as tensors are");
    return (builder as PickleCallable)(args);
  };
  return new Map([...builders, ["torch._tensor._rebuild_from_type_v2", ofClass] as const]);
}

function elementTypeOf(name: unknown): ElementType | undefined {
  const elements = elementTypes.get(name as string);
  if (elements !== undefined || typeof name !== "string") return elements;
  const hint = "convert them before saving, for example to float32";
  throw new FormatError(format, `tensors of ${printable(name)} are not read`, { hint });
}

/** A tensor that reads the part of its storage that it lies on, up to element `end`. */
function tensorForLater(
  { read }: NonNullable<Storage["later"]>,
  dtype: NdArray["dtype"],
  { offset, shape, strides }: Layout,
  end: number,
): StoredTorchTensor {
  const size = bytesPerElement(dtype);
  const count = elementCount(shape);
  return {
    dtype,
    shape,
    async read() {
      const part = count === 0 ? new Uint8Array(0) : await read(offset * size, end * size);
      const bytes = part.byteOffset % size === 0 ? part : new Uint8Array(part);
      const values = viewBytes(bytes, dtype, 0, bytes.length / size);
      const layout = { offset: 0, shape, strides };
      if (count === 0 || isContiguous(layout)) return { dtype, shape, data: values };
      const data = viewBytes(new Uint8Array(count * size), dtype, 0, count);
      gather(values, data, layout);
      return { dtype, shape, data };
    },
  };
}

/** A tensor's storage and its layout, which stays inside the storage and lies before element `end`. */
function checkView(
  storages: WeakSet<object>,
  elements: ElementType | undefined,
  [storage, offset, shape, strides]: readonly unknown[],
): { storage: Storage; layout: Layout; end: number; dtype: ElementType["dtype"] } {
  if (
    !isStorage(storage, storages) ||
    elements === undefined ||
    !isSize(offset) ||
    !isSizes(shape) ||
    !isSizes(strides) ||
    shape.length !== strides.length
  )
    throw new FormatError(format, "a tensor is not made of storage, offset, size and stride");
  const { dtype, parts } = elements;
  const layout = {
    offset: offset * parts,
    shape: parts === 1 ? [...shape] : [...shape, parts],
    strides: parts === 1 ? strides : [...strides.map((stride) => stride * parts), 1],
  };
  const byteLength = storage.later?.byteLength ?? storage.bytes.length;
  const available = Math.floor(byteLength / bytesPerElement(dtype));
  const last = layout.shape.reduce(
    (at, length, axis) => at + (length - 1) * layout.strides[axis]!,
    layout.offset,
  );
  if (elementCount(layout.shape) > 0 && !(last < available))
    throw new FormatError(format, `a tensor [${shape}] reaches beyond its storage of ${available / parts}`);
  return { storage, layout, end: last + 1, dtype };
}

/** A tensor that is to be conjugated or negated when it is read has other values than its storage. */
function refuseLazyBits(metadata: unknown): void {
  if (!(metadata instanceof Map) || [...metadata.values()].every((isSet) => isSet === false)) return;
  const hint = "call resolve_conj() and resolve_neg() before saving";
  throw new FormatError(format, "a tensor is to be conjugated or negated on reading", { hint });
}

interface Layout {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Row-major copy of strided elements. */
function gather(source: TypedArray, result: TypedArray, { offset, shape, strides }: Layout): void {
  const index = new Array<number>(shape.length).fill(0);
  let from = offset;
  for (let to = 0; to < result.length; to++) {
    result[to] = source[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

function isContiguous({ shape, strides }: Layout): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

function isStorage(value: unknown, storages: WeakSet<object>): value is Storage {
  return typeof value === "object" && value !== null && storages.has(value);
}

export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= maxDimensions && value.every(isSize);
}
