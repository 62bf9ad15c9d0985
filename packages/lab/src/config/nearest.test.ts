import { describe, expect, it } from "vitest";
import { editDistance, nearest } from "./nearest.ts";

const commands = ["generate", "localize", "scan", "doctor", "models"];
const fields = ["learningRate", "steps", "seed", "logEvery"];

describe("nearest", () => {
  it("finds the word that was meant", () => {
    expect(nearest("genrate", commands)).toBe("generate");
    expect(nearest("localise", commands)).toBe("localize");
    expect(nearest("model", commands)).toBe("models");
    expect(nearest("learningrate", fields)).toBe("learningRate");
    expect(nearest("step", fields)).toBe("steps");
    expect(nearest("sede", fields)).toBe("seed");
    expect(nearest("logevery", fields)).toBe("logEvery");
  });

  it("offers nothing for a word that is far from all", () => {
    expect(nearest("x", commands)).toBeUndefined();
    expect(nearest("photograph", commands)).toBeUndefined();
    expect(nearest("generate", [])).toBeUndefined();
    expect(nearest("batchSize", fields)).toBeUndefined();
    expect(nearest("x", ["y"])).toBeUndefined();
    expect(nearest("steps", [])).toBeUndefined();
  });

  it("counts edits the same in both directions", () => {
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("sitting", "kitten")).toBe(3);
    expect(editDistance("", "abc")).toBe(3);
    expect(editDistance("same", "same")).toBe(0);
  });
});
