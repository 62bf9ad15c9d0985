// Plain values of Python's library in a pickle, as a training script leaves them beside its weights: containers,
// namespaces of arguments, paths, times. Each is read as what says the same in JavaScript; none is a class of its own.
//
//   OrderedDict, Counter, defaultdict -> Map       deque -> array            Namespace -> object without prototype
//   PosixPath, WindowsPath -> text                 datetime, date -> ISO text    timedelta -> seconds
//   complex -> [real, imaginary]                   bytearray -> Uint8Array

import { FormatError } from "../errors.ts";
import type { PickleCallable } from "./pickle-machine.ts";

const format = "torch";

const makeDict: PickleCallable = ([items = []]) => {
  if (items instanceof Map) return new Map(items);
  if (!Array.isArray(items) || !items.every((pair) => Array.isArray(pair) && pair.length === 2))
    throw new FormatError(format, "a dict is not made of pairs");
  return new Map(items as [unknown, unknown][]);
};
const makeSet: PickleCallable = ([items = []]) => new Set(asArray(items));
const makeObject: PickleCallable = () => Object.create(null);
const makeComplex: PickleCallable = ([real = 0, imaginary = 0]) => [real, imaginary];
const makeBytes: PickleCallable = ([source = new Uint8Array(0), encoding]) =>
  source instanceof Uint8Array ? new Uint8Array(source) : encodeLatin1([source, encoding]);
const makePath =
  (separator: string): PickleCallable =>
  (parts) => {
    if (!parts.every((part) => typeof part === "string"))
      throw new FormatError(format, "a path is not made of texts");
    const [root = "", ...rest] = parts;
    // The first part of an absolute path ends in a separator of its own.
    return root.endsWith(separator) ? root + rest.join(separator) : parts.join(separator);
  };

/** How protocol 2 writes bytes: as Latin-1 text that is encoded on reading. */
const encodeLatin1: PickleCallable = ([text, encoding]) => {
  const isLatin1 = encoding === "latin1" || encoding === "latin-1";
  if (typeof text !== "string" || !isLatin1 || /[^\0-\xff]/.test(text))
    throw new FormatError(format, "bytes are not written as Latin-1 text");
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
};

/**
 * Year in two bytes, month (its high bit marks a repeated hour), day; then hour, minute, second, microseconds in three
 * (datetime.__reduce__).
 */
const makeTime =
  (byteCount: 4 | 10): PickleCallable =>
  ([state, zone]) => {
    if (!(state instanceof Uint8Array) || state.length !== byteCount || zone !== undefined)
      throw new FormatError(format, "a date is not written as dates without a time zone are");
    const [century = 0, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = state;
    const date = `${pad(century * 256 + year, 4)}-${pad(month & 0x7f)}-${pad(day)}`;
    if (byteCount === 4) return date;
    const micros = (state[7]! << 16) | (state[8]! << 8) | state[9]!;
    return `${date}T${pad(hour)}:${pad(minute)}:${pad(second)}${micros === 0 ? "" : `.${pad(micros, 6)}`}`;
  };
const makeDuration: PickleCallable = (parts) => {
  if (!parts.every((part) => typeof part === "number"))
    throw new FormatError(format, "a duration is not made of numbers");
  const [days = 0, seconds = 0, micros = 0] = parts;
  return days * 86_400 + seconds + micros / 1e6;
};

const collections: readonly [string, PickleCallable | string][] = [
  ["collections.OrderedDict", makeDict],
  ["collections.Counter", makeDict],
  ["collections.defaultdict", () => new Map()],
  ["collections.deque", ([items = []]) => asArray(items)],
  ["argparse.Namespace", makeObject],
  ["types.SimpleNamespace", makeObject],
  ["_codecs.encode", encodeLatin1],
  ["datetime.datetime", makeTime(10)],
  ["datetime.date", makeTime(4)],
  ["datetime.timedelta", makeDuration],
  // Lightning's dict of hyper-parameters, wherever it stood.
  ...[
    "pytorch_lightning.utilities.parsing",
    "lightning.pytorch.utilities.parsing",
    "lightning_fabric.utilities.data",
    "lightning.fabric.utilities.data",
  ].map((module): [string, PickleCallable] => [`${module}.AttributeDict`, makeDict]),
];

const builtins: readonly [string, PickleCallable | string][] = [
  ["set", makeSet],
  ["frozenset", makeSet],
  ["complex", makeComplex],
  ["bytearray", makeBytes],
  // What a defaultdict makes.
  ...["list", "dict", "int", "long", "float", "str", "unicode", "bool", "tuple"].map(
    (name): [string, string] => [name, name],
  ),
];

/** What a pickle may name, by its path. */
export const pythonValues: ReadonlyMap<string, PickleCallable | string> = new Map([
  ...collections,
  // Protocol 2 uses the names of Python 2.
  ...["builtins", "__builtin__"].flatMap((module) =>
    builtins.map(([name, value]): [string, PickleCallable | string] => [`${module}.${name}`, value]),
  ),
  // Python 3.13 alone keeps them in another module.
  ...["pathlib", "pathlib._local"].flatMap((module) =>
    ["Posix", "Windows", "PurePosix", "PureWindows"].map((kind): [string, PickleCallable] => [
      `${module}.${kind}Path`,
      makePath(kind.endsWith("Windows") ? "\\" : "/"),
    ]),
  ),
]);

function asArray(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new FormatError(format, "a container is not made of a list");
  return [...value];
}

function pad(value: number, digits = 2): string {
  return String(value).padStart(digits, "0");
}
