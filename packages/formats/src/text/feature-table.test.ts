import { describe, expect, it } from "vitest";
import { readFeatures } from "./feature-table.ts";

const gff = `##gff-version 3
##sequence-region P27797 1 417
P27797\tUniProtKB\tSignal peptide\t1\t17\t.\t.\t.\tOntology_term=ECO:0000269
P27797\tUniProtKB\tMotif\t414\t417\t.\t.\t.\tID=a;Note=Prevents secretion%3B from ER
`;

describe("features of a protein", () => {
  it("are read from GFF3 as UniProt gives it", () => {
    expect(readFeatures(gff)).toEqual([
      { protein: "P27797", type: "Signal peptide", name: "Signal peptide", first: 1, last: 17 },
      { protein: "P27797", type: "Motif", name: "Prevents secretion; from ER", first: 414, last: 417 },
    ]);
  });

  it.each(["\t", ","])("are read from a table with %j between its cells", (separator) => {
    const text = [
      ["name", "Start", "end"],
      ["NLS, basic", "5", "11"],
    ]
      .map((row) => row.map((cell) => (separator === "," ? `"${cell}"` : cell)).join(separator))
      .join("\n")
      .concat("\n");
    expect(readFeatures(text)).toEqual([
      { protein: "", type: "NLS, basic", name: "NLS, basic", first: 5, last: 11 },
    ]);
  });

  it("are refused by line where a range is none", () => {
    expect(() => readFeatures("start,end\n1,2\n7,3\n", { name: "f.csv" })).toThrow(
      /f\.csv: "7" to "3" is no range.*line 3/,
    );
    expect(() => readFeatures("##gff-version 3\nP1\tx\tMotif\n")).toThrow(
      /3 columns where GFF3 has nine.*line 2/,
    );
    expect(() => readFeatures("a,b\n1,2\n")).toThrow(
      /no column for the first and the last residue.*start and end/,
    );
  });
});
