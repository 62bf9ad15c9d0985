import { expect, it } from "vitest";
import { planarOf } from "./planar.ts";

it("puts pixels of three channels plane by plane", () => {
  expect([...planarOf(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))]).toEqual([
    1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12,
  ]);
});
