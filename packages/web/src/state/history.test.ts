import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { record, redo, startHistory, undo } from "./history.ts";

describe("a history", () => {
  it("goes back and forward", () => {
    const changed = record(record(startHistory("a"), "b"), "c");
    expect(undo(changed).present).toBe("b");
    expect(undo(undo(changed)).present).toBe("a");
    expect(redo(undo(changed))).toEqual(changed);
  });

  it("stays where it is at its ends", () => {
    const start = startHistory(1);
    expect(undo(start)).toBe(start);
    expect(redo(start)).toBe(start);
  });

  it("has no future after a new value", () => {
    const branched = record(undo(record(startHistory("a"), "b")), "c");
    expect(branched).toEqual({ past: ["a"], present: "c", future: [] });
  });

  it("gives every value back, in reverse order, up to its length", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { maxLength: 300 }), (values) => {
        let history = values.reduce((before, value) => record(before, value), startHistory(-1));
        const seen = [history.present];
        while (history.past.length > 0) {
          history = undo(history);
          seen.push(history.present);
        }
        expect(seen).toEqual([-1, ...values].reverse().slice(0, 201));
      }),
      { numRuns: 30 },
    );
  });
});
