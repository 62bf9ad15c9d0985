import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readMutated } from "../testing/mutate.ts";
import { parseFasta, parseSequence } from "./fasta.ts";

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
    ["a stop before another line", ">a\nMK*\n\nV\n", /a stop "\*" is followed/, 2],
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

describe("parseSequence", () => {
  it("reads a bare sequence over several lines", () => {
    expect(parseSequence(" mkv\nLLA*\n")).toBe("MKVLLA");
  });

  it.each<[string, string, RegExp]>([
    ["nothing", "", /the sequence is empty \(line 1\); allowed are/],
    ["a stop alone", "*", /is empty/],
    ["a header", ">a\nMK", /">" in column 1/],
    ["an unknown residue", "MKV\nMKJ", /"J" in column 3 is not a residue \(line 2\)/],
  ])("refuses %s", (_, text, message) => {
    expect(() => parseSequence(text)).toThrow(message);
  });
});
