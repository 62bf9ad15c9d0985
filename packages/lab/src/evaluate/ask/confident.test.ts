import { expect, it } from "vitest";
import { type Prediction, surest } from "./confident.ts";

const opinion = (id: string, golgi: number): Prediction => ({
  protein: { id } as Prediction["protein"],
  answer: { Golgi: golgi, ER: 1 - golgi },
});

it("the surest are those of the largest answer, the largest first, and none is lost", () => {
  const opinions = [opinion("A", 0.2), opinion("B", 0.9), opinion("C", 0.5)];
  const names = (compartment: string, count: number) =>
    surest(opinions, compartment, count).map(({ protein }) => protein.id);
  expect(names("Golgi", 2)).toEqual(["B", "C"]);
  expect(names("ER", 2)).toEqual(["A", "C"]);
  expect(names("Golgi", 5)).toEqual(["B", "C", "A"]);
  expect(opinions.map(({ protein }) => protein.id)).toEqual(["A", "B", "C"]);
});
