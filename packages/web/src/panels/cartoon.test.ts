import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cartoonShapes, lightOf } from "./cartoon.ts";

const model = new URL("../../../../checkpoints/proteoscope-mini/", import.meta.url);
const labelsOf = (path: string): string[] => JSON.parse(readFileSync(new URL(path, model), "utf8")).labels;

describe("the cartoon of a cell", () => {
  it("has shapes for every compartment that the model recognises or predicts", () => {
    const known = Object.keys(cartoonShapes);
    for (const label of [...labelsOf("classifier/config.json"), ...labelsOf("homologs/config.json")])
      expect(known).toContain(label);
  });

  it("draws inside of its box", () => {
    for (const [name, shapes] of Object.entries(cartoonShapes)) {
      expect(shapes.length, name).toBeGreaterThan(0);
      for (const { path } of shapes) {
        const start = /^M(-?[\d.]+) (-?[\d.]+)/.exec(path)!;
        expect(Number(start[1]), name).toBeGreaterThanOrEqual(0);
        expect(Number(start[1]), name).toBeLessThanOrEqual(200);
        expect(Number(start[2]), name).toBeLessThanOrEqual(160);
      }
    }
  });

  it("is dark below two per cent and brightest at one", () => {
    expect([0, 0.019, 0.25, 1, 1.2].map(lightOf)).toEqual([0, 0, 0.5, 1, 1]);
  });
});
