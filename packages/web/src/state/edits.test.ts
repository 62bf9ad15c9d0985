import { parseVariant } from "@proteoscope/microscope/experiments";
import { describe, expect, it } from "vitest";
import { addEdit, type Edit, formOf, marksOf, variantOf } from "./edits.ts";

const sequence = "MKTAYIAKQRQISFVKSHFSRQ";

describe("changes of a protein", () => {
  const edits: Edit[] = [
    { kind: "substitute", at: 3, to: "R" },
    { kind: "delete", first: 5, last: 8 },
    { kind: "delete", first: 12, last: 12 },
    { kind: "insert", before: 10, residues: "GGSG" },
    { kind: "signal", name: "NLS", where: "C" },
  ];

  it("have the short forms that mutate reads", () => {
    expect(edits.map((edit) => formOf(edit, sequence))).toEqual([
      "T3R",
      "del:5-8",
      "del:12",
      "ins:10:GGSG",
      "signal:NLS@C",
    ]);
    const variant = parseVariant(variantOf(edits, sequence)!, { id: "x", sequence });
    expect(variant.sequence).toBe("MKRAQGGSGRQSFVKSHFSRQPKKKRKV");
  });

  it("are none where nothing is changed", () => {
    expect(variantOf([], sequence)).toBeNull();
  });

  it("are marked at the residues of the unchanged protein", () => {
    const marks = marksOf([...edits, { kind: "signal", name: "NES", where: 15 }]);
    expect(marks.get(3)).toEqual({ deleted: false, substitute: "R", inserted: null });
    expect([4, 5, 8, 9].map((at) => marks.get(at)?.deleted ?? false)).toEqual([false, true, true, false]);
    expect(marks.get(10)?.inserted).toBe("GGSG");
    expect(marks.get(15)?.inserted).toBe("NES");
  });

  it("take the place of a change that they cover", () => {
    const first: Edit[] = [{ kind: "substitute", at: 3, to: "R" }];
    expect(addEdit(first, { kind: "substitute", at: 3, to: "A" })).toEqual([
      { kind: "substitute", at: 3, to: "A" },
    ]);
    expect(addEdit(first, { kind: "delete", first: 2, last: 4 })).toEqual([
      { kind: "delete", first: 2, last: 4 },
    ]);
  });

  it("are refused where they would change a part of another change", () => {
    const first: Edit[] = [{ kind: "delete", first: 5, last: 8 }];
    expect(addEdit(first, { kind: "substitute", at: 6, to: "A" })).toBeNull();
    expect(addEdit(first, { kind: "delete", first: 7, last: 12 })).toBeNull();
    expect(addEdit(first, { kind: "signal", name: "NLS", where: "N" })).toHaveLength(2);
  });
});
