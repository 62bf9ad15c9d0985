import { figureSvg, renderFigure } from "@proteoscope/imaging";
import { describe, expect, it } from "vitest";
import { heatStrip } from "./heat-strip.ts";
import type { ScanResult, ScanWindow } from "./scan.ts";

const window = (first: number, effect: number, q: number): ScanWindow => ({
  ...{ first, last: first + 9, residues: "A".repeat(10), effect, effectSize: 0, p: q, q },
  ...{ compartment: "ER", change: {} },
});
const result: ScanResult = {
  ...{ protein: { id: "TOY", residues: 30 }, model: "tiny", mode: "delete", windowResidues: 10 },
  ...{
    strideResidues: 10,
    seed: 0,
    tail: "large",
    wildTypeAnnotation: null,
    wildType: { ER: 1 },
    omitted: null,
  },
  null: {
    ...{ draws: 100, median: 0, deviation: 1, smallestEffect: 1, smallestCorrectedEffect: null },
    ...{ lengthMatched: 50, shuffles: 50 },
  },
  windows: [window(1, 1, 0.9), window(11, 4, 0.01), window(21, 0, 0.9)],
};

describe("the strip of a scan", () => {
  it("is darker where the effect is larger, and marks what passes the correction", () => {
    const { boxes } = heatStrip(result);
    const residues = boxes.filter(({ title }) => title !== undefined);
    const brightness = (index: number) => residues[index]!.colour.reduce((sum, value) => sum + value, 0);
    expect(residues).toHaveLength(30);
    expect(brightness(15)).toBeLessThan(brightness(5));
    expect(brightness(5)).toBeLessThan(brightness(25));
    const marks = boxes.filter(({ height, width }) => height === 4 && width > 10);
    expect(marks).toHaveLength(1);
    expect(marks[0]!.x).toBeCloseTo(residues[10]!.x, 9);
  });

  it("turns its colours round for fragments, of which small effects count", () => {
    const [large, small] = [heatStrip(result), heatStrip({ ...result, tail: "small" })];
    const colourAt = ({ boxes }: typeof large, index: number) =>
      boxes.filter(({ title }) => title !== undefined)[index]!.colour;
    expect(colourAt(small, 25)).toEqual(colourAt(large, 15));
  });

  it("has the features above, in lanes where they would overlap", () => {
    const feature = (name: string, first: number, last: number) => ({
      protein: "",
      type: "",
      name,
      first,
      last,
    });
    const figure = heatStrip(result, [feature("signal <peptide>", 1, 20), feature("other", 15, 25)]);
    const [one, other] = ["signal <peptide>", "other"].map(
      (name) => figure.texts.find(({ text }) => text === name)!,
    );
    expect(one!.y).toBeLessThan(other!.y);
    const svg = figureSvg(figure);
    expect(svg).toContain("signal &lt;peptide&gt;, 1-20");
    const { width, height } = renderFigure(figure);
    expect([width, height]).toEqual([figure.width, figure.height]);
  });
});
