import { bool, compile, f32, float32, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { maskedMean } from "./masked-mean.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

describe("maskedMean", () => {
  it("averages residues and not padding", async () => {
    const mean = await compile(
      runtime,
      (_, { sequence, mask }) => ({ mean: maskedMean(sequence, mask) }),
      { sequence: f32(2, "residues", 2), mask: bool(2, "residues") },
      { weights: new Map() },
    );
    const sequence = float32([2, 3, 2], Float32Array.of(1, 10, 3, 30, 99, 99, 2, 4, 4, 8, 6, 12));
    const result = await mean.run({
      sequence,
      mask: { dtype: "bool", shape: [2, 3], data: Uint8Array.of(1, 1, 0, 1, 1, 1) },
    });
    expect([...(result.mean.data as Float32Array)]).toEqual([2, 20, 4, 8]);
  });
});
