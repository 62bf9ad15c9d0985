// Checkpoints that name only what is allowed and give it what it does not expect: each must end in a FormatError, in
// time, without a call that Python would not make.

import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import type { NdArray } from "../nd-array.ts";
import {
  call,
  checkpointOf,
  global,
  integer,
  sizes,
  storage,
  tensor,
  text,
  tuple,
} from "../testing/checkpoint.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readTorchCheckpoint } from "./checkpoint.ts";
import { collectTensors } from "./state-dict.ts";

const deep = `N${"\x85".repeat(20_000)}`; // tuples inside one another
const bare = call("argparse.Namespace"); // an object that is no text and no number
const bytes = (...values: number[]) => `C${String.fromCharCode(values.length, ...values)}`;
const float64 = call("numpy.dtype", text("f8"));
const array = (shape: string, dtype: string, data: string, order = "\x89") =>
  `${call("numpy._core.multiarray._reconstruct", global("numpy.ndarray"), sizes(0), bytes(98))}${tuple(
    integer(1),
    shape,
    dtype,
    order,
    data,
  )}b`;
const eight = bytes(0, 0, 0, 0, 0, 0, 0xf0, 0x3f); // 1.0
const read = (pickle: string) => readTorchCheckpoint(checkpointOf(`\x80\x02${pickle}.`));

