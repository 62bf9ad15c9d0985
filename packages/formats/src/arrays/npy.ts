// NumPy's .npy, versions 1 to 3 (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
//
//   "\x93NUMPY" | version | header length | {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } | data
//
// Arrays come out row-major and little-endian whatever the file's order; data of the usual kind stays a view.
// The header is Python; only the literals above are understood, nothing is evaluated.

import { FormatError } from "../errors.ts";
import {
  bytesOf,
  bytesPerElement,
  type DType,
  elementCount,
  isConsistent,
  type NdArray,
  swapByteOrder,
  type TypedArray,
  viewBytes,
} from "../nd-array.ts";
import { printable } from "../printable.ts";
import { type PythonLiteral, parsePythonLiteral } from "./python-literal.ts";

/** What the header of a NumPy file says of its array: element type, shape and order (NumPy format, NEP 1). */
export interface NpyHeader extends NumpyLayout {
  /** First byte of the data in the file. */
  readonly dataStart: number;
  /** One past the last byte of the data. */
  readonly dataEnd: number;
}

const format = "npy";
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

// The longest header of version 1; plain dtypes never need more.
const maxHeaderBytes = 0xffff;

const maxDimensions = 64; // NumPy's own limit

/** By NumPy's kind and size in bytes. */
export const dtypeByCode: ReadonlyMap<string, DType> = new Map<string, DType>([
  ["f8", "float64"],
  ["f4", "float32"],
  ["f2", "float16"],
  ["i8", "int64"],
  ["i4", "int32"],
  ["i2", "int16"],
  ["i1", "int8"],
  ["u8", "uint64"],
  ["u4", "uint32"],
  ["u2", "uint16"],
  ["u1", "uint8"],
  ["b1", "bool"],
]);
const codeByDtype = new Map([...dtypeByCode].map(([code, dtype]) => [dtype, code]));

/** How NumPy lays out an array in memory. */
export interface NumpyLayout {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Column-major. */
  readonly fortranOrder: boolean;
  readonly littleEndian: boolean;
}

/** The row-major array that bytes of a layout hold; the caller has checked that they are as many. */
export function arrayOfLayout(bytes: Uint8Array, layout: NumpyLayout): NdArray {
  const { dtype, shape, fortranOrder, littleEndian } = layout;
  let source = bytes;
  if (!littleEndian) {
    source = new Uint8Array(source);
    swapByteOrder(source, bytesPerElement(dtype));
  }
  const data = viewBytes(source, dtype, 0, elementCount(shape));
  return { dtype, shape, data: fortranOrder && shape.length > 1 ? toRowMajor(data, shape) : data };
}

/** Reads a whole file. Throws FormatError. */
export function readNpy(bytes: Uint8Array): NdArray {
  const header = readNpyHeader(bytes);
  return arrayOfLayout(bytes.subarray(header.dataStart, header.dataEnd), header);
}

/**
 * Dtype, shape and byte range from the start of a file of `fileLength` bytes; 66 kB always reach far enough.
 * Throws FormatError.
 */
export function readNpyHeader(bytes: Uint8Array, fileLength = bytes.length): NpyHeader {
  if (bytes.length < 12 || !magic.every((byte, index) => bytes[index] === byte)) {
    throw new FormatError(format, "the file does not begin with NumPy's magic bytes", { offset: 0 });
  }
  const version = bytes[6]!;
  if (version < 1 || version > 3) {
    throw new FormatError(format, `version ${version} is unknown; 1 to 3 are read`, { offset: 6 });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, 12);
  const [textStart, textLength] =
    version === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const dataStart = textStart + textLength;
  if (textLength > maxHeaderBytes || dataStart > bytes.length) {
    throw new FormatError(format, `header of ${textLength} bytes is cut short or too long`, { offset: 8 });
  }
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(
    bytes.subarray(textStart, dataStart),
  );
  const { dtype, shape, fortranOrder, littleEndian } = checkHeader(parsePythonLiteral(text, format));
  const dataEnd = dataStart + elementCount(shape) * bytesPerElement(dtype);
  if (dataEnd !== fileLength) {
    const found = `${fileLength - dataStart} bytes of data follow`;
    throw new FormatError(format, `${dtype} [${shape}] needs ${dataEnd - dataStart} bytes, ${found}`, {
      offset: dataStart,
    });
  }
  return { dtype, shape, fortranOrder, littleEndian, dataStart, dataEnd };
}

/** Writes version 1.0, little-endian and row-major. Throws FormatError for bfloat16, which NumPy has not. */
export function writeNpy(array: NdArray): Uint8Array {
  const { dtype, shape, data } = array;
  if (!isConsistent(array)) throw cannotWrite(dtype, shape, "the data does not fit the shape");
  const header = writeNpyHeader(dtype, shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(bytesOf(data), header.length);
  return bytes;
}

/** The bytes before the data, for files that are written piece by piece. Throws FormatError for bfloat16. */
export function writeNpyHeader(dtype: DType, shape: readonly number[]): Uint8Array {
  const code = codeByDtype.get(dtype);
  if (code === undefined) throw cannotWrite(dtype, shape, "NumPy has no such dtype");
  const descr = `${bytesPerElement(dtype) === 1 ? "|" : "<"}${code}`;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Data begins at a multiple of 64, as NumPy writes it.
  const dataStart = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(dataStart);
  bytes.set([...magic, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, dataStart - 10, true);
  bytes.set(new TextEncoder().encode(`${text.padEnd(dataStart - 11)}\n`), 10);
  return bytes;
}

function cannotWrite(dtype: DType, shape: readonly number[], fault: string): FormatError {
  return new FormatError(format, `cannot write ${dtype} [${shape}]: ${fault}`, {
    hint: "convert it before writing",
  });
}

function checkHeader(header: PythonLiteral) {
  const refuse = (fault: string, hint?: string): never => {
    throw new FormatError(format, fault, { offset: 10, hint });
  };
  if (!(header instanceof Map)) return refuse("header is not a dict");
  const descr = header.get("descr");
  const fortranOrder = header.get("fortran_order");
  const shape = header.get("shape");
  const dtype = typeof descr === "string" ? dtypeByCode.get(descr.slice(1)) : undefined;
  if (dtype === undefined || !/^[<>|=]/.test(descr as string)) {
    return refuse(
      `dtype ${printable(JSON.stringify(descr) ?? "is missing")} is not a plain number type`,
      "save it as e.g. float32",
    );
  }
  if (typeof fortranOrder !== "boolean") return refuse("fortran_order is not True or False");
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)) {
    return refuse("shape is not a tuple of sizes");
  }
  if (shape.length > maxDimensions) return refuse(`shape has ${shape.length} dimensions`);
  const littleEndian = !(descr as string).startsWith(">") || bytesPerElement(dtype) === 1;
  return { dtype, fortranOrder, littleEndian, shape: shape as number[] };
}

/** Copies column-major data of at least two dimensions into row-major order. */
function toRowMajor(data: TypedArray, shape: readonly number[]): TypedArray {
  const result = data.slice();
  const strides = shape.map((_, axis) => elementCount(shape.slice(0, axis)));
  const index = new Array<number>(shape.length).fill(0);
  let source = 0;
  for (let target = 0; target < data.length; target++) {
    result[target] = data[source]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      source -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
