import { describe, expect, it } from "vitest";
import { compartments, sequenceTargets } from "../../data/atlas/compartments.ts";
import { protein } from "../../testing/atlas-fixture.ts";
import { countedLabels, fitThresholds, judgedLabels, judgeLabels, matthews } from "./multi-label.ts";

const at = (label: string) => judgedLabels.indexOf(label);
const even = compartments.map(() => 0.5);
const named = (...names: string[]) => names.map((name) => ({ name, weight: 3 }));

describe("judged labels", () => {
  it("are every compartment and the wholes where the parts are resolved", () => {
    const row = judgeLabels(even, sequenceTargets(protein({ labels: named("nucleolus") })));
    expect(row[at("nucleolus")]).toEqual({ probability: 0.5, isTrue: true });
    expect(row[at("ER")]).toEqual({ probability: 0.5, isTrue: false });
    expect(row[at("any nucleus")]).toEqual({ probability: 1 - 0.5 ** 4, isTrue: true });
    expect(row[at("any cytoplasm")]).toEqual({ probability: 1 - 0.5 ** 3, isTrue: false });
  });

  it("are the whole alone where the source states no more", () => {
    const swissProt = protein({ source: "deeploc2-swissprot", labels: named("nucleoplasm") });
    const row = judgeLabels(even, sequenceTargets(swissProt));
    expect(row[at("nucleoplasm")]).toBeUndefined();
    expect(row[at("any nucleus")]?.isTrue).toBe(true);
    expect(row[at("any cytoplasm")]?.isTrue).toBe(false);
  });

  it("are none for a protein of which nothing is known", () => {
    const row = judgeLabels(even, sequenceTargets(protein({ labels: [] })));
    expect(row.every((judged) => judged === undefined)).toBe(true);
  });
});

/** Proteins of one label with a probability that is above 0.3 for those that have it. */
const rows = Array.from({ length: 40 }, (_, index) =>
  judgedLabels.map((name) =>
    name === "ER"
      ? { isTrue: index % 4 === 0, probability: index % 4 === 0 ? 0.31 + index / 1000 : index / 200 }
      : undefined,
  ),
);

describe("thresholds", () => {
  it("are where the calls agree best with the truth, and one half where nothing is known", () => {
    const thresholds = fitThresholds(rows);
    expect(thresholds[at("ER")]).toBeGreaterThan(0.195);
    expect(thresholds[at("ER")]).toBeLessThanOrEqual(0.31);
    expect(thresholds[at("Golgi")]).toBe(0.5);
  });

  it("are fitted to labels that five proteins have and five lack", () => {
    expect(countedLabels(rows)[at("ER")]).toBe(true);
    expect(countedLabels(rows.slice(0, 16))[at("ER")]).toBe(false);
    expect(countedLabels(rows).filter((counted) => counted)).toHaveLength(1);
  });
});

it("Matthews' correlation is 1 for all right, -1 for all wrong, 0 for no calls", () => {
  expect(matthews([5, 0, 0, 5])).toBe(1);
  expect(matthews([0, 5, 5, 0])).toBe(-1);
  expect(matthews([0, 0, 5, 5])).toBe(0);
  expect(matthews([4, 1, 2, 3])).toBeCloseTo((4 * 3 - 1 * 2) / Math.sqrt(5 * 6 * 4 * 5), 12);
});
