import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import {
  detectColorDepth,
  nearestPaletteIndex,
  type RgbImage,
  renderTerminalImage,
} from "./terminal-image.ts";

function imageOf(width: number, height: number, color: (x: number, y: number) => number[]): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) data.set(color(x, y), (y * width + x) * 3);
  }
  return { width, height, data };
}

describe("detectColorDepth", () => {
  it("gives no picture to pipes, dumb terminals and people who want no colour", () => {
    expect(detectColorDepth({ isTTY: false }, { COLORTERM: "truecolor" })).toBeUndefined();
    expect(detectColorDepth({ isTTY: true }, { TERM: "dumb" })).toBeUndefined();
    expect(detectColorDepth({ isTTY: true }, { NO_COLOR: "1", COLORTERM: "truecolor" })).toBeUndefined();
  });

  it("uses 24-bit colour only where the terminal says it has it", () => {
    expect(detectColorDepth({ isTTY: true }, { COLORTERM: "truecolor" })).toBe("truecolor");
    expect(detectColorDepth({ isTTY: true }, { TERM: "xterm-256color" })).toBe("256");
  });
});

describe("renderTerminalImage", () => {
  it("puts the upper pixel in the foreground and the lower one in the background", () => {
    const image = imageOf(1, 2, (_, y) => (y === 0 ? [255, 0, 0] : [0, 0, 255]));
    const text = renderTerminalImage(image, { columns: 80, depth: "truecolor" });
    expect(text).toBe("\u001b[38;2;255;0;0;48;2;0;0;255m▀\u001b[0m\n");
  });

  it("leaves the space below an odd last row to the terminal", () => {
    const text = renderTerminalImage(
      imageOf(1, 1, () => [1, 2, 3]),
      { columns: 80, depth: "truecolor" },
    );
    expect(text).toBe("\u001b[38;2;1;2;3;49m▀\u001b[0m\n");
  });

  it("fits a wide picture into the columns and keeps its proportions", () => {
    const image = imageOf(100, 50, () => [10, 20, 30]);
    const rows = stripVTControlCharacters(renderTerminalImage(image, { columns: 40, depth: "256" }))
      .trimEnd()
      .split("\n");
    expect(rows).toHaveLength(10);
    expect(new Set(rows)).toEqual(new Set(["▀".repeat(40)]));
  });

  it("averages the pixels it merges", () => {
    const image = imageOf(4, 4, (x, y) => ((x + y) % 2 === 0 ? [200, 100, 0] : [0, 0, 0]));
    const text = renderTerminalImage(image, { columns: 2, depth: "truecolor" });
    expect(text).toBe("\u001b[38;2;100;50;0;48;2;100;50;0m▀▀\u001b[0m\n");
  });

  it("does not enlarge a small picture", () => {
    const text = renderTerminalImage(
      imageOf(3, 2, () => [0, 0, 0]),
      { columns: 200, depth: "256" },
    );
    expect(stripVTControlCharacters(text)).toBe("▀▀▀\n");
  });
});

describe("nearestPaletteIndex", () => {
  it("finds every fixed colour itself", () => {
    const levels = [0, 95, 135, 175, 215, 255];
    for (let r = 0; r < 6; r += 1) {
      for (let g = 0; g < 6; g += 1) {
        for (let b = 0; b < 6; b += 1) {
          expect(nearestPaletteIndex(levels[r]!, levels[g]!, levels[b]!)).toBe(16 + 36 * r + 6 * g + b);
        }
      }
    }
    for (let grey = 0; grey < 24; grey += 1) {
      const value = 8 + 10 * grey;
      expect(nearestPaletteIndex(value, value, value)).toBe(232 + grey);
    }
  });
});
