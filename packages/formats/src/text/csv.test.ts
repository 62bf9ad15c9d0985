import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { readMutated } from "../testing/mutate.ts";
import { readCsv, writeCsv } from "./csv.ts";

describe("readCsv", () => {
  it("gives rows by column", () => {
    expect(readCsv("gene,count\nLMNB1,3\nTOMM20,5\n")).toEqual([
      { gene: "LMNB1", count: "3" },
      { gene: "TOMM20", count: "5" },
    ]);
  });

  it("reads quotes, CRLF, a byte-order mark and empty lines", () => {
    const text = '\ufeffgene,note\r\n"ACTB","a ""b"", c"\r\n\r\nNPM1,"two\nlines"\r\n';
    expect(readCsv(text)).toEqual([
      { gene: "ACTB", note: 'a "b", c' },
      { gene: "NPM1", note: "two\nlines" },
    ]);
  });

  it("gives no rows for a header alone, and still checks its columns", () => {
    expect(readCsv("gene,count\n", { requireColumns: ["gene"] })).toEqual([]);
    expect(() => readCsv("gene,count\n", { requireColumns: ["ensg"] })).toThrow(FormatError);
  });

  it("keeps a column whose name is one of the language", () => {
    expect(Object.entries(readCsv("__proto__\nx\n")[0]!)).toEqual([["__proto__", "x"]]);
  });

  it.each<[string, string, string[], RegExp]>([
    ["an empty file", "", [], /labels.csv is empty \(line 1\); give it a header line/],
    ["a repeated column", "a,b,a\n", [], /labels.csv has two columns "a"/],
    ["missing columns", "a,b\n1,2\n", ["ensg", "a", "name"], /lacks the column ensg, name .*it has: a, b/],
    ["a short row", "a,b\n1,2\n3\n", [], /labels.csv: .*\(line 3\); correct that line/],
    ["an open quote", 'a,b\n"1,2\n', [], /labels.csv: Quote Not Closed/],
  ])("refuses %s and names the file", (_, text, requireColumns, message) => {
    expect(() => readCsv(text, { name: "labels.csv", requireColumns })).toThrow(FormatError);
    expect(() => readCsv(text, { name: "labels.csv", requireColumns })).toThrow(message);
  });

  it("reads or refuses each of 1000 damaged tables", async () => {
    const text = new TextEncoder().encode('gene,note,count\nACTB,"a, b",1\nNPM1,c,2\n"LMNB1","d ""e""",3\n');
    const outcome = await readMutated(text, 1000, (damaged) => readCsv(new TextDecoder().decode(damaged)));
    expect(outcome.read).toBeGreaterThan(100);
    expect(outcome.refused).toBeGreaterThan(100);
  });
});

describe("writeCsv", () => {
  it("writes the columns asked for, quoted where needed", () => {
    const rows = [{ gene: "ACTB", note: 'a "b", c', count: 2, extra: true }, { gene: "NPM1" }];
    expect(writeCsv(rows, ["gene", "note", "count"])).toBe(
      'gene,note,count\nACTB,"a ""b"", c",2\nNPM1,"",""\n',
    );
  });

  it("writes what readCsv reads back", () => {
    const cells = fc.string({ unit: "grapheme" });
    const tables = fc.array(fc.record({ a: cells, "b c": cells }), { maxLength: 8 });
    fc.assert(
      fc.property(tables, (rows) => {
        expect(readCsv(writeCsv(rows, ["a", "b c"]))).toEqual(rows.map((row) => ({ ...row })));
      }),
    );
  });
});
