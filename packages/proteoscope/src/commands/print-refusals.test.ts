import { describe, expect, it } from "vitest";
import { recordCommandContext } from "../testing/command-context.ts";
import { printRefusals } from "./print-refusals.ts";

/** What is printed of so many refused records. */
function printed(count: number): string[] {
  const { commandContext, output } = recordCommandContext();
  const refusals = Array.from({ length: count }, (_, index) => ({
    ...{ id: `P${index}`, place: `a.fasta, line ${index}`, reason: "no residue" },
  }));
  printRefusals(commandContext.stderr, refusals, { refused: count, records: 90 });
  return output.stderr.split("\n").slice(0, -1);
}

describe("refused records", () => {
  it("are named by place, id and reason", () => {
    expect(printed(0)).toEqual([]);
    expect(printed(1)).toEqual([
      "proteoscope: a.fasta, line 0, P0: no residue",
      "proteoscope: 1 of 90 records refused",
    ]);
  });

  it("are counted where they are too many to read", () => {
    const lines = printed(60);
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe("proteoscope: 60 of 90 records refused, 10 of them not listed here");
  });
});
