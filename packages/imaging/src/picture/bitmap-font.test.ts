import { describe, expect, it } from "vitest";
import { drawText, fillRectangle, textWidth } from "./bitmap-font.ts";
import { blankImage, type RgbImage } from "./rgb-image.ts";

function rowsOf({ width, height, data }: RgbImage): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (data[(y * width + x) * 3] ? "#" : ".")).join(""),
  );
}

function drawn(text: string, width = textWidth(text), height = 7): string[] {
  const image = blankImage(width, height, [0, 0, 0]);
  drawText(image, text, { x: 0, y: 0 });
  return rowsOf(image);
}

describe("drawText", () => {
  it("draws readable letters", () => {
    expect(drawn("Pµ1")).toEqual([
      "####..........#..",
      "#...#........##..",
      "#...#.#...#...#..",
      "####..#...#...#..",
      "#.....#..##...#..",
      "#.....###.#...#..",
      "#.....#......###.",
    ]);
  });

  it("has a different glyph for every character of labels", () => {
    const characters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:;-+_/()[]%=<>#'|~*?µ@";
    const shapes = new Set([...characters].map((character) => drawn(character).join("\n")));
    expect(shapes.size).toBe([...characters].length);
  });

  it("leaves a gap for a space and draws ? for what it does not know", () => {
    expect(drawn(" ").every((row) => row === ".....")).toBe(true);
    expect(drawn("é")).toEqual(drawn("?"));
  });

  it("scales, colours, and cuts at the frame", () => {
    const image = blankImage(8, 8, [0, 0, 0]);
    drawText(image, "|", { x: 1, y: -3, scale: 2, colour: [9, 8, 7] });
    expect(rowsOf(image)).toEqual(new Array(8).fill(".....##."));
    expect(Array.from(image.data.subarray(15, 18))).toEqual([9, 8, 7]);
    expect(() => drawText(image, "far away", { x: -500, y: 900 })).not.toThrow();
  });

  it("is as wide as textWidth says", () => {
    expect(textWidth("")).toBe(0);
    expect(textWidth("A")).toBe(5);
    expect(textWidth("10 µm", 2)).toBe(58);
  });
});

describe("fillRectangle", () => {
  it("fills what lies inside the image", () => {
    const image = blankImage(4, 3, [0, 0, 0]);
    fillRectangle(image, { x: 2, y: 1, width: 10, height: 10 }, [255, 0, 0]);
    expect(rowsOf(image)).toEqual(["....", "..##", "..##"]);
  });
});
