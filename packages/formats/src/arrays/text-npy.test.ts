import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { writeNpy } from "./npy.ts";
import { readTextNpy } from "./text-npy.ts";

function npy(descr: string, shape: string, data: Uint8Array, order = "False"): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`.padEnd(117);
  return Buffer.concat([
    Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0),
    Buffer.from(`${header}\n`),
    data,
  ]);
}

const codes = (text: string, length: number) =>
  Array.from({ length }, (_, at) => [...text][at]?.codePointAt(0) ?? 0);
const fixed = (texts: readonly string[], length: number) =>
  new Uint8Array(Uint32Array.from(texts.flatMap((text) => codes(text, length))).buffer);

// numpy.save of numpy.array([['ENSG1', 'FBL'], [None, nan]], dtype=object), protocol 4 by hand: reconstruct, then its state.
function pickled(elements: readonly Uint8Array[], shape: readonly number[]): Uint8Array {
  const short = (text: string) => Buffer.concat([Uint8Array.of(0x8c, text.length), Buffer.from(text)]);
  const byteString = (text: string) => Buffer.concat([Uint8Array.of(0x43, text.length), Buffer.from(text)]);
  const int = (value: number) => Uint8Array.of(0x4b, value);
  const global = (module: string, name: string) =>
    Buffer.concat([short(module), short(name), Uint8Array.of(0x93)]);
  const dtype = [
    ...[global("numpy", "dtype"), short("O8"), Uint8Array.of(0x89, 0x88, 0x87, 0x52)],
    ...[Uint8Array.of(0x28), int(3), short("|"), Uint8Array.of(0x4e, 0x4e, 0x4e)],
    ...[
      Uint8Array.of(0x4a, 255, 255, 255, 255, 0x4a, 255, 255, 255, 255),
      int(63),
      Uint8Array.of(0x74, 0x62),
    ],
  ];
  return Buffer.concat([
    ...[Uint8Array.of(0x80, 4), global("numpy.core.multiarray", "_reconstruct"), global("numpy", "ndarray")],
    ...[int(0), Uint8Array.of(0x85), byteString("b"), Uint8Array.of(0x87, 0x52)],
    ...[
      Uint8Array.of(0x28),
      int(1),
      Uint8Array.of(0x28),
      ...shape.map(int),
      Uint8Array.of(0x74),
      ...dtype,
      Uint8Array.of(0x89),
    ],
    ...[Uint8Array.of(0x5d, 0x28), ...elements, Uint8Array.of(0x65), Uint8Array.of(0x74, 0x62, 0x2e)],
  ]);
}
const text = (value: string) => Buffer.concat([Uint8Array.of(0x8c, value.length), Buffer.from(value)]);
const none = Uint8Array.of(0x4e);
const nan = Uint8Array.of(0x47, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0);

describe("readTextNpy", () => {
  it("reads texts of fixed length, of any script, shorter ones and empty ones", () => {
    const bytes = npy("<U5", "(2, 2)", fixed(["ENSG1", "β𝛾", "", "a"], 5));
    expect(readTextNpy(bytes)).toEqual({ shape: [2, 2], data: ["ENSG1", "β𝛾", "", "a"] });
  });

  it("reads objects of a pickle; None and nan are empty", () => {
    const bytes = npy("|O", "(2, 2)", pickled([text("ENSG1"), text("FBL"), none, nan], [2, 2]));
    expect(readTextNpy(bytes)).toEqual({ shape: [2, 2], data: ["ENSG1", "FBL", "", ""] });
  });

  it.each([
    [
      "numbers",
      writeNpy({ dtype: "float32", shape: [1], data: Float32Array.of(1) }),
      /its elements are <f4, not texts/,
    ],
    ["a file cut short", npy("<U5", "(2, 2)", new Uint8Array(79)), /it is cut short or too long/],
    ["column-major texts", npy("<U1", "(1, 1)", new Uint8Array(4), "True"), /no array in C order/],
    ["a code that is no character", npy("<U1", "(1,)", Uint8Array.of(0, 0, 0x20, 0)), /no character/],
    [
      "another number of objects",
      npy("|O", "(3,)", pickled([text("a")], [1])),
      /no array of texts of that shape/,
    ],
    [
      "a pickle that calls",
      npy("|O", "(1,)", Buffer.from("\x80\x04\x8c\x02os\x8c\x06system\x93.", "latin1")),
      /os\.system/,
    ],
    [
      "another kind of file",
      new TextEncoder().encode("ensg,name,loc_grade1"),
      /does not begin with NumPy's magic bytes/,
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readTextNpy(bytes, { name: "label.npy" })).toThrow(message);
    expect(() => readTextNpy(bytes, { name: "label.npy" })).toThrow(FormatError);
  });
});
