import { describe, expect, it } from "vitest";
import { nearest } from "./nearest.ts";

describe("nearest", () => {
  const known = ["learningRate", "steps", "seed", "logEvery"];

  it("finds the word that was meant", () => {
    expect(nearest("learningrate", known)).toBe("learningRate");
    expect(nearest("step", known)).toBe("steps");
    expect(nearest("sede", known)).toBe("seed");
    expect(nearest("logevery", known)).toBe("logEvery");
  });

  it("finds none where nothing is near", () => {
    expect(nearest("batchSize", known)).toBeUndefined();
    expect(nearest("x", ["y"])).toBeUndefined();
    expect(nearest("steps", [])).toBeUndefined();
  });
});
