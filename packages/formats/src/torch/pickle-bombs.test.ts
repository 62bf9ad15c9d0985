// Pickles that are small and ask for much: each must be refused by name, before it has cost time or memory.
import { expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { latin1 } from "../testing/checkpoint.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { unpickle } from "./pickle.ts";
import type { PickleCallable } from "./pickle-machine.ts";

const globals = new Map<string, PickleCallable | object>([
  ["builtins.set", ([items]) => new Set(items as unknown[])],
  ["collections.Counter", ([items]) => new Map(items as Map<unknown, unknown>)],
  ["argparse.Namespace", () => Object.create(null)],
]);
const options = { format: "torch", globals, persistentLoad: (id: unknown) => id };
const megabytes = 8;
const fill = (piece: string) => piece.repeat((megabytes * 2 ** 20) / piece.length);

const numbers = `](${"\x88".repeat(100_000)}eq\x00`; // a list in slot 0 of the memo
const keys = (write: (key: string) => string) =>
  Array.from({ length: 40_000 }, (_, i) => write(`J${String.fromCharCode(i & 255, i >> 8)}\x05\x05`)).join(
    "",
  );
const attributes = `}(${Array.from({ length: 5000 }, (_, i) => `U\x05${String(i).padStart(5, "0")}N`).join("")}uq\x00`;

it.each([
  [
    "copies of one list",
    `${numbers}0cbuiltins\nset\nq\x01${fill("h\x01h\x00\x85R0")}`,
    /handles values more often/,
  ],
  [
    "the same attributes again and again",
    `${attributes}0cargparse\nNamespace\n)Rq\x02${fill("h\x00b")}`,
    /handles values more often/,
  ],
  ["empty dicts", fill("}"), /more than 1000000 values at once|more than 500000 containers/],
  ["empty dicts that are dropped", fill("}0"), /more than 500000 containers/],
  ["nothing, very often", fill("N"), /more than 1000000 values at once/],
  ["marks", fill("("), /nested too deep/],
  ["tuples inside one another", `N${fill("\x85")}`, /more than 500000 containers/],
  ["numbers as keys of a dict", `}(${keys((key) => `${key}N`)}u`, /more than 32768 numbers as keys/],
  ["numbers as keys of dicts", keys((key) => `}${key}Ns`), /more than 32768 numbers as keys/],
  ["numbers in a set", `\x8f(${keys((key) => key)}\x90`, /more than 32768 numbers as keys/],
  ["numbers in a frozen set", `(${keys((key) => key)}\x91`, /more than 32768 numbers as keys/],
  [
    "numbers in pairs for a dict to take",
    `ccollections\nCounter\n(](${keys((key) => `${key}N\x86`)}etR`,
    /more than 32768 numbers as keys/,
  ],
  [
    "numbers for a set to take",
    `cbuiltins\nset\n(](${keys((key) => key)}etR`,
    /more than 32768 numbers as keys/,
  ],
  [
    "long texts handed on",
    `X\x00\x00\x10\x00${"x".repeat(2 ** 20)}q\x000cbuiltins\nset\nq\x01${fill("h\x01h\x00\x85R0")}`,
    /handles values more often/,
  ],
  [
    "bytes handed on",
    `B\x00\x00\x10\x00${"x".repeat(2 ** 20)}q\x000cargparse\nNamespace\nq\x01${fill("h\x01h\x00\x85R0")}`,
    /handles values more often/,
  ],
])("refuses %s in time", (_, pickle, message) => {
  const bytes = latin1(`\x80\x02${pickle}.`);
  const start = cpuTimeMs();
  expect(() => unpickle(bytes, options)).toThrow(message);
  expect(cpuTimeMs() - start).toBeLessThan(2000);
  expect(() => unpickle(bytes, options)).toThrow(FormatError);
});

it("reads values that hold themselves", () => {
  const list = unpickle(latin1("\x80\x02]q\x00h\x00a."), options) as unknown[];
  expect(list[0]).toBe(list);
  const dict = unpickle(latin1("\x80\x02}q\x00U\x01ah\x00s."), options) as Map<string, unknown>;
  expect(dict.get("a")).toBe(dict);
});

it("takes twice the time for a pickle of twice the length", () => {
  for (const piece of ["U\x01a0N0", "](K\x01K\x02e0", "}(U\x01aNU\x01bNu0", "U\x01aq\x000h\x000"]) {
    const timeOf = (count: number): number => {
      const bytes = latin1(`\x80\x02${piece.repeat(count)}N.`);
      const start = cpuTimeMs();
      expect(unpickle(bytes, options)).toBeNull();
      return cpuTimeMs() - start;
    };
    timeOf(1000);
    expect(timeOf(200_000)).toBeLessThan(5 * timeOf(100_000) + 200);
  }
});

it("reads what honest pickles have many of", () => {
  const pairs = Array.from(
    { length: 20_000 },
    (_, i) => `U\x05${String(i).padStart(5, "0")}(K\x01K\x02t`,
  ).join("");
  const value = unpickle(
    latin1(`\x80\x02}(${pairs}ucbuiltins\nset\n](K\x01K\x02e\x85R\x86.`),
    options,
  ) as unknown[];
  expect((value[0] as Map<string, unknown>).size).toBe(20_000);
  expect(value[1]).toEqual(new Set([1, 2]));
});
