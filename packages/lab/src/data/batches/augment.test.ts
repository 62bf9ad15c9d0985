import { createGenerator } from "@proteoscope/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maskTokens, symmetryCount, transformSquare } from "./augment.ts";

const symmetries = Array.from({ length: symmetryCount }, (_, symmetry) => symmetry);
const image = Float32Array.from({ length: 18 }, (_, i) => i); // [2, 3, 3]

describe("transformSquare", () => {
  it("leaves an image as it is, mirrors it and turns it", () => {
    const turned = (symmetry: number) => [...transformSquare(Float32Array.of(1, 2, 3, 4), 2, symmetry)];
    expect(turned(0)).toEqual([1, 2, 3, 4]);
    expect(turned(1)).toEqual([2, 1, 4, 3]);
    expect(turned(2)).toEqual([3, 4, 1, 2]);
    expect(turned(3)).toEqual([4, 3, 2, 1]);
    expect(turned(4)).toEqual([1, 3, 2, 4]);
  });

  it("reaches eight different pictures, quarter turns among them", () => {
    const pictures = symmetries.map((symmetry) => transformSquare(image, 3, symmetry).join());
    expect(new Set(pictures).size).toBe(8);
    const quarter = [6, 3, 0, 7, 4, 1, 8, 5, 2];
    expect(pictures).toContain([...quarter, ...quarter.map((value) => value + 9)].join());
  });

  it("is a group: two symmetries after each other are one of the eight", () => {
    const pictures = new Set(symmetries.map((symmetry) => transformSquare(image, 3, symmetry).join()));
    for (const first of symmetries) {
      for (const second of symmetries) {
        const twice = transformSquare(transformSquare(image, 3, first), 3, second);
        expect(pictures.has(twice.join())).toBe(true);
      }
    }
  });

  it("moves all channels alike and loses no pixel", () => {
    for (const symmetry of symmetries) {
      const result = transformSquare(image, 3, symmetry);
      expect([...result.subarray(9)]).toEqual([...result.subarray(0, 9)].map((value) => value + 9));
      expect([...result].sort((a, b) => a - b)).toEqual([...image]);
    }
  });

  it("refuses what is no square image", () => {
    expect(() => transformSquare(image, 4, 0)).toThrow(/18 values are no channels of 4 x 4/);
  });
});

describe("maskTokens", () => {
  const options = { maskId: 32, residueIds: { begin: 4, end: 24 } };
  const draw = (count: number, seed = 0) => createGenerator(seed, "mask").uniform(3 * count);

  it("hides 15 % of the residues, most as the mask, some as others, some not at all", () => {
    const count = 40_000;
    const tokens = new Int32Array(count).fill(7);
    const { inputs, labels } = maskTokens(tokens, draw(count), options);
    const share = (of: (i: number) => boolean) =>
      Array.from({ length: count }, (_, i) => i).filter(of).length / count;
    expect(share((i) => labels[i] === 7)).toBeCloseTo(0.15, 2);
    expect(share((i) => inputs[i] === 32)).toBeCloseTo(0.12, 2);
    expect(share((i) => labels[i] === 7 && inputs[i] === 7)).toBeCloseTo(0.015 * (1 + 1 / 20), 2);
    expect(share((i) => inputs[i] !== 7 && labels[i] === -1)).toBe(0);
  });

  it("masks residues alone, and none at rate 0", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 32 }), { maxLength: 60 }),
        fc.nat(1000),
        (tokens, seed) => {
          const { inputs, labels } = maskTokens(tokens, draw(tokens.length, seed), { ...options, rate: 0.5 });
          for (const [i, token] of tokens.entries()) {
            const isResidue = token >= 4 && token < 24;
            expect(labels[i] === -1 || labels[i] === token).toBe(true);
            if (!isResidue) expect([inputs[i], labels[i]]).toEqual([token, -1]);
            if (inputs[i] !== token)
              expect(inputs[i] === 32 || (inputs[i]! >= 4 && inputs[i]! < 24)).toBe(true);
          }
          const shown = maskTokens(tokens, draw(tokens.length, seed), { ...options, rate: 0 });
          expect([...shown.inputs]).toEqual(tokens);
        },
      ),
    );
  });
});
