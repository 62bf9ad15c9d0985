import { readPng } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { drawGrid } from "./plane-grid.ts";

describe("drawGrid", () => {
  it("puts pictures in rows and columns, 2 pixels apart, limited to [0, 1]", () => {
    const one = Float32Array.of(0, 0.5, 1, 2);
    const other = Float32Array.of(1, 1, 1, -1);
    const { width, height, channels, data } = readPng(drawGrid([[one, other], [other]], 2));
    expect([width, height, channels]).toEqual([6, 6, 1]);
    const at = (x: number, y: number) => data[y * 6 + x];
    expect([at(0, 0), at(1, 0), at(0, 1), at(1, 1)]).toEqual([0, 128, 255, 255]);
    expect([at(4, 0), at(5, 1), at(2, 0)]).toEqual([255, 0, 0]);
    expect([at(0, 4), at(4, 4)]).toEqual([255, 0]);
  });
});
