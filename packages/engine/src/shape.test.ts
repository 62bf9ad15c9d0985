import { describe, expect, test } from "vitest";
import {
  bindShape,
  broadcast,
  elementCount,
  fixed,
  formatShape,
  normalizeAxis,
  product,
  ShapeError,
  sameShape,
} from "./shape.ts";

describe("product", () => {
  test("multiplies numbers", () => {
    expect(product([2, 3, 4])).toBe(24);
    expect(product([])).toBe(1);
  });

  test("writes open dimensions in one canonical way, whatever their order and grouping", () => {
    expect(product(["residues", 2, "batch", 4])).toBe("8*batch*residues");
    expect(product(["2*residues", 4, "batch"])).toBe("8*batch*residues");
    expect(product(["residues", 1])).toBe("residues");
    expect(product(["residues", 0])).toBe(0);
  });
});

test("broadcast follows NumPy from the last axis, open dimensions by name", () => {
  expect(broadcast([2, 1, 4], [3, 1], "Add")).toEqual([2, 3, 4]);
  expect(broadcast(["batch", 1], [1, "residues"], "Add")).toEqual(["batch", "residues"]);
  expect(broadcast([], [2], "Add")).toEqual([2]);
  expect(() => broadcast(["batch", 4], ["batch", 3], "Add")).toThrow(
    new ShapeError("Add: [batch, 4] and [batch, 3] do not broadcast: axis 1 is 4 and 3"),
  );
});

test("fixed and elementCount want numbers, and say which is none", () => {
  expect(fixed(3, "Conv", "a side")).toBe(3);
  expect(() => fixed("residues", "Conv", "a side")).toThrow(
    'Conv: a side must be a fixed size, got "residues"',
  );
  expect(() => fixed(undefined, "Conv", "a side")).toThrow(
    "Conv: a side must be a fixed size, got no such axis",
  );
  expect(elementCount([2, 3])).toBe(6);
  expect(() => elementCount([2, "n"], "Pad")).toThrow('Pad: every dimension must be a fixed size, got "n"');
});

test("a shape is bound by the sizes of its names, products included", () => {
  const sizes = new Map([
    ["batch", 2],
    ["residues", 5],
  ]);
  expect(bindShape(["batch", "4*batch*residues", 3], sizes)).toEqual([2, 40, 3]);
  expect(() => bindShape(["batch", "pixels"], sizes, "random input noise")).toThrow(
    'random input noise: "pixels" must be a fixed size, got no such axis',
  );
});

test("axes count from the back where negative, and stay inside the rank", () => {
  expect([normalizeAxis(-1, 3, "Slice"), normalizeAxis(0, 3, "Slice")]).toEqual([2, 0]);
  for (const axis of [3, -4, 0.5])
    expect(() => normalizeAxis(axis, 3, "Slice")).toThrow(
      `Slice: axis ${axis} is outside a tensor of rank 3`,
    );
});

test("shapes are equal by rank and every dimension", () => {
  expect(sameShape([1, "n"], [1, "n"])).toBe(true);
  expect(sameShape([1, "n"], [1, "m"])).toBe(false);
  expect(sameShape([1], [1, 1])).toBe(false);
  expect(formatShape(["batch", 3])).toBe("[batch, 3]");
});
