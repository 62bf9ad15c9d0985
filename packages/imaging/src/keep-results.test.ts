import { expect, it, vi } from "vitest";
import { keepResults } from "./keep-results.ts";

it("computes the result of each key once", () => {
  const compute = vi.fn((side: number) => Array.from({ length: side }, (_, i) => i * i));
  const squares = keepResults(compute);
  expect(squares(3)).toEqual([0, 1, 4]);
  expect(squares(3)).toBe(squares(3));
  expect(squares(2)).toEqual([0, 1]);
  expect(compute.mock.calls).toEqual([[3], [2]]);
});

it("keeps a result that is undefined", () => {
  const compute = vi.fn((_: number) => undefined);
  const nothing = keepResults(compute);
  expect([nothing(1), nothing(1)]).toEqual([undefined, undefined]);
  expect(compute).toHaveBeenCalledOnce();
});
