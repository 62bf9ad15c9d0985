// NumPy's .npy with texts: of fixed length ('<U15', UCS-4) or Python objects ('|O', a pickle). Tables of labels are published
// so. The pickle is read by the machine for checkpoints, which executes nothing.

import { FormatError } from "../errors.ts";
import { printable } from "../printable.ts";
import { unpickle } from "../torch/pickle.ts";
import type { PickleCallable } from "../torch/pickle-machine.ts";
import { parsePythonLiteral } from "./python-literal.ts";

/** An array of texts; row-major. */
export interface TextArray {
  readonly shape: readonly number[];
  readonly data: readonly string[];
}

const format = "npy";
const mostTexts = 50_000_000;

/** Reads an array of texts; what is no text in a pickle (numbers, None, nan) becomes one, empty for None and nan. @throws FormatError */
export function readTextNpy(bytes: Uint8Array, { name = "the array" }: { name?: string } = {}): TextArray {
  const place = printable(name);
  const refuse = (what: string): never => {
    throw new FormatError(format, `${place}: ${what}`, {
      hint: "save it with numpy.save as an array of texts",
    });
  };
  if (bytes[0] !== 0x93 || bytes.length < 12)
    return refuse("the file does not begin with NumPy's magic bytes");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [textStart, textLength] =
    bytes[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const dataStart = textStart + textLength;
  if (dataStart > bytes.length) return refuse("its header is cut short");
  const header = parsePythonLiteral(
    new TextDecoder("latin1").decode(bytes.subarray(textStart, dataStart)),
    format,
  );
  if (!(header instanceof Map)) return refuse("its header is no dictionary");
  const [descr, order, shape] = ["descr", "fortran_order", "shape"].map((key) => header.get(key));
  if (!isShape(shape) || order !== false) return refuse("it is no array in C order");
  const count = shape.reduce((product, length) => product * length, 1);
  if (count > mostTexts) return refuse(`it has ${count} texts, above ${mostTexts}`);
  if (descr === "|O") {
    const data = objectsOf(bytes.subarray(dataStart));
    return data?.length === count ? { shape, data } : refuse("its pickle is no array of texts of that shape");
  }
  const length = Number(/^<U(\d+)$/.exec(String(descr))?.[1]);
  if (!(length >= 0)) return refuse(`its elements are ${printable(String(descr))}, not texts`);
  if (dataStart + 4 * length * count !== bytes.length) return refuse("it is cut short or too long");
  const data = Array.from({ length: count }, (_, at) => {
    let text = "";
    for (let i = 0; i < length; i++) {
      const code = view.getUint32(dataStart + 4 * (at * length + i), true);
      if (code === 0) break;
      if (code > 0x10ffff) return refuse("it holds what is no character");
      text += String.fromCodePoint(code);
    }
    return text;
  });
  return { shape, data };
}

function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((length) => Number.isInteger(length) && length >= 0);
}

/** The elements of a pickled array of objects: its state holds them as a list (numpy/core/src/multiarray). */
function objectsOf(bytes: Uint8Array): string[] | undefined {
  let elements: unknown;
  const empty = new WeakSet<object>();
  const make: PickleCallable = () => {
    const made = {};
    empty.add(made);
    return made;
  };
  const globals = new Map<string, PickleCallable | string>([
    ["numpy.dtype", make],
    ["numpy.ndarray", "numpy.ndarray"],
    ["numpy.core.multiarray._reconstruct", make],
    ["numpy._core.multiarray._reconstruct", make],
  ]);
  unpickle(bytes, {
    format,
    globals,
    persistentLoad: () => undefined,
    setState: (target, state) => {
      if (typeof target !== "object" || target === null || !empty.has(target)) return false;
      if (Array.isArray(state) && Array.isArray(state.at(-1))) elements = state.at(-1);
      return true;
    },
  });
  return Array.isArray(elements) ? elements.map(textOf) : undefined;
}

function textOf(value: unknown): string {
  return value === null || (typeof value === "number" && Number.isNaN(value)) ? "" : String(value);
}
