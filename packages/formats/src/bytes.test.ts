import { expect, it } from "vitest";
import { concatenateBytes } from "./bytes.ts";

it("concatenateBytes joins all parts in order into new memory", () => {
  const part = Uint8Array.of(1, 2);
  const joined = concatenateBytes([part, new Uint8Array(0), Uint8Array.of(3)]);
  expect(Array.from(joined)).toEqual([1, 2, 3]);
  expect(concatenateBytes([part]).buffer).not.toBe(part.buffer);
  expect(concatenateBytes([])).toHaveLength(0);
});