describe("a value that is made of what it is not made of", () => {
  const strange = [
    deep,
    bare,
    "N",
    "K\x05",
    text("x"),
    "]",
    "}",
    bytes(1, 2),
    float64,
    tensor([4], [1]),
    storage(),
  ];
  const callables = [
    ...["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter"].map(
      (name) => `torch._utils.${name}`,
    ),
    ...[
      "torch._tensor._rebuild_from_type_v2",
      "torch.Size",
      "torch.device",
      "torch.serialization._get_layout",
    ],
    ...["collections.OrderedDict", "collections.Counter", "collections.defaultdict", "collections.deque"],
    ...[
      "argparse.Namespace",
      "types.SimpleNamespace",
      "_codecs.encode",
      "pathlib.PosixPath",
      "pathlib.WindowsPath",
    ],
    ...["datetime.datetime", "datetime.date", "datetime.timedelta", "builtins.set", "builtins.frozenset"],
    ...["builtins.complex", "builtins.bytearray", "numpy.dtype", "numpy._core.multiarray.scalar"],
    ...["numpy.core.multiarray._reconstruct", "numpy._core.numeric._frombuffer"],
  ];

  it.each(callables)("is read or refused by name: %s", (path) => {
    const start = cpuTimeMs();
    for (const first of ["", ...strange]) {
      for (const second of ["", ...strange.slice(1, 5), global("torch.float32"), text("latin1")]) {
        for (const rest of ["", `${sizes(2)}${sizes(1)}\x89N`]) {
          try {
            read(call(path, first, second, rest));
          } catch (error) {
            expect(
              error,
              `${path} of ${[first, second, rest].map((part) => part.slice(0, 40))}`,
            ).toBeInstanceOf(FormatError);
            expect((error as Error).message).toMatch(/^[^\p{Cc}]{1,400}$/u);
          }
        }
      }
    }
    expect(cpuTimeMs() - start).toBeLessThan(30_000);
  });

  it.each<[string, string, RegExp]>([
    [
      "a storage of a number as key",
      `${tuple(text("storage"), global("torch.FloatStorage"), deep, text("cpu"), integer(4))}Q`,
      /not that of a storage/,
    ],
    ["a persistent id without end", `${deep}Q`, /not that of a storage/],
    [
      "a storage of a dtype",
      `${tuple(text("storage"), global("torch.float32"), text("0"), text("cpu"), integer(4))}Q`,
      /not that of a storage/,
    ],
    [
      "a tensor made by itself",
      call(
        "torch._tensor._rebuild_from_type_v2",
        global("torch._tensor._rebuild_from_type_v2"),
        "N",
        tuple("N"),
        "N",
      ),
      /not made as tensors are/,
    ],
    [
      "a tensor made by a set",
      call("torch._tensor._rebuild_from_type_v2", global("builtins.set"), "N", tuple("]"), "N"),
      /not made as tensors are/,
    ],
    [
      "a tensor of a type that is none",
      call(
        "torch._utils._rebuild_tensor_v3",
        storage(),
        integer(0),
        sizes(1),
        sizes(1),
        "\x89",
        "N",
        text("torch.float99"),
      ),
      /tensors of torch\.float99 are not read/,
    ],
    [
      "a tensor of text on a storage without a type",
      call(
        "torch._utils._rebuild_tensor_v2",
        tuple(text("storage"), global("torch.storage.UntypedStorage"), text("0"), text("cpu"), integer(16)) +
          "Q",
        integer(0),
        sizes(1),
        sizes(1),
        "\x89",
        "N",
      ),
      /not made of storage/,
    ],
    [
      "a complex tensor beyond its storage",
      call(
        "torch._utils._rebuild_tensor_v2",
        storage("ComplexFloatStorage", 2),
        integer(1),
        sizes(2),
        sizes(1),
        "\x89",
        "N",
      ),
      /\[2\] reaches beyond its storage of 2/,
    ],
    [
      "an array of other bytes than its shape",
      array(sizes(2), float64, eight),
      /other bytes than its shape asks for/,
    ],
    [
      "an array of 2^62 elements",
      array(sizes(2 ** 31 - 1, 2 ** 31 - 1), float64, eight),
      /other bytes than its shape/,
    ],
    [
      "an array of objects",
      array(sizes(1), call("numpy.dtype", text("O8")), "](Ne"),
      /NumPy values of type O8 are not read/,
    ],
    [
      "an array of text",
      array(sizes(1), call("numpy.dtype", text("U2")), eight),
      /NumPy values of type U2 are not read/,
    ],
    ["an array without a dtype", array(sizes(1), "N", eight), /NumPy values of type unknown/],
    [
      "an array that is filled twice",
      `${array(sizes(1), float64, eight)}${tuple(integer(1), sizes(1), float64, "\x89", eight)}b`,
      /gives attributes to what has none/,
    ],
    ["a date of three bytes", call("datetime.date", bytes(7, 234, 1)), /a date is not written/],
    [
      "a date of a time zone",
      call("datetime.datetime", bytes(7, 234, 1, 1, 0, 0, 0, 0, 0, 0), text("x")),
      /without a time zone/,
    ],
    [
      "attributes of a tensor",
      `${tensor([4], [1])}}${text("data")}K\x01sb`,
      /gives attributes to what has none/,
    ],
  ])("is refused: %s", (_, pickle, message) => {
    expect(() => read(pickle)).toThrow(FormatError);
    expect(() => read(pickle)).toThrow(message);
  });

  it("is no hole in the language", () => {
    const namespace = read(`${bare}}(${text("__proto__")}}${text("constructor")}K\x01ub`) as object;
    expect(Object.keys(namespace)).toEqual(["__proto__", "constructor"]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe("checkpoints that ask for the same again and again", () => {
  it.each<[string, string, string]>([
    [
      "a storage of a long name",
      tuple(text("storage"), global("torch.FloatStorage"), text("k".repeat(250)), text("cpu"), integer(4)),
      "h\x00Q0",
    ],
    ["a tensor", tuple(storage(), integer(0), sizes(4), sizes(1), "\x89", "N"), "h\x01h\x00R0"],
    ["a path", tuple(...Array<string>(500).fill(text("p"))), "h\x02h\x00R0"],
  ])("take no more than their length: %s", (_, first, again) => {
    const pickle = (count: number) =>
      `${first}q\x000${global("torch._utils._rebuild_tensor_v2")}q\x010${global("pathlib.PosixPath")}q\x020${again.repeat(count)}N`;
    const files = { [`m/data/${"k".repeat(250)}`]: new Uint8Array(16) };
    const timeOf = (count: number): number => {
      const archive = checkpointOf(`\x80\x02${pickle(count)}.`, files);
      const start = cpuTimeMs();
      try {
        readTorchCheckpoint(archive);
      } catch (error) {
        expect((error as Error).message).toMatch(/handles values more often|more than 500000 containers/);
      }
      return cpuTimeMs() - start;
    };
    timeOf(1000);
    expect(timeOf(100_000)).toBeLessThan(5 * timeOf(50_000) + 300);
  });

  it("are read where a tensor lies on a storage a hundred thousand times", () => {
    const one = tuple(storage(), integer(0), sizes(4), sizes(1), "\x89", "N");
    const tensors = read(
      `${one}q\x000${global("torch._utils._rebuild_tensor_v2")}q\x010(${"h\x01h\x00R".repeat(100_000)}t`,
    ) as NdArray[];
    expect(new Set(tensors.map(({ data }) => data.buffer)).size).toBe(1);
    expect(() => collectTensors(tensors)).toThrow(FormatError);
  });
});
