import { describe, expect, it } from "vitest";
import { compartments } from "../../data/atlas/compartments.ts";
import { protein, randomSequence } from "../../testing/atlas-fixture.ts";
import { likeliest } from "./accuracy.ts";
import { compositionFeatures, fitComposition } from "./composition-baseline.ts";

const rich = { nucleolus: "KR", mitochondria: "AG" } as const;
const training = Array.from({ length: 200 }, (_, index) => {
  const name = index % 2 === 0 ? "nucleolus" : "mitochondria";
  return protein({ labels: [{ name, weight: 3 }], sequence: randomSequence(index, 60, rich[name]) });
});
const answer = (logits: Float32Array) => likeliest(compartments, logits);

describe("the composition of a sequence", () => {
  it("is the shares of residues in the whole and at either end, and its length", () => {
    const features = compositionFeatures(`${"A".repeat(30)}${"C".repeat(60)}${"D".repeat(30)}`);
    expect(features).toHaveLength(61);
    const at = (part: number, residue: string) =>
      features[20 * part + "ACDEFGHIKLMNPQRSTVWY".indexOf(residue)];
    expect([at(0, "A"), at(0, "C"), at(0, "D")].map((x) => x!.toFixed(3))).toEqual([
      "0.250",
      "0.500",
      "0.250",
    ]);
    expect(at(1, "A")).toBeCloseTo(1, 12);
    expect(at(2, "D")).toBeCloseTo(1, 12);
    expect(features[60]).toBeCloseTo(Math.log(120), 12);
  });

  it("ignores residues that are not the twenty", () => {
    expect(
      compositionFeatures("XXXX")
        .slice(0, 60)
        .every((share) => share === 0),
    ).toBe(true);
  });
});

describe("the regression on it", async () => {
  const baseline = await fitComposition(training);

  it("separates proteins by what they are rich in", () => {
    const fresh = Array.from({ length: 40 }, (_, index) => index + 1000);
    const right = fresh.filter((seed) => answer(baseline(randomSequence(seed, 60, "KR"))) === "nucleolus");
    expect(right.length).toBeGreaterThan(35);
    expect(answer(baseline(randomSequence(5000, 60, "AG")))).toBe("mitochondria");
  });

  it("is the same for a seed", async () => {
    expect((await fitComposition(training))("MKRKRKR")).toEqual(baseline("MKRKRKR"));
    expect((await fitComposition(training, { seed: 1 }))("MKRKRKR")).not.toEqual(baseline("MKRKRKR"));
  });

  it("needs proteins", async () => {
    await expect(fitComposition([])).rejects.toThrow(/no protein to fit/);
  });
});
