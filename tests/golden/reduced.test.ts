import { type NdArray, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { expectClose, gradientTolerance, hashF32, hashInput } from "./fixture.ts";
import { expandRecording, keptValues, type Recorded, reduceRecording, spreadIndices } from "./reduced.ts";

/** A tensor as it is read from a file into which it was reduced. */
function reduced(tensor: NdArray): Recorded {
  const { tensors, metadata } = reduceRecording(
    { tensors: new Map([["g.w", tensor]]), metadata: {} },
    () => true,
  );
  return expandRecording(readSafetensors(writeSafetensors(tensors, metadata))).get("g.w")!;
}

describe("the indices of values that are kept", () => {
  it.each([
    [65, 64],
    [1000, 64],
    [12_345, 7],
    [9, 9],
  ])("lie one in each equal stretch: of %i values %i", (length, count) => {
    const indices = spreadIndices(length, count);
    expect(indices).toHaveLength(count);
    for (const [stretch, index] of indices.entries()) {
      expect(index).toBeGreaterThanOrEqual(Math.floor((stretch * length) / count));
      expect(index).toBeLessThan(Math.floor(((stretch + 1) * length) / count));
    }
  });

  it("keep to no place of a kernel: all nine of a 3x3 are met", () => {
    const offsets = spreadIndices(32 * 32 * 9, keptValues).map((index) => index % 9);
    expect(new Set(offsets).size).toBe(9);
  });
});

describe("a reduced tensor", () => {
  const whole = hashInput("g.w", [10, 40], 3);

  it("has its values as they were recorded, its full shape, its norm and its largest magnitude", () => {
    const { shape, data, ...rest } = reduced(whole);
    const values = whole.data as Float32Array;
    expect(shape).toEqual([10, 40]);
    expect(Array.from(data, Number)).toEqual(spreadIndices(400, keptValues).map((index) => values[index]));
    expect(rest.reduced!.norm).toBeCloseTo(Math.hypot(...values), 9);
    expect(rest.reduced!.largest).toBe(Math.max(...values.map(Math.abs)));
  });

  it("is left whole where it is small, is no float32, or is not named", () => {
    const small = hashInput("x", [keptValues]);
    const tokens: NdArray = { dtype: "int64", shape: [100], data: new BigInt64Array(100) };
    const tensors = new Map([
      ["small", small],
      ["tokens", tokens],
      ["input", whole],
    ] as const);
    const kept = reduceRecording({ tensors, metadata: { note: "n" } }, (name) => name !== "input");
    expect(kept).toEqual({ tensors: new Map(tensors), metadata: { note: "n", reduced: "{}" } });
  });

  it("is compared by the values that are kept and by its norm", () => {
    const recorded = reduced(whole);
    const compare = (change: (values: Float32Array) => void) => () => {
      const data = hashF32("g.w", 400, 3);
      change(data);
      expectClose({ shape: [10, 40], data }, recorded, gradientTolerance, "w");
    };
    const [kept, ...others] = spreadIndices(400, keptValues);
    const isKept = new Set([kept, ...others]);
    const left = Array.from({ length: 400 }, (_, i) => i).filter((i) => !isKept.has(i));
    expect(compare(() => {})).not.toThrow();
    expect(compare((values) => void (values[kept!]! += 0.002))).not.toThrow(); // 1e-3 of the largest, 3
    expect(compare((values) => void (values[kept!]! += 0.004))).toThrow(`w[${kept}] is`);
    expect(
      compare((values) => {
        for (const i of left) values[i]! *= 1.002;
      }),
    ).toThrow("norm of w");
    expect(compare((values) => void (values[left[0]!] = Number.NaN))).toThrow("w is finite");
  });

  it("that is missing from the file is an error", () => {
    const metadata = { reduced: JSON.stringify({ "g.w": { shape: [100], norm: 1, largest: 1 } }) };
    expect(() => expandRecording({ tensors: new Map(), metadata })).toThrow("g.w is reduced, and missing");
  });
});
