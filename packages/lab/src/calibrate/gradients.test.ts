import { describe, expect, it } from "vitest";
import { compartments, type SequenceTargets, sequenceTargets } from "../data/atlas/compartments.ts";
import { protein } from "../testing/atlas-fixture.ts";
import { indicesOf, openLabelGradients } from "./gradients.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const logits = compartments.map((_, index) => Math.sin(index));
const gradientsOf = openLabelGradients(compartments);

/** Cross entropy of what is known, and -log P(any part) of a whole. */
function loss(values: readonly number[], { known, targets, groupTargets }: SequenceTargets): number {
  const p = values.map(sigmoid);
  const single = p.reduce(
    (sum, q, i) => (known[i] === 1 ? sum - Math.log(targets[i] === 1 ? q : 1 - q) : sum),
    0,
  );
  const parts = [
    ["nucleoplasm", "nucleolus", "nuclear_membrane", "nuclear_domains"],
    ["cytoplasm", "cytoskeleton", "centrosome"],
  ];
  return parts.reduce((sum, names, group) => {
    if (groupTargets[group] !== 1) return sum;
    return sum - Math.log(1 - indicesOf(compartments, names).reduce((none, i) => none * (1 - p[i]!), 1));
  }, single);
}

describe("gradients of the cross entropy of labels", () => {
  it.each([
    ["what one source resolves", protein({ labels: [{ name: "nucleolus", weight: 3 }] })],
    [
      "wholes that another states alone",
      protein({
        source: "deeploc2-swissprot",
        labels: ["nucleoplasm", "ER", "cytoplasm"].map((name) => ({ name, weight: 1 })),
      }),
    ],
  ])("are the differences of the loss: %s", (_, one) => {
    const target = sequenceTargets(one);
    const gradients = gradientsOf(logits.map(sigmoid), target);
    for (const index of compartments.keys()) {
      const moved = (by: number) => logits.map((x, i) => (i === index ? x + by : x));
      const difference = (loss(moved(1e-5), target) - loss(moved(-1e-5), target)) / 2e-5;
      expect(gradients[index]).toBeCloseTo(difference, 6);
    }
  });

  it("are 0 where nothing is known", () => {
    expect([...gradientsOf(logits.map(sigmoid), sequenceTargets(protein({ labels: [] })))]).toEqual(
      compartments.map(() => 0),
    );
  });
});
