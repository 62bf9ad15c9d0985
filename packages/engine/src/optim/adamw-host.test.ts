import { describe, expect, test } from "vitest";
import { array, evaluate, numbers, random } from "../testing/evaluate.ts";
import { type AdamWOptions, adamW, hostSettings, scheduleValues } from "./adamw.ts";
import { stepAdamW } from "./adamw-host.ts";
import { blockLength } from "./adamw-kernel.ts";

/** More than one block, the last of them not a multiple of the four numbers that the kernel takes. */
const size = blockLength + 23;
const vectors = (seed: number) => ({
  parameters: random([size], seed),
  firstMoment: random([size], seed + 1, -0.1, 0.1),
  secondMoment: random([size], seed + 2, 0, 0.01),
  average: random([size], seed + 3),
  gradient: random([size], seed + 4),
});

async function inGraph(values: ReturnType<typeof vectors>, options: AdamWOptions, step: number) {
  const schedule = array([4], [...scheduleValues(options, step, 0.9)]);
  const { parameters, firstMoment, secondMoment, average, gradient } = values;
  const results = await evaluate(
    (p, m, v, a, g, s) => {
      const state = { parameters: p!, firstMoment: m!, secondMoment: v!, average: a! };
      const next = adamW(state, g!, s!, options);
      return [next.parameters, next.firstMoment, next.secondMoment, next.average!, next.gradientNorm];
    },
    ...[parameters, firstMoment, secondMoment, average, gradient, schedule],
  );
  return results.map(numbers);
}

describe("AdamW on the host", () => {
  const options: AdamWOptions[] = [
    { learningRate: () => 0.01, clipNorm: 1 },
    { learningRate: () => 0.01, clipNorm: 100, beta1: 0.8, beta2: 0.98 },
    { learningRate: (step) => 0.1 / (1 + step), epsilon: 1e-3, weightDecay: 0.3 },
  ];

  test.each(options.map((each, index) => [index, each] as const))(
    "takes the graph's step, with options %i",
    async (seed, each) => {
      for (const step of [0, 7]) {
        const values = vectors(10 * seed);
        const expected = await inGraph(values, each, step);
        const own = Object.fromEntries(
          Object.entries(values).map(([name, { data }]) => [name, (data as Float32Array).slice()]),
        ) as Record<keyof typeof values, Float32Array>;
        const norm = stepAdamW(own, hostSettings(each, step, 0.9));
        const found = [own.parameters, own.firstMoment, own.secondMoment, own.average, [norm]];
        for (const [index, array] of found.entries()) {
          const scale = Math.max(1, Math.abs(expected[index]![0]!));
          const worst = Math.max(...[...array].map((value, i) => Math.abs(value - expected[index]![i]!)));
          expect(worst / scale).toBeLessThan(1e-6);
        }
        expect(own.gradient).toEqual(values.gradient.data);
      }
    },
  );

  test("leaves an average with decay 1 alone, and copies with decay 0", () => {
    for (const decay of [0, 1]) {
      const parameters = Float32Array.of(1, 2);
      const average = Float32Array.of(5, 6);
      const zeros = () => new Float32Array(2);
      const settings = hostSettings({ learningRate: () => 0.1 }, 0, decay);
      stepAdamW(
        { parameters, average, gradient: zeros(), firstMoment: zeros(), secondMoment: zeros() },
        settings,
      );
      expect([...average]).toEqual(decay === 0 ? [...parameters] : [5, 6]);
    }
  });

  test("a gradient that is no number makes all parameters none", () => {
    const own = () => Float32Array.of(1, 2, 3, 4, 5);
    const step = { parameters: own(), firstMoment: own(), secondMoment: own(), gradient: own() };
    step.gradient[4] = Number.NaN;
    const norm = stepAdamW(step, hostSettings({ learningRate: () => 0.1, clipNorm: 1 }, 0, 1));
    expect(norm).toBeNaN();
    expect(step.parameters.every(Number.isNaN)).toBe(true);
  });
});
