import { describe, expect, test } from "vitest";
import { cos, sin } from "../ops/elementwise.ts";
import { input } from "../tensor.ts";
import { array, evaluate, numbers } from "../testing/evaluate.ts";
import { operatorNames } from "../testing/operators.ts";
import { exactSinusoids } from "./exact-sinusoids.ts";
import { simplify } from "./simplify.ts";

/** Angles around every zero and every extreme within `turns` turns, and between them; as float32. */
function anglesWithin(turns: number): number[] {
  const quarters = Array.from({ length: 8 * turns + 1 }, (_, i) => (i - 4 * turns) * (Math.PI / 2));
  return quarters.flatMap((angle) => [-0.6, -1e-4, 0, 1e-4, 0.3].map((step) => Math.fround(angle + step)));
}

describe("sines and cosines by arithmetic", () => {
  test.each([
    ["within a turn", 1, 2e-7],
    ["of a language model's positions and of timesteps, up to 1,000", 160, 3e-7],
    ["up to 10,000", 1600, 1e-6],
  ])("are those of the angle %s", async (_, turns, tolerance) => {
    const angles = anglesWithin(turns);
    const [sines, cosines] = await evaluate(
      (x) => simplify([sin(x!), cos(x!)], [x!], [exactSinusoids]),
      array([angles.length], angles),
    );
    const worst = (values: number[], exact: (x: number) => number) =>
      angles.reduce((most, angle, i) => Math.max(most, Math.abs(values[i]! - exact(angle))), 0);
    expect(worst(numbers(sines!), Math.sin)).toBeLessThan(tolerance);
    expect(worst(numbers(cosines!), Math.cos)).toBeLessThan(tolerance);
  });

  test("leave no sine, take nothing else, and keep the shape", () => {
    const x = input("x", { dtype: "float32", shape: ["batch", 4] });
    const [sine, cosine] = simplify([sin(x), cos(x)], [x], [exactSinusoids]);
    for (const y of [sine!, cosine!]) {
      expect(y.shape).toEqual(["batch", 4]);
      expect([...new Set(operatorNames(y))].sort()).toEqual(["Add", "Floor", "Mul", "Sub"]);
    }
    const half = input("half", { dtype: "float16", shape: [4] });
    expect(operatorNames(...simplify([sin(half)], [half], [exactSinusoids]))).toEqual(["Sin"]);
  });
});
