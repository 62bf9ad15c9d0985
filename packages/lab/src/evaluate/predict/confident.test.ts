import { expect, it } from "vitest";
import { mostConfident, type Prediction } from "./confident.ts";

const prediction = (id: string, golgi: number): Prediction => ({
  protein: { id } as Prediction["protein"],
  posterior: { Golgi: golgi, ER: 1 - golgi },
});

it("the most confident predictions come first, and none is lost", () => {
  const predictions = [prediction("A", 0.2), prediction("B", 0.9), prediction("C", 0.5)];
  const names = (compartment: string, count: number) =>
    mostConfident(predictions, compartment, count).map(({ protein }) => protein.id);
  expect(names("Golgi", 2)).toEqual(["B", "C"]);
  expect(names("ER", 2)).toEqual(["A", "C"]);
  expect(names("Golgi", 5)).toEqual(["B", "C", "A"]);
  expect(predictions.map(({ protein }) => protein.id)).toEqual(["A", "B", "C"]);
});
