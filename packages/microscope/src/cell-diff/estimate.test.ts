import { openRuntime } from "@proteoscope/engine/node";
import { describe, expect, it } from "vitest";
import { estimateSeconds, measureSpeed, operationsPerStep } from "./estimate.ts";

describe("the estimate of CELL-Diff", () => {
  it("has the operations of a step that were counted for two lengths, to a hundredth", () => {
    expect(operationsPerStep(447) / 1e12).toBeCloseTo(1, 2);
    expect(operationsPerStep(1024) / 1e12).toBeCloseTo(1.29, 2);
  });

  it("grows with pictures and steps, and falls with the speed", () => {
    const work = { tokens: 447, pictures: 1, steps: 100 };
    const seconds = estimateSeconds(work, 1e11);
    expect(seconds).toBeGreaterThan(2000);
    expect(estimateSeconds({ ...work, pictures: 2 }, 1e11) / seconds).toBeCloseTo(2, 1);
    expect(estimateSeconds(work, 2e11)).toBeCloseTo(seconds / 2, 6);
  });

  it("measures a speed that a processor can have", async () => {
    const runtime = await openRuntime({ device: "cpu", threads: 1 });
    const speed = await measureSpeed(runtime);
    await runtime.close();
    expect(speed).toBeGreaterThan(1e8);
    expect(speed).toBeLessThan(1e14);
  });
});
