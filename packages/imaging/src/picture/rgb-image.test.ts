import { describe, expect, it } from "vitest";
import { blankImage, enlargeImage, pasteImage, type RgbImage } from "./rgb-image.ts";

const reds = ({ data }: RgbImage) => Array.from(data).filter((_, i) => i % 3 === 0);
const numbered: RgbImage = { width: 2, height: 2, data: Uint8Array.of(1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0) };

describe("pictures", () => {
  it("begin in one colour", () => {
    expect(Array.from(blankImage(2, 1, [1, 2, 3]).data)).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it("are pasted at a position", () => {
    const target = blankImage(4, 3, [0, 0, 0]);
    pasteImage(target, numbered, { x: 1, y: 1 });
    expect(reds(target)).toEqual([0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0]);
  });

  it("are cut where they leave the target on any side", () => {
    const at = (x: number, y: number) => {
      const target = blankImage(2, 2, [0, 0, 0]);
      pasteImage(target, numbered, { x, y });
      return reds(target);
    };
    expect(at(-1, -1)).toEqual([4, 0, 0, 0]);
    expect(at(1, 1)).toEqual([0, 0, 0, 1]);
    expect(at(1, -1)).toEqual([0, 3, 0, 0]);
    expect(at(5, 0)).toEqual([0, 0, 0, 0]);
    expect(at(0, -7)).toEqual([0, 0, 0, 0]);
  });

  it("are enlarged by repeating pixels", () => {
    const large = enlargeImage(numbered, 2);
    expect([large.width, large.height]).toEqual([4, 4]);
    expect(reds(large)).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  });
});
