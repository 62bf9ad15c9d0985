import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readMutated } from "../testing/mutate.ts";
import { parseFasta, parseSequence, readFastaRecords } from "./fasta.ts";

const name = "proteins.fasta";

describe("parseFasta", () => {
  it("reads id, description, sequence and line of every record", () => {
    const text = ">sp|P62258|1433E_HUMAN 14-3-3 epsilon\nMDDRED\nLVYQAK\n>short\nmk\n";
    expect(parseFasta(text)).toEqual([
      { id: "sp|P62258|1433E_HUMAN", description: "14-3-3 epsilon", sequence: "MDDREDLVYQAK", line: 1 },
      { id: "short", description: "", sequence: "MK", line: 4 },
    ]);
  });

  it("accepts CRLF, old Mac line ends, blank lines, spaces, lower case, a stop and a byte-order mark", () => {
    const text = "\ufeff\r\n> a  first one \r\nMk V\r\n\r\n\tll*\r\n\r\n>b\rXBUZO\r";
    expect(parseFasta(text)).toEqual([
      { id: "a", description: "first one", sequence: "MKVLL", line: 2 },
      { id: "b", description: "", sequence: "XBUZO", line: 7 },
    ]);
  });

  it("accepts a stop on a line of its own", () => {
    expect(parseFasta(">a\nMK\n*\n")[0]!.sequence).toBe("MK");
  });

  it.each<[string, string, RegExp, number]>([
    [
      "an unknown residue",
      ">a\nMK\n>b\nMKV\nM J\n",
      /proteins.fasta, record b: "J" in column 3 .*allowed are ACDEF/,
      5,
    ],
    ["a gap", ">a\nMK-V\n", /"-" in column 3 .*without alignment gaps/, 2],
    ["a dot", ">a\nMK.V\n", /"\." in column 3 .*without alignment gaps/, 2],
    ["a digit", ">a\n1 MKV\n", /"1" in column 1/, 2],
    ["a letter beyond ASCII", ">a\nMK\u00dfV\n", /"\u00df" in column 3/, 2],
    ["a character beyond 16 bits", ">a\nMK\u{1f9ec}V\n", /"\u{1f9ec}" in column 3/u, 2],
    ["a stop inside a line", ">a\nMK*V\n", /a stop "\*" in column 3 is followed/, 2],
    ["a stop before another line", ">a\n MK*\n\nV\n", /a stop "\*" in column 4 is followed/, 2],
    ["two stops", ">a\nMK**\n", /a stop "\*" in column 3/, 2],
    ["an empty record", ">a\nMK\n>b\n\n>c\nMK\n", /record b has no sequence .*remove the record/, 3],
    ["a stop alone", ">a\n*\n", /record a has no sequence/, 1],
    ["a header without a name", ">a\nMK\n> \nMK\n", /a header has no name/, 3],
    ["text before the first header", "\nMKV\n>a\nMK\n", /does not begin with a ">" header/, 2],
    ["an empty file", "", /holds no sequence/, 1],
    ["a file of blank lines", "\n \n\t\n", /holds no sequence/, 1],
  ])("refuses %s and says where", (_, text, message, line) => {
    expect(() => parseFasta(text, { name })).toThrow(FormatError);
    expect(() => parseFasta(text, { name })).toThrow(message);
    expect(() => parseFasta(text, { name })).toThrow(expect.objectContaining({ line }));
  });

  it("reads back any records, however their lines are broken", () => {
    const sequences = fc.stringMatching(/^[ACDEFGHIKLMNPQRSTVWYXBUZO]{1,90}$/);
    const ids = fc.stringMatching(/^[A-Za-z0-9_|.:-]{1,12}$/);
    const wrap = (sequence: string, width: number) =>
      sequence.replace(new RegExp(`.{1,${width}}`, "g"), "$&\n");
    fc.assert(
      fc.property(
        fc.array(fc.tuple(ids, sequences), { minLength: 1 }),
        fc.integer({ min: 1, max: 80 }),
        (pairs, width) => {
          const text = pairs.map(([id, sequence]) => `>${id}\n${wrap(sequence, width)}`).join("");
          expect(parseFasta(text).map(({ id, sequence }) => [id, sequence])).toEqual(pairs);
        },
      ),
    );
  });

  it("reads ten thousand records in under two seconds", () => {
    const text = Array.from(
      { length: 10_000 },
      (_, i) => `>p${i}\n${"MKVLAAGIVGLLLAQPSFAA\n".repeat(20)}`,
    ).join("");
    const start = cpuTimeMs();
    expect(parseFasta(text)).toHaveLength(10_000);
    expect(cpuTimeMs() - start).toBeLessThan(2000);
  });

  it.each<[string, (n: number) => string]>([
    ["records of one name", (n) => ">p\nMKVLAAGIVG\n".repeat(n)],
    ["lines", (n) => `>p\n${"MKVLAAGIVG\n".repeat(n)}`],
    ["residues of one line", (n) => `>p\n${"MKVLAAGIVG".repeat(n)}`],
    ["residues of one line before a bad one", (n) => `>p\n${"MKVLAAGIVG".repeat(n)}J`],
    ["residues of one line before a stop inside", (n) => `>p\n${"MKVLAAGIVG".repeat(n)}*M`],
    ["spaces", (n) => `>p\nMK${" ".repeat(10 * n)}V`],
    ["blank lines", (n) => `>p\nMK${"\r\n".repeat(5 * n)}`],
    ["letters of an id", (n) => `>${"p".repeat(10 * n)}\nJ`],
    ["marks", (n) => `>${">".repeat(10 * n)}\n\n`],
    ["nucleotides", (n) => `>p\n${"ACGTACGTAC".repeat(n)}\n`],
  ])("takes twice the time for twice as many %s, and few words", (_, write) => {
    const timeOf = (n: number): number => {
      const text = write(n);
      const start = cpuTimeMs();
      for (const { refused } of readFastaRecords(text, { name })) {
        if (refused !== undefined) expect(refused.error.message.length).toBeLessThan(300);
      }
      return cpuTimeMs() - start;
    };
    timeOf(1000);
    expect(timeOf(200_000)).toBeLessThan(5 * timeOf(100_000) + 200);
  });

  it("reads a header of many blanks at once", () => {
    const start = cpuTimeMs();
    expect(parseFasta(`>a${" ".repeat(200_000)}b\nMK\n`)[0]!.description).toBe("b");
    expect(cpuTimeMs() - start).toBeLessThan(500);
  });

  it("reads or refuses each of 5000 damaged files", async () => {
    const text = new TextEncoder().encode(">a one\nMKVLAAGIVG\nLLLAQ\n>b\nPSFAA*\n\n>c x\nMNX\n");
    const outcome = await readMutated(text, 5000, (damaged) =>
      parseFasta(new TextDecoder().decode(damaged), { name }),
    );
    expect(outcome.read).toBeGreaterThan(500);
    expect(outcome.refused).toBeGreaterThan(500);
  });
});

