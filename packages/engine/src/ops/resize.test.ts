import { describe, expect, test } from "vitest";
import { array, evaluate, numbers, random, valuesOf } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { resizeBicubic, resizeBilinear, resizeNearest } from "./resize.ts";

const sizes = [
  { from: [3, 2], to: { height: 6, width: 4 }, what: "twice as large" },
  { from: [13, 7], to: { height: 25, width: 13 }, what: "to odd sides" },
  { from: [6, 8], to: { height: 3, width: 4 }, what: "half as large" },
  { from: [5, 7], to: { height: 3, width: 11 }, what: "smaller and larger" },
  { from: [4, 4], to: { height: 4, width: 4 }, what: "the same size" },
  { from: [1, 1], to: { height: 3, width: 2 }, what: "from one pixel" },
];

/** PyTorch's rules for one axis: the source samples of a target sample and their weights. */
const nearest = (i: number, source: number, target: number): [number, number][] => [
  [Math.floor((i * source) / target), 1],
];
const bilinear = (i: number, source: number, target: number): [number, number][] => {
  const centre = Math.max(0, ((i + 0.5) * source) / target - 0.5);
  const low = Math.floor(centre);
  return [
    [low, 1 - (centre - low)],
    [Math.min(low + 1, source - 1), centre - low],
  ];
};

/** The cubic convolution kernel of Keys (1981) with a = -0.75, by its definition. */
const keys = (distance: number): number => {
  const [x, a] = [Math.abs(distance), -0.75];
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
};
const bicubic = (i: number, source: number, target: number): [number, number][] => {
  const centre = ((i + 0.5) * source) / target - 0.5;
  return [-1, 0, 1, 2].map((tap) => {
    const sample = Math.floor(centre) + tap;
    return [Math.min(Math.max(sample, 0), source - 1), keys(centre - sample)];
  });
};

describe.each([
  { name: "resizeNearest", resize: resizeNearest, rule: nearest },
  { name: "resizeBilinear", resize: resizeBilinear, rule: bilinear },
  { name: "resizeBicubic", resize: resizeBicubic, rule: bicubic },
])("$name", ({ resize, rule }) => {
  test.each(sizes)("$what: values by PyTorch's rule, gradients by differences", async ({ from, to }) => {
    const [height, width] = from as [number, number];
    const x = random([1, 2, height, width], 1);
    const [y] = await evaluate((t) => [resize(t, to)], x);
    expect(y!.shape).toEqual([1, 2, to.height, to.width]);
    const pixels = numbers(x);
    for (let i = 0; i < to.height; i++)
      for (let j = 0; j < to.width; j++) {
        let expected = 0;
        for (const [row, a] of rule(i, height, to.height))
          for (const [column, b] of rule(j, width, to.width))
            expected += a * b * pixels[row * width + column]!;
        expect(numbers(y!)[i * to.width + j]).toBeCloseTo(expected, 5);
      }
    await expectGradients((t) => resize(t, to), [x]);
  });
});

test("bilinear resizing keeps a constant image constant", async () => {
  const values = await valuesOf(
    (t) => resizeBilinear(t, { height: 9, width: 5 }),
    array([1, 1, 4, 4], Array(16).fill(3)),
  );
  for (const value of values) expect(value).toBeCloseTo(3, 5);
});

test.each([100, 50, 25, 33, 13])(
  "nearest picks floor(i * source / target) for %i targets, as its gradient assumes",
  async (target) => {
    for (const source of [13, 25, 50, 66, 97]) {
      const row = array([1, 1, 1, source], [...Array(source).keys()]);
      const actual = await valuesOf((t) => resizeNearest(t, { height: 1, width: target }), row);
      expect(actual).toEqual(Array.from({ length: target }, (_, i) => Math.floor((i * source) / target)));
    }
  },
);
