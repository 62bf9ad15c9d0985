import { describe, expect, test } from "vitest";
import { input, type NdArray } from "../tensor.ts";
import { evaluate, numbers, random } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { type Conv2dOptions, conv2d } from "./convolution.ts";

/** The cross-correlation by its definition; zeros outside the image. */
function correlate(x: NdArray, weight: NdArray, bias: NdArray | undefined, options: Conv2dOptions) {
  const { stride = 1, padding = 0, groups = 1 } = options;
  const [top, left, bottom, right] = typeof padding === "number" ? Array<number>(4).fill(padding) : padding;
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [outChannels, perGroup, rows, columns] = weight.shape as [number, number, number, number];
  const outHeight = Math.floor((height + top! + bottom! - rows) / stride) + 1;
  const outWidth = Math.floor((width + left! + right! - columns) / stride) + 1;
  const pixels = numbers(x);
  const pixel = (b: number, c: number, i: number, j: number) =>
    i < 0 || j < 0 || i >= height || j >= width ? 0 : pixels[((b * channels + c) * height + i) * width + j]!;
  const values: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < outChannels; o++)
      for (let i = 0; i < outHeight; i++)
        for (let j = 0; j < outWidth; j++) {
          const firstChannel = Math.floor(o / (outChannels / groups)) * perGroup;
          let total = bias === undefined ? 0 : numbers(bias)[o]!;
          numbers(weight)
            .slice(o * perGroup * rows * columns, (o + 1) * perGroup * rows * columns)
            .forEach((w, tap) => {
              const channel = firstChannel + Math.floor(tap / (rows * columns));
              const row = i * stride - top! + (Math.floor(tap / columns) % rows);
              total += w * pixel(b, channel, row, j * stride - left! + (tap % columns));
            });
          values.push(total);
        }
  return { shape: [batch, outChannels, outHeight, outWidth], values };
}

describe("conv2d", () => {
  const cases: { what: string; x: number[]; weight: number[]; options: Conv2dOptions }[] = [
    { what: "3x3, same size", x: [2, 3, 5, 4], weight: [4, 3, 3, 3], options: { padding: 1 } },
    { what: "1x1", x: [2, 3, 4, 3], weight: [2, 3, 1, 1], options: {} },
    { what: "1x1 with stride", x: [1, 2, 5, 4], weight: [3, 2, 1, 1], options: { stride: 2 } },
    { what: "without padding", x: [2, 2, 5, 6], weight: [3, 2, 3, 3], options: {} },
    {
      what: "stride 2, even sides",
      x: [2, 2, 6, 4],
      weight: [2, 2, 3, 3],
      options: { stride: 2, padding: 1 },
    },
    {
      what: "stride 2, odd sides",
      x: [1, 2, 7, 5],
      weight: [2, 2, 3, 3],
      options: { stride: 2, padding: 1 },
    },
    {
      what: "stride 3, sides that it does not divide",
      x: [1, 1, 9, 8],
      weight: [2, 1, 2, 2],
      options: { stride: 3 },
    },
    {
      what: "padding below and right alone",
      x: [2, 2, 6, 5],
      weight: [3, 2, 3, 3],
      options: { stride: 2, padding: [0, 0, 1, 1] },
    },
    { what: "four paddings", x: [1, 2, 4, 5], weight: [2, 2, 3, 3], options: { padding: [2, 0, 1, 2] } },
    { what: "an oblong kernel", x: [2, 2, 5, 6], weight: [2, 2, 2, 4], options: { padding: [1, 2, 0, 1] } },
    { what: "4x4, stride 2", x: [1, 2, 8, 8], weight: [2, 2, 4, 4], options: { stride: 2, padding: 1 } },
    { what: "two groups", x: [2, 4, 4, 4], weight: [6, 2, 3, 3], options: { padding: 1, groups: 2 } },
    { what: "depthwise", x: [2, 3, 5, 5], weight: [3, 1, 3, 3], options: { padding: 1, groups: 3 } },
    {
      what: "depthwise, stride 2, kernel 5",
      x: [1, 3, 7, 6],
      weight: [3, 1, 5, 5],
      options: { stride: 2, padding: 2, groups: 3 },
    },
    {
      what: "depthwise with two filters a channel",
      x: [1, 2, 4, 4],
      weight: [4, 1, 3, 3],
      options: { groups: 2 },
    },
    { what: "a kernel as large as the image", x: [2, 2, 3, 3], weight: [2, 2, 3, 3], options: {} },
  ];

  test.each(cases)(
    "$what: values by definition, gradients by differences",
    async ({ x, weight, options }) => {
      const inputs = [random(x, 1), random(weight, 2), random([weight[0]!], 3)] as const;
      const expected = correlate(...inputs, options);
      const [y] = await evaluate((a, b, c) => [conv2d(a, b, c, options)], ...inputs);
      expect(y!.shape).toEqual(expected.shape);
      for (const [i, value] of numbers(y!).entries()) expect(value).toBeCloseTo(expected.values[i]!, 4);
      await expectGradients((a, b, c) => conv2d(a, b, c, options), inputs, { elements: 40 });
    },
  );

  test("works without bias", () =>
    expectGradients(
      (a, b) => conv2d(a, b, undefined, { padding: 1 }),
      [random([1, 2, 4, 4], 1), random([2, 2, 3, 3], 2)],
    ));

  test("keeps open sides open where the kernel keeps the size", () => {
    const x = input("x", { dtype: "float32", shape: ["batch", 3, "height", "width"] });
    const weight = input("w", { dtype: "float32", shape: [8, 3, 3, 3] });
    expect(conv2d(x, weight, undefined, { padding: 1 }).shape).toEqual(["batch", 8, "height", "width"]);
    expect(() => conv2d(x, weight, undefined, { stride: 2 })).toThrow(
      'Conv: the sides of [batch, 3, height, width] must be a fixed size, got "height"',
    );
  });

  test("names the weight, the groups and the input that do not fit", () => {
    const x = input("x", { dtype: "float32", shape: [1, 3, 4, 4] });
    const weight = (...shape: number[]) => input("w", { dtype: "float32", shape });
    expect(() => conv2d(x, weight(8, 4, 3, 3), undefined)).toThrow(
      "Conv: weight [8, 4, 3, 3] in 1 groups does not fit input [1, 3, 4, 4]",
    );
    expect(() => conv2d(x, weight(8, 1, 3, 3), undefined, { groups: 3 })).toThrow("in 3 groups");
    expect(() => conv2d(x, weight(2, 3, 5, 5), undefined)).toThrow(
      "Conv: a kernel of [2, 3, 5, 5] is larger than [1, 3, 4, 4]",
    );
    expect(() => conv2d(x, weight(8, 3, 3, 3), weight(4))).toThrow(
      "Conv: bias [4] does not fit weight [8, 3, 3, 3]",
    );
  });
});
