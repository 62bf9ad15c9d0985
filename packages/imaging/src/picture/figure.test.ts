import { describe, expect, it } from "vitest";
import { type Figure, figureSvg, renderFigure } from "./figure.ts";

const figure: Figure = {
  ...{ width: 40, height: 20 },
  boxes: [
    { x: 1.4, y: 2, width: 3, height: 4, colour: [255, 0, 0], title: "a < b" },
    { x: 20, y: 2, width: 0.1, height: 4, colour: [0, 0, 255] },
  ],
  texts: [{ x: 2, y: 10, text: "A&B" }],
};

describe("a figure", () => {
  it("in pixels has its boxes, each a pixel wide at least, and its text", () => {
    const { data, width, height } = renderFigure(figure);
    const at = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
    expect([width, height]).toEqual([40, 20]);
    expect([at(0, 3), at(1, 3), at(3, 3), at(4, 3)]).toEqual([
      [255, 255, 255],
      [255, 0, 0],
      [255, 0, 0],
      [255, 255, 255],
    ]);
    expect(at(20, 3)).toEqual([0, 0, 255]);
    expect(data.subarray(10 * width * 3, 17 * width * 3).some((value) => value < 100)).toBe(true);
  });

  it("as SVG has the same boxes, and its texts escaped", () => {
    const svg = figureSvg(figure);
    expect(svg).toContain(
      '<rect x="1.4" y="2" width="3" height="4" fill="rgb(255,0,0)"><title>a &lt; b</title></rect>',
    );
    expect(svg).toContain(">A&amp;B</text>");
    expect(svg.match(/<rect /g)).toHaveLength(3);
  });
});
