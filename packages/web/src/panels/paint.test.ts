import { describe, expect, it } from "vitest";
import { paintDisc } from "./paint.ts";

const count = (mask: Uint8Array) => mask.reduce((sum, value) => sum + value, 0);

describe("a painted disc", () => {
  const empty = new Uint8Array(100 * 100);

  it("has the area of its radius and leaves the given mask as it is", () => {
    const painted = paintDisc(empty, 100, { x: 50, y: 50 }, 20, 1);
    expect(Math.abs(count(painted) - Math.PI * 400)).toBeLessThan(30);
    expect(count(empty)).toBe(0);
    expect(painted[50 * 100 + 50]).toBe(1);
    expect(painted[50 * 100 + 71]).toBe(0);
  });

  it("is cut by the frame, and cleared by painting nothing", () => {
    const cut = paintDisc(empty, 100, { x: 0, y: 0 }, 20, 1);
    expect(Math.abs(count(cut) - Math.PI * 100)).toBeLessThan(30);
    expect(count(paintDisc(cut, 100, { x: 0, y: 0 }, 25, 0))).toBe(0);
    expect(count(paintDisc(empty, 100, { x: -50, y: 200 }, 20, 1))).toBe(0);
  });
});
