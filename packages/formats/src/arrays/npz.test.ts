import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { readFixture } from "../testing/fixture.ts";
import { readMutated } from "../testing/mutate.ts";
import { readNpz, writeNpz } from "./npz.ts";

describe("npz", () => {
  it("reads what np.savez wrote", () => {
    const arrays = readNpz(readFixture("stored.npz"));
    expect(arrays.get("grid")).toEqual({
      dtype: "int64",
      shape: [2, 3],
      data: BigInt64Array.of(0n, 1n, 2n, 3n, 4n, 5n),
    });
    expect(arrays.get("mask")).toEqual({
      dtype: "bool",
      shape: [2, 3],
      data: Uint8Array.of(0, 0, 0, 1, 1, 1),
    });
  });

  it("reads what np.savez_compressed wrote", () => {
    const arrays = readNpz(readFixture("deflated.npz"));
    expect([...arrays.keys()]).toEqual(["grid", "zeros"]);
    expect(arrays.get("zeros")!.shape).toEqual([100, 100]);
  });

  it("reads back any arrays, deflated or stored", () => {
    const content = fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), fc.int16Array({ maxLength: 50 }));
    fc.assert(
      fc.property(content, fc.boolean(), (vectors, compress) => {
        const arrays = Object.entries(vectors).map(
          ([name, data]) => [name, { dtype: "int16", shape: [data.length], data }] as const,
        );
        expect(readNpz(writeNpz(arrays, { compress }))).toEqual(new Map(arrays));
      }),
    );
  });

  it("gives equal bytes for equal arrays", () => {
    const array = { dtype: "uint8", shape: [2], data: Uint8Array.of(1, 2) } as const;
    expect(writeNpz([["a", array]])).toEqual(writeNpz([["a", array]]));
  });

  it("refuses to unpack beyond the bound", () => {
    expect(() => readNpz(readFixture("deflated.npz"), { maxBytes: 5000 })).toThrow(
      /above 5000.*separate .npy files/,
    );
  });

  it("refuses an archive of other files", () => {
    const bytes = zipSync({ "readme.txt": Uint8Array.of(65) });
    expect(() => readNpz(bytes)).toThrow(FormatError);
    expect(() => readNpz(bytes)).toThrow(/"readme.txt" is not a .npy file/);
  });

  it("reads or refuses each of 2000 damaged archives", async () => {
    const outcome = await readMutated(readFixture("deflated.npz"), 2000, readNpz);
    expect(outcome.read).toBeGreaterThan(20);
    expect(outcome.refused).toBeGreaterThan(500);
  });
});
