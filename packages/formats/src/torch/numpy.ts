// NumPy's scalars and arrays in a pickle: scores that a script computed, states of random generators
// (numpy/core/src/multiarray, `__reduce__` of dtype, scalar and ndarray). An array is made empty and takes dtype,
// shape and bytes afterwards, so that this file keeps what is not yet filled.

import { arrayOfLayout, dtypeByCode, type NumpyLayout } from "../arrays/npy.ts";
import { FormatError } from "../errors.ts";
import { float16ToFloat32 } from "../half-precision.ts";
import { bytesPerElement, elementCount, type NdArray } from "../nd-array.ts";
import { printable } from "../printable.ts";
import type { PickleCallable } from "./pickle-machine.ts";
import { isSizes } from "./tensors.ts";

interface NumpyDtype {
  /** Kind and size, such as "f8". */
  readonly code: string;
  littleEndian: boolean;
}

export interface NumpyValues {
  /** What a pickle may name, by its path. */
  readonly globals: ReadonlyMap<string, PickleCallable | string>;
  /** Fills a dtype or an array that was made here; false for any other target. */
  setState(target: unknown, state: unknown): boolean;
}

const format = "torch";

/** For one pickle. */
export function createNumpyValues(): NumpyValues {
  const dtypes = new WeakSet<object>();
  const emptyArrays = new WeakSet<object>();
  const isDtype = (value: unknown): value is NumpyDtype =>
    typeof value === "object" && value !== null && dtypes.has(value);

  const makeDtype: PickleCallable = ([code]) => {
    const dtype = { code: typeof code === "string" ? code : "unknown", littleEndian: true };
    dtypes.add(dtype);
    return dtype;
  };
  const makeScalar: PickleCallable = ([dtype, bytes]) =>
    scalarOf(arrayOf(bytes, isDtype(dtype) ? dtype : undefined, [], false));
  const makeArray: PickleCallable = () => {
    const array: NdArray = { dtype: "uint8", shape: [0], data: new Uint8Array(0) };
    emptyArrays.add(array);
    return array;
  };
  const makeFilled: PickleCallable = ([bytes, dtype, shape, order]) =>
    arrayOf(bytes, isDtype(dtype) ? dtype : undefined, shape, order === "F");

  const globals = new Map<string, PickleCallable | string>([
    ["numpy.dtype", makeDtype],
    ["numpy.ndarray", "numpy.ndarray"],
  ]);
  for (const core of ["numpy.core", "numpy._core"]) {
    globals.set(`${core}.multiarray.scalar`, makeScalar);
    globals.set(`${core}.multiarray._reconstruct`, makeArray);
    globals.set(`${core}.numeric._frombuffer`, makeFilled);
  }
  const setState = (target: unknown, state: unknown): boolean => {
    if (typeof target !== "object" || target === null || !Array.isArray(state)) return false;
    if (isDtype(target)) {
      target.littleEndian = state[1] !== ">";
      return true;
    }
    if (!emptyArrays.delete(target)) return false;
    const [, shape, dtype, fortranOrder, bytes] = state;
    Object.assign(target, arrayOf(bytes, isDtype(dtype) ? dtype : undefined, shape, fortranOrder === true));
    return true;
  };
  return { globals, setState };
}

function arrayOf(
  bytes: unknown,
  type: NumpyDtype | undefined,
  shape: unknown,
  fortranOrder: boolean,
): NdArray {
  const dtype = dtypeByCode.get(type?.code ?? "");
  if (dtype === undefined || type === undefined) {
    const what = `NumPy values of type ${printable(type?.code ?? "unknown")} are not read`;
    throw new FormatError(format, what, { hint: "save numbers, or leave them out of the checkpoint" });
  }
  if (
    !(bytes instanceof Uint8Array) ||
    !isSizes(shape) ||
    elementCount(shape) * bytesPerElement(dtype) !== bytes.length
  )
    throw new FormatError(format, "an array of NumPy has other bytes than its shape asks for");
  const layout: NumpyLayout = { dtype, shape: [...shape], fortranOrder, littleEndian: type.littleEndian };
  return arrayOfLayout(bytes, layout);
}

function scalarOf({ dtype, data }: NdArray): number | bigint | boolean {
  const value = data[0]!;
  if (dtype === "bool") return value !== 0;
  if (dtype === "float16") return float16ToFloat32(data as Uint16Array)[0]!;
  return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
