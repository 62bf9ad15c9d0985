// Pickles that are small and ask for much: each must be refused by name, before it has cost time or memory.
import { expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { type PickleCallable, unpickle } from "./pickle.ts";

const globals = new Map<string, PickleCallable | object>([
  ["builtins.set", ([items]) => new Set(items as unknown[])],
  ["argparse.Namespace", () => Object.create(null)],
]);
const options = { format: "torch", globals, persistentLoad: (id: unknown) => id };
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const megabytes = 8;
const fill = (piece: string) => piece.repeat((megabytes * 2 ** 20) / piece.length);

const numbers = `](${"K\x07".repeat(100_000)}eq\x00`; // a list that is remembered as 0
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
])("refuses %s in time", (_, pickle, message) => {
  const bytes = latin1(`\x80\x02${pickle}.`);
  const start = cpuTimeMs();
  expect(() => unpickle(bytes, options)).toThrow(message);
  expect(cpuTimeMs() - start).toBeLessThan(2000);
  expect(() => unpickle(bytes, options)).toThrow(FormatError);
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
