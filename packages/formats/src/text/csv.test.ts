import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatenateBytes } from "../bytes.ts";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readMutated } from "../testing/mutate.ts";
import { readCsv, writeCsv } from "./csv.ts";

function messageOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("was read");
}

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
    [
      "a short row",
      "a,b,c\n1,2,3\n3\n",
      [],
      /labels.csv, row 2: 1 cells where the header has 3, none for the column "b" \(line 3\); correct that line/,
    ],
    [
      "a long row",
      'a,b\n"1\n1",2\n\n3,4,x\n',
      [],
      /labels.csv, row 2: 3 cells where the header has 2, "x" belongs to no column \(line 5\)/,
    ],
    [
      "a row of one empty cell too many",
      "a,b\n1,2,\n",
      [],
      /row 1: 3 cells where the header has 2, "" belongs/,
    ],
    ["cells separated by semicolons", "ensg;b\n1;2\n", ["ensg"], /lacks the column ensg .*separated by ";"/],
    ["cells separated by tabs", "ensg\tb\n1\t2\n", ["ensg"], /separated by tabs: separate them by commas/],
    ["an open quote", 'a,b\n"1,2\n', [], /labels.csv: Quote Not Closed/],
  ])("refuses %s and names the file", (_, text, requireColumns, message) => {
    expect(() => readCsv(text, { name: "labels.csv", requireColumns })).toThrow(FormatError);
    expect(() => readCsv(text, { name: "labels.csv", requireColumns })).toThrow(message);
  });

  const text = "gene,note\nACTB,\u03b2\n";
  it.each<[string, Uint8Array]>([
    ["gzip", gzipSync(text)],
    ["gzip of two members", concatenateBytes([gzipSync(text.slice(0, 12)), gzipSync(text.slice(12))])],
    ["UTF-16 with a mark", new Uint8Array(Buffer.from(`\ufeff${text}`, "utf16le"))],
    ["UTF-16, most significant byte first", new Uint8Array(Buffer.from(`\ufeff${text}`, "utf16le").swap16())],
    ["UTF-8 with a mark", new TextEncoder().encode(`\ufeff${text}`)],
  ])("reads %s", (_, bytes) => {
    expect(readCsv(bytes)).toEqual([{ gene: "ACTB", note: "\u03b2" }]);
  });

  it("quotes what a table holds in few words that a terminal does not obey", () => {
    const evil = `\u001b[31m${"x".repeat(100_000)}`;
    for (const text of [
      `${evil},${evil}\n`,
      `a,b\n${evil}\n`,
      `a,b\n1,2,${evil}\n`,
      `a,b\n${evil}"\n`,
      `${evil}\n`,
      `a${`,${evil}`.repeat(3)}\n`,
    ]) {
      const message = messageOf(() => readCsv(text, { name: "\u001b[2J.csv", requireColumns: ["gene"] }));
      expect(message.length).toBeLessThan(600);
      expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  it("says in one line which of many columns are missing", () => {
    const requireColumns = Array.from({ length: 84 }, (_, i) => `column ${i}`);
    const message = messageOf(() => readCsv("a,b\n", { requireColumns }));
    expect(message).toContain("lacks the column column 0, column 1, column 2");
    expect(message).toContain("and 74 more");
  });

  it.each<[string, (n: number) => string]>([
    ["rows", (n) => `a,b\n${"1,2\n".repeat(2 * n)}`],
    ["columns", (n) => `${Array.from({ length: n / 5 }, (_, i) => `c${i}`).join(",")}\n`],
    [
      "cells of wide rows",
      (n) =>
        `${Array.from({ length: n / 10 }, (_, i) => `c${i}`).join(",")}\n${`${",".repeat(n / 10 - 1)}\n`.repeat(50)}`,
    ],
    ["characters of a quoted cell", (n) => `a,b\n"${"x\n".repeat(20 * n)}",2\n`],
    ["quotes", (n) => `a,b\n"${'""'.repeat(20 * n)}",2\n`],
    ["blank lines", (n) => `a,b\n${"\r\n".repeat(20 * n)}`],
    ["characters of an open quote", (n) => `a,b\n"${"x".repeat(20 * n)}`],
  ])("takes twice the time for twice as many %s", (_, write) => {
    const timeOf = (n: number): number => {
      const table = write(n);
      const start = cpuTimeMs();
      try {
        readCsv(table);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
      return cpuTimeMs() - start;
    };
    timeOf(1000);
    expect(timeOf(40_000)).toBeLessThan(5 * timeOf(20_000) + 200);
  });

  it("refuses more columns or cells than it can hold", () => {
    expect(() => readCsv(`a${",".repeat(20_000)}`)).toThrow(
      /more than 16384 columns or 10000000 cells.*split it/,
    );
    const columns = Array.from({ length: 10_000 }, (_, i) => `c${i}`).join(",");
    const rows = `${",".repeat(9999)}\n`.repeat(3);
    expect(readCsv(`${columns}\n${rows}`)).toHaveLength(3);
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
