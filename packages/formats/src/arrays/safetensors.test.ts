import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { bytesOf, bytesPerElement, type DType, elementCount, type NdArray, viewBytes } from "../nd-array.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readMutated } from "../testing/mutate.ts";
import {
  readSafetensors,
  readSafetensorsHeader,
  safetensorsDataStart,
  writeSafetensors,
} from "./safetensors.ts";

const dtypes: DType[] = [
  "float64",
  "float32",
  "float16",
  "bfloat16",
  "int64",
  "int32",
  "int16",
  "int8",
  "uint64",
  "uint32",
  "uint16",
  "uint8",
  "bool",
];

/** A file with the given header text and `dataBytes` zero bytes behind it. */
function fileOf(header: string, dataBytes = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const arrays = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(3), { maxLength: 3 }), fc.integer())
  .map(([dtype, shape, seed]): NdArray => {
    const count = elementCount(shape);
    const bytes = Uint8Array.from(
      { length: count * bytesPerElement(dtype) },
      (_, i) => (seed + i * 37) & 0xff,
    );
    return { dtype, shape, data: viewBytes(bytes, dtype, 0, count) };
  });
const names = fc.string({ maxLength: 6 }).filter((name) => name !== "__metadata__");

describe("safetensors", () => {
  it("reads back any tensors and any metadata", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(names, arrays), { selector: ([name]) => name, maxLength: 6 }),
        fc.dictionary(fc.string({ maxLength: 5 }), fc.string()),
        (tensors, metadata) => {
          const file = readSafetensors(writeSafetensors(tensors, metadata));
          expect(Object.entries(file.metadata).sort()).toEqual(Object.entries(metadata).sort());
          expect(file.tensors.size).toBe(tensors.length);
          for (const [name, array] of tensors) {
            const back = file.tensors.get(name)!;
            expect([back.dtype, back.shape]).toEqual([array.dtype, array.shape]);
            expect(bytesOf(back.data).slice()).toEqual(bytesOf(array.data).slice());
          }
        },
      ),
    );
  });

  it("writes the bytes of the reference writer: metadata first, widest dtype first, then by name", () => {
    const bytes = writeSafetensors(
      [
        ["b", { dtype: "uint8", shape: [2], data: Uint8Array.of(1, 2) }],
        ["10", { dtype: "float32", shape: [1], data: Float32Array.of(1) }],
        ["a", { dtype: "float32", shape: [], data: Float32Array.of(-2) }],
        ["x", { dtype: "int64", shape: [1], data: BigInt64Array.of(5n) }],
      ],
      { format: "pt" },
    );
    const header =
      '{"__metadata__":{"format":"pt"},' +
      '"x":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},' +
      '"10":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},' +
      '"a":{"dtype":"F32","shape":[],"data_offsets":[12,16]},' +
      '"b":{"dtype":"U8","shape":[2],"data_offsets":[16,18]}}';
    const start = safetensorsDataStart(bytes);
    expect(start % 8).toBe(0);
    expect(new TextDecoder().decode(bytes.subarray(8, start)).trimEnd()).toBe(header);
    expect(Array.from(bytes.subarray(start))).toEqual([
      ...[5, 0, 0, 0, 0, 0, 0, 0],
      ...[0, 0, 0x80, 0x3f],
      ...[0, 0, 0, 0xc0],
      ...[1, 2],
    ]);
  });

  it("gives tensors in the order of their bytes, as views of the file", () => {
    const bytes = writeSafetensors([
      ["2", { dtype: "uint8", shape: [1], data: Uint8Array.of(9) }],
      ["w", { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) }],
    ]);
    const { tensors } = readSafetensors(bytes);
    expect([...tensors.keys()]).toEqual(["w", "2"]);
    expect(tensors.get("w")!.data.buffer).toBe(bytes.buffer);
  });

  it("reads a file that begins at an odd place of its buffer", () => {
    const bytes = writeSafetensors([["w", { dtype: "float64", shape: [1], data: Float64Array.of(3.5) }]]);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(readSafetensors(shifted.subarray(3)).tensors.get("w")!.data[0]).toBe(3.5);
  });

  it("reads names, shapes and byte ranges from the first bytes alone", () => {
    const bytes = writeSafetensors([["w", { dtype: "float32", shape: [2, 3], data: new Float32Array(6) }]]);
    const start = safetensorsDataStart(bytes.subarray(0, 8));
    const { entries } = readSafetensorsHeader(bytes.subarray(0, start), bytes.length);
    expect(entries.get("w")).toEqual({ dtype: "float32", shape: [2, 3], begin: start, end: start + 24 });
  });

  it("keeps a metadata key that is a name of the language", () => {
    const { metadata } = readSafetensors(fileOf('{"__metadata__":{"__proto__":"x","constructor":"y"}}'));
    expect(Object.entries(metadata)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["three bytes", new Uint8Array(3), /fewer than 8 bytes/],
    [
      "a header beyond the file",
      Uint8Array.of(99, 0, 0, 0, 0, 0, 0, 0, 123),
      /header of 99 bytes, but 1 follow/,
    ],
    ["a header above 100 MB", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 255), /above the format's 100 MB/],
    ["an empty header", fileOf(""), /does not begin with/],
    ["a header that is a list", fileOf("[]"), /does not begin with/],
    ["a header cut short", fileOf('{"a":'), /not JSON/],
    ["a header that is not UTF-8", fileOf("{}").with(9, 0xff), /not JSON/],
    ["metadata that is not strings", fileOf('{"__metadata__":{"a":1}}'), /table of strings/],
    ["a tensor that is null", fileOf('{"a":null}'), /has no dtype/],
    [
      "an unknown dtype",
      fileOf('{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}', 1),
      /tensor "a" has dtype "F8_E4M3"; known are U64/,
    ],
    [
      "a dtype that cannot be a text",
      fileOf('{"a":{"dtype":{"toString":1,"valueOf":1},"shape":[1],"data_offsets":[0,1]}}', 1),
      /tensor "a" has no dtype/,
    ],
    ["a negative size", fileOf('{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}', 1), /list of sizes/],
    [
      "a fractional size",
      fileOf('{"a":{"dtype":"U8","shape":[0.5],"data_offsets":[0,1]}}', 1),
      /list of sizes/,
    ],
    ["three offsets", fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}', 1), /two offsets/],
    [
      "a shape of other size",
      fileOf('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4),
      /asks for 8/,
    ],
    [
      "a shape whose product overflows",
      fileOf('{"a":{"dtype":"U8","shape":[9007199254740991,9007199254740991],"data_offsets":[0,4]}}', 4),
      /spans 4 bytes/,
    ],
    [
      "a range beyond the file",
      fileOf('{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}', 4),
      /tensors end at/,
    ],
    [
      "bytes behind the last tensor",
      fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 4),
      /the file at/,
    ],
    [
      "overlapping tensors",
      fileOf(
        '{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}',
        4,
      ),
      /"b" overlaps/,
    ],
    ["a hole", fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}', 4), /unused bytes/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(FormatError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it.each<[string, string, RegExp]>([
    ["lists in place of a dtype", `{"a":{"dtype":${"[".repeat(1e6)}`, /header is nested more than 3 deep/],
    ["objects in the metadata", `{"__metadata__":${'{"a":'.repeat(1e6)}`, /nested more than 3 deep/],
    [
      "closed lists in a shape",
      `{"a":{"shape":[${"[".repeat(1e5)}${"]".repeat(1e5)}]}}`,
      /nested more than 3 deep/,
    ],
    [
      "empty lists beside one another",
      `{"a":{${'"":[],'.repeat(5e6)}`,
      /header has more than 10000000 values/,
    ],
    [
      "sizes",
      `{"a":{"dtype":"U8","shape":[${"1,".repeat(1e6)}1],"data_offsets":[0,1]}}`,
      /has 1000001 dimensions, above 64/,
    ],
  ])("refuses a header of very many %s in time", (_, header, message) => {
    const bytes = fileOf(header, 1);
    const start = cpuTimeMs();
    expect(() => readSafetensors(bytes)).toThrow(message);
    expect(cpuTimeMs() - start).toBeLessThan(2000);
  });

  it("takes twice the time for twice as many tensors", () => {
    const timeOf = (count: number): number => {
      const entry = (_: unknown, i: number) =>
        `"layer.${i}.weight":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`;
      const bytes = fileOf(`{${Array.from({ length: count }, entry).join(",")}}`, count);
      const start = cpuTimeMs();
      expect(readSafetensors(bytes).tensors.size).toBe(count);
      return cpuTimeMs() - start;
    };
    timeOf(1000);
    expect(timeOf(40_000)).toBeLessThan(5 * timeOf(20_000) + 200);
  });

  it("writes a name of any length, and says it in few words that a terminal does not obey", () => {
    const name = `\u001b[2J"${"x".repeat(1000)}`;
    const array: NdArray = { dtype: "uint8", shape: [1], data: Uint8Array.of(1) };
    expect(readSafetensors(writeSafetensors([[name, array]])).tensors.get(name)).toEqual(array);
    const header = `{${JSON.stringify(name)}:{"dtype":${JSON.stringify(name)},"shape":[1],"data_offsets":[0,1]}}`;
    const refusals = [
      () => readSafetensors(fileOf(header, 1)),
      () => writeSafetensors([[name, { ...array, shape: [2] }]]),
    ];
    for (const refused of refusals)
      expect(refused).toThrow(/^safetensors: tensor "\\u\{1b\}\[2J[^\p{Cc}]{1,400}$/u);
  });

  it("refuses to write data that does not fit its shape, and a reserved name", () => {
    const data = Uint8Array.of(1);
    expect(() => writeSafetensors([["a", { dtype: "uint8", shape: [2], data }]])).toThrow(
      /other data than uint8 \[2\]/,
    );
    expect(() => writeSafetensors([["__metadata__", { dtype: "uint8", shape: [1], data }]])).toThrow(
      /reserved/,
    );
  });

  it("reads or refuses by name each of 3000 damaged files", async () => {
    const bytes = writeSafetensors(
      [
        ["weight", { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
        ["bias", { dtype: "bfloat16", shape: [3], data: Uint16Array.of(1, 2, 3) }],
        ["steps", { dtype: "int64", shape: [], data: BigInt64Array.of(12n) }],
      ],
      { note: "fixture" },
    );
    const outcome = await readMutated(bytes, 3000, (damaged) => {
      const { tensors } = readSafetensors(damaged);
      for (const array of tensors.values()) expect(array.data.length).toBe(elementCount(array.shape));
    });
    expect(outcome.read).toBeGreaterThan(0);
    expect(outcome.refused).toBeGreaterThan(1000);
  });
});
