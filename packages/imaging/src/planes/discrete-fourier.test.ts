import { describe, expect, it } from "vitest";
import { openLineTransform } from "./discrete-fourier.ts";

const lineOf = (length: number) => ({
  real: Float64Array.from({ length }, (_, i) => ((i * 7919) % 101) / 101 - 0.5),
  imaginary: Float64Array.from({ length }, (_, i) => ((i * 104729) % 89) / 89 - 0.5),
});

describe("the transform of a line", () => {
  it.each([1, 2, 7, 12, 49, 97, 100, 128])("is the sum that defines it, length %i", (length) => {
    const line = lineOf(length);
    const { real, imaginary } = openLineTransform(length)(line);
    for (let u = 0; u < length; u++) {
      let [re, im] = [0, 0];
      for (let x = 0; x < length; x++) {
        const angle = (-2 * Math.PI * ((u * x) % length)) / length;
        re += line.real[x]! * Math.cos(angle) - line.imaginary[x]! * Math.sin(angle);
        im += line.real[x]! * Math.sin(angle) + line.imaginary[x]! * Math.cos(angle);
      }
      expect(real[u]).toBeCloseTo(re, 9);
      expect(imaginary[u]).toBeCloseTo(im, 9);
    }
  });

  it("leaves the line as it is, and gives the same for it again", () => {
    const [line, transform] = [lineOf(60), openLineTransform(60)];
    const first = transform(line).real.slice();
    transform({ real: line.imaginary, imaginary: line.real });
    expect(transform(line).real).toEqual(first);
    expect(line).toEqual(lineOf(60));
  });
});
