import { expect, it } from "vitest";
import { formatProbability, mostProbable } from "./probabilities.ts";

it("prints two decimals and never a certainty", () => {
  const shown = [0, 0.001, 0.005, 0.5, 0.994, 0.996, 1].map(formatProbability);
  expect(shown).toEqual(["0.00", "<0.01", "0.01", "0.50", "0.99", ">0.99", ">0.99"]);
});

it("takes the first of equal probabilities", () => {
  expect(mostProbable({ ER: 0.2, Golgi: 0.4, nucleolus: 0.4 })).toBe("Golgi");
});
