import { describe, expect, it } from "vitest";
import { reliabilityCurve } from "./reliability-curve.ts";

const label = { name: "ER", members: ["ER"] };
const predictionAt = (agreement: number, isRight: boolean) => ({
  ...{ label, agreement },
  predicted: isRight ? "ER" : "Golgi",
});

describe("the reliability curve", () => {
  it("sorts by agreement and gives the accuracy of each bin", () => {
    const answers = [
      predictionAt(0.9, true),
      predictionAt(0.1, false),
      predictionAt(0.8, true),
      predictionAt(0.2, false),
      predictionAt(0.5, true),
      predictionAt(0.4, false),
    ];
    const curve = reliabilityCurve(answers, { bins: 3 });
    expect(curve.map(({ from, to }) => [from, to])).toEqual([
      [0.1, 0.2],
      [0.4, 0.5],
      [0.8, 0.9],
    ]);
    expect(curve.map(({ accuracy }) => accuracy!.value)).toEqual([0, 0.5, 1]);
    expect(curve[1]!.agreement).toBeCloseTo(0.45, 12);
    expect(curve[2]!.accuracy).toEqual({ value: 1, interval95: [1, 1], n: 2 });
  });

  it("has bins of equal count, and no more than predictions", () => {
    const eleven = Array.from({ length: 11 }, (_, i) => predictionAt(i / 11, i % 2 === 0));
    expect(reliabilityCurve(eleven).map(({ accuracy }) => accuracy!.n)).toEqual([2, 2, 3, 2, 2]);
    expect(reliabilityCurve(eleven.slice(0, 2))).toHaveLength(2);
    expect(reliabilityCurve([])).toEqual([]);
  });
});
