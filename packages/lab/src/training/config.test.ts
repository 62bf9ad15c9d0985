import { describe, expect, it } from "vitest";
import { adamWOf, loopSchema } from "./config.ts";

const config = loopSchema.parse({
  ...{ steps: 10, learningRate: 0.1, warmupSteps: 2, averageDecay: 0.9 },
  ...{ logEvery: 2, validateEvery: 4, checkpointEvery: 3 },
});

describe("adamWOf", () => {
  it("warms up to the learning rate and falls to its final fraction", () => {
    const { learningRate, average } = adamWOf({ ...config, finalFraction: 0.1 });
    expect(learningRate(0)).toBe(0);
    expect(learningRate(2)).toBeCloseTo(0.1, 12);
    expect(learningRate(10)).toBeCloseTo(0.01, 12);
    expect(average).toEqual({ decay: 0.9 });
  });
});
