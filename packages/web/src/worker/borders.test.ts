import { expect, it } from "vitest";
import { borderOf } from "./borders.ts";

it("a border is the rim of each label, also between two that touch and at the frame", () => {
  const rows = ["0000000", "0111220", "0111220", "0111220", "0000000"];
  const labels = Int32Array.from(rows.join(""), Number);
  const border = borderOf({ width: 7, height: 5, labels });
  const shown = rows.map((_, y) => border.slice(7 * y, 7 * y + 7).join(""));
  expect(shown).toEqual(["0000000", "0111110", "0101110", "0111110", "0000000"]);
  expect([...borderOf({ width: 1, height: 1, labels: Int32Array.of(1) })]).toEqual([1]);
});
