import { createGenerator } from "@proteoscope/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { areaUnderCurve, crossValidate } from "./cross-validation.ts";

describe("crossValidate", () => {
  it("never judges a row by a fit that saw its group", async () => {
    // The one feature is the group's own number and gives the label away; over groups it says nothing.
    const random = createGenerator(1, "labels").uniform(40);
    const rows = Array.from({ length: 400 }, (_, i) => {
      const group = i % 40;
      const features = Array.from({ length: 40 }, (_, j) => (j === group ? 1 : 0));
      return { features, label: random[group]! < 0.5 ? 0 : 1, group: String(group) };
    });
    const answers = await crossValidate(rows, 2);
    const right = rows.filter(({ label }, i) => answers[i]![label]! > 0.5 + 1e-9).length / rows.length;
    expect(right).toBeLessThan(0.65);
  });

  it("judges every row, and well where the features separate the classes", async () => {
    const noise = createGenerator(2, "noise").normal(120);
    const rows = Array.from({ length: 120 }, (_, i) => ({
      features: [noise[i]! + 4 * (i % 3), noise[119 - i]!],
      label: i % 3,
      group: `field ${Math.floor(i / 6)}`,
    }));
    const answers = await crossValidate(rows, 3, { folds: 4, ridge: 0.001 });
    expect(answers.filter((answer) => answer.length === 3)).toHaveLength(120);
    const right = rows.filter(({ label }, i) => answers[i]!.indexOf(Math.max(...answers[i]!)) === label);
    expect(right.length / 120).toBeGreaterThan(0.85);
  });

  it("keeps rows of every class in every fit, where a class has several groups", async () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({
      features: [i],
      label: i < 25 ? 0 : 1,
      group: String(i),
    }));
    for (const answer of await crossValidate(rows, 2)) expect(answer[1]).toBeGreaterThan(0);
  });
});

it("leaves images to be fitted to, where there are two groups of different classes", async () => {
  const rows = ["a", "b"].map((group, label) => ({ features: [label], label, group }));
  expect((await crossValidate(rows, 2)).map((answer) => [...answer])).toEqual([
    [0, 1], // each by a fit that knows the other class alone
    [1, 0],
  ]);
  await expect(crossValidate(rows.slice(0, 1), 2)).rejects.toThrow("no row");
});

describe("areaUnderCurve", () => {
  const scored = fc.array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.boolean()), {
    minLength: 2,
    maxLength: 30,
  });

  it("is the share of pairs that stand in the right order, ties a half", async () => {
    fc.assert(
      fc.property(scored, (rows) => {
        const of = (wanted: boolean) =>
          rows.filter(([, positive]) => positive === wanted).map(([score]) => score);
        const [positives, negatives] = [of(true), of(false)];
        fc.pre(positives.length > 0 && negatives.length > 0);
        const pairs = positives.flatMap((a) => negatives.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)));
        const wanted = pairs.reduce((sum: number, pair) => sum + pair, 0) / pairs.length;
        const found = areaUnderCurve(
          rows.map(([score]) => score),
          rows.map(([, positive]) => positive),
        );
        expect(found).toBeCloseTo(wanted, 10);
      }),
    );
  });

  it("is not known where one side is missing", async () => {
    expect(areaUnderCurve([1, 2], [true, true])).toBeNaN();
    expect(areaUnderCurve([], [])).toBeNaN();
  });
});
