import { gaussianBlur } from "@proteoscope/imaging";
import { describe, expect, it } from "vitest";
import { granularity, ridgeness } from "./texture.ts";

const side = 41;
const planeOf = (value: (x: number, y: number) => number) =>
  Float32Array.from({ length: side * side }, (_, i) => value((i % side) - 20, Math.floor(i / side) - 20));
const sum = (plane: Float32Array) => plane.reduce((total, value) => total + value, 0);

describe("granularity", () => {
  it.each([
    [0, 1],
    [1, 2],
    [2, 3],
    [4, 5],
  ])("finds the light of a disc of radius %i lost to the opening of radius %i", (radius, lostAt) => {
    const plane = planeOf((x, y) => (Math.hypot(x, y) <= radius + 0.3 ? 1 : 0));
    const openings = granularity(plane, side);
    const largest = openings.reduce((a, b) => (sum(b.lost) > sum(a.lost) ? b : a));
    expect(largest.radius).toBe(lostAt);
    expect(sum(largest.lost) / sum(plane)).toBeGreaterThan(0.8);
  });

  it("loses nothing of an even plane, up to its borders, and nothing of what is wider than all discs", () => {
    for (const { lost } of granularity(
      planeOf(() => 0.7),
      side,
    ))
      expect(sum(lost)).toBe(0);
    for (const { lost } of granularity(
      planeOf((x) => (x > 0 ? 1 : 0)),
      side,
    ))
      expect(sum(lost)).toBe(0);
  });

  it("is the opening by a disc, pixel by pixel", () => {
    const plane = planeOf((x, y) => Math.abs(Math.sin(3 * x + 5 * y + 0.1 * x * y)));
    const under = (values: Float32Array, radius: number, choose: (...near: number[]) => number) =>
      planeOf((x, y) => {
        const near: number[] = [];
        for (let dy = -radius; dy <= radius; dy++)
          for (let dx = -radius; dx <= radius; dx++) {
            const [column, row] = [x + dx + 20, y + dy + 20];
            const isInside = column >= 0 && column < side && row >= 0 && row < side;
            if (isInside && Math.hypot(dx, dy) <= radius + 0.3) near.push(values[row * side + column]!);
          }
        return choose(...near);
      });
    let before = plane;
    for (const { radius, lost } of granularity(plane, side)) {
      const opened = under(under(plane, radius, Math.min), radius, Math.max);
      expect(lost).toEqual(plane.map((_, i) => Math.max(0, before[i]! - opened[i]!)));
      before = opened;
    }
  });

  it("loses no more than there is", () => {
    const plane = planeOf((x, y) => Math.abs(Math.sin(3 * x + 5 * y)));
    const openings = granularity(plane, side);
    const lost = plane.map((_, i) => openings.reduce((total, opening) => total + opening.lost[i]!, 0));
    for (const [i, value] of lost.entries()) expect(value).toBeLessThanOrEqual(plane[i]! + 1e-6);
  });
});

describe("ridgeness", () => {
  const size = { height: side, width: side };
  const roundnessOf = (plane: Float32Array) => {
    const { strength, roundness } = ridgeness(gaussianBlur(plane, size, 1.4), side);
    return sum(strength.map((value, i) => value * roundness[i]!)) / sum(strength);
  };

  it("tells a dot from a line, in any direction", () => {
    const dot = roundnessOf(planeOf((x, y) => (x === 0 && y === 0 ? 1 : 0)));
    const lines = [
      planeOf((x) => (x === 0 ? 1 : 0)),
      planeOf((_, y) => (y === 0 ? 1 : 0)),
      planeOf((x, y) => (x === y ? 1 : 0)),
    ].map(roundnessOf);
    expect(dot).toBeGreaterThan(0.2);
    for (const line of lines) expect(line).toBeLessThan(dot / 3);
  });

  it("has no ridge in a hollow, and scales with the light", () => {
    const hollow = ridgeness(
      planeOf((x, y) => (x * x + y * y) / 800),
      side,
    );
    expect(sum(hollow.strength)).toBe(0);
    const spot = planeOf((x, y) => Math.exp(-(x * x + y * y) / 8));
    const [once, twice] = [
      ridgeness(spot, side),
      ridgeness(
        spot.map((value) => 2 * value),
        side,
      ),
    ];
    expect(sum(twice.strength) / sum(once.strength)).toBeCloseTo(2, 5);
    expect(twice.roundness[20 * side + 20]).toBeCloseTo(once.roundness[20 * side + 20]!, 5);
  });
});
