import { expect, it } from "vitest";
import { groupBy } from "./group-by.ts";

it("groups items by a key, in order", () => {
  const groups = groupBy(["Golgi", "ER", "Gap"], (name) => name[0]);
  expect([...groups]).toEqual([
    ["G", ["Golgi", "Gap"]],
    ["E", ["ER"]],
  ]);
  expect(groupBy([], String).size).toBe(0);
});
