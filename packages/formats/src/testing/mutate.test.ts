import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "./cpu-time.ts";
import { mutateBytes, readMutated } from "./mutate.ts";

const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);

describe("mutateBytes", () => {
  it("gives the same damage for the same seed and leaves the original alone", () => {
    for (let seed = 1; seed < 100; seed++) expect(mutateBytes(bytes, seed)).toEqual(mutateBytes(bytes, seed));
    expect(Array.from(bytes)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("changes almost every file, in length and in content", () => {
    const copies = Array.from({ length: 200 }, (_, seed) => mutateBytes(bytes, seed));
    const lengths = new Set(copies.map((copy) => copy.length));
    const unchanged = copies.filter((copy) => copy.length === 100 && copy.every((byte, i) => byte === i));
    expect(lengths.size).toBeGreaterThan(40);
    expect(unchanged.length).toBeLessThan(10);
  });

  it("leaves an empty file empty", () => {
    expect(mutateBytes(new Uint8Array(0), 3)).toHaveLength(0);
  });
});

describe("readMutated", () => {
  it("counts what was read and what was refused by name", async () => {
    let call = 0;
    const outcome = await readMutated(bytes, 10, () => {
      if (call++ % 2 === 0) throw new FormatError("test", "odd");
    });
    expect(outcome).toEqual({ read: 5, refused: 5 });
  });

  it("fails on any other error and names the seed", async () => {
    const crash = () => {
      throw new TypeError("undefined is not a function");
    };
    await expect(readMutated(bytes, 10, crash)).rejects.toThrow(/seed 1 ended in TypeError/);
  });

  it("fails on a reader that takes too long", async () => {
    const slow = () => {
      const end = cpuTimeMs() + 60;
      while (cpuTimeMs() < end);
    };
    await expect(readMutated(bytes, 1, slow, 50)).rejects.toThrow(/seed 1 took \d+ ms/);
  });
});