describe("readFastaRecords", () => {
  it("gives the other records where one is refused, which is named with its place", () => {
    const text = ">a one\nMK\n>b two\nMK\nM*K\n> \nMK\n>c\n\n>d\nMJ\n>e\nVL*\n";
    const results = [...readFastaRecords(text, { name })];
    expect(
      results.map(({ record, refused }) => record?.sequence ?? [refused!.id, refused!.line, refused!.column]),
    ).toEqual(["MK", ["b", 5, 2], ["", 6, undefined], ["c", 8, undefined], ["d", 11, 2], "VL"]);
    expect(results[1]!.refused).toMatchObject({ file: name, error: { line: 5, column: 2 } });
    expect(results[1]!.refused!.error.message).toBe(
      'fasta: proteins.fasta, record b: a stop "*" in column 2 is followed by more residues (line 5); ' +
        "give one protein, ending where its translation ends",
    );
  });

  it("reads no further than it is asked to", () => {
    const records = readFastaRecords(">a\nMK\n>b\nJ\n");
    expect(records.next().value).toEqual({ record: { id: "a", description: "", sequence: "MK", line: 1 } });
  });

  it("throws for what is no FASTA file", () => {
    expect(() => [...readFastaRecords("MK\n>a\nMK\n", { name })]).toThrow(/does not begin with a ">" header/);
    expect(() => [...readFastaRecords("", { name })]).toThrow(/holds no sequence/);
  });

  it("gives what parseFasta gives, or the error that it throws", () => {
    const pieces = fc.constantFrom(">a\n", ">b c\n", "MK\n", "J", "*", "\r\n", " ", ">\n", "ACGT", "\u200b");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (text) => {
        const source = `>x\n${text.join("")}`;
        const results = [...readFastaRecords(source, { name })];
        const refused = results.find((result) => result.refused !== undefined)?.refused;
        if (refused !== undefined) expect(() => parseFasta(source, { name })).toThrow(refused.error.message);
        else expect(parseFasta(source, { name })).toEqual(results.map(({ record }) => record));
      }),
    );
  });
});

describe("parseSequence", () => {
  it("reads a bare sequence over several lines", () => {
    expect(parseSequence(" mkv\nLLA*\n")).toBe("MKVLLA");
  });

  it.each<[string, string, RegExp]>([
    ["nothing", "", /the sequence is empty \(line 1\); allowed are/],
    ["a stop alone", "*", /is empty/],
    ["a header", ">a\nMK", /">" in column 1/],
    ["what looks like DNA", "ATGAAACCTGGTTTTTCTCC", /this looks like DNA: translate it first \(line 1\)/],
    ["an unknown residue", "MKV\nMKJ", /"J" in column 3 is not a residue \(line 2\)/],
  ])("refuses %s", (_, text, message) => {
    expect(() => parseSequence(text)).toThrow(message);
  });

  it("takes nucleotide letters for residues on request", () => {
    expect(parseSequence("ATGAAACCTGGTTTTTCTCC", { allowNucleotides: true })).toBe("ATGAAACCTGGTTTTTCTCC");
  });
});
