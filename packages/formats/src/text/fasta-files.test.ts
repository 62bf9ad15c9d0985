// FASTA files as people have them. The files of fixtures/fasta were written with known content after conditions that
// users of the field reported; beside each stand variants of its kind.

import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { concatenateBytes } from "../bytes.ts";
import { readFixture } from "../testing/fixture.ts";
import { parseFasta, readFastaRecords } from "./fasta.ts";

const fixture = (name: string) => readFixture(`fasta/${name}`);
const textOf = (name: string) => new TextDecoder().decode(fixture(name));
const utf8 = (text: string) => new TextEncoder().encode(text);
const utf16le = (text: string) => new Uint8Array(Buffer.from(text, "utf16le"));
const utf16be = (text: string) => new Uint8Array(Buffer.from(text, "utf16le").swap16());
const fibrillarin = /^MKPGFSPRGGGFGGRGGFG.*VYRPPPKVKN$/;
const name = "proteins.fasta";

describe("packed files and other encodings", () => {
  const text = ">\u03b1-tubulin one\nMKVL\n>b\nPSF\n";
  const expected = [
    { id: "\u03b1-tubulin", description: "one", sequence: "MKVL", line: 1 },
    { id: "b", description: "", sequence: "PSF", line: 3 },
  ];

  it("reads proteins.fasta.gz", () => {
    expect(parseFasta(fixture("proteins.fasta.gz"))).toEqual([
      { id: "sp|P1|A_HUMAN", description: "test", sequence: expect.stringMatching(fibrillarin), line: 1 },
    ]);
  });

  it("reads utf16.fasta", () => {
    expect(parseFasta(fixture("utf16.fasta"))).toEqual([
      { id: "A", description: "first", sequence: expect.stringMatching(fibrillarin), line: 1 },
    ]);
  });

  it.each<[string, Uint8Array]>([
    ["gzip of one member", gzipSync(text)],
    [
      "gzip of a member for each record",
      concatenateBytes(text.split(/(?=>b)/).map((part) => gzipSync(part))),
    ],
    ["gzip of UTF-16", gzipSync(utf16le(`\ufeff${text}`))],
    ["UTF-16, most significant byte first", utf16be(`\ufeff${text}`)],
    ["UTF-16 without a mark", utf16le(text)],
    ["UTF-16 with the line ends of Windows", utf16le(`\ufeff${text.replaceAll("\n", "\r\n")}`)],
    ["UTF-8 with a mark", utf8(`\ufeff${text}`)],
    ["two files with a mark each, joined", utf8(`\ufeff${text.replace(">b", "\ufeff>b")}`)],
    ["the line ends of old Macs", utf8(text.replaceAll("\n", "\r"))],
    ["the line ends of Windows", utf8(text.replaceAll("\n", "\r\n"))],
  ])("reads %s", (_, bytes) => {
    expect(parseFasta(bytes)).toEqual(expected);
  });

  it("refuses a packed file that is cut short or far larger than it is", () => {
    const packed = fixture("proteins.fasta.gz");
    expect(() => parseFasta(packed.subarray(0, 200), { name })).toThrow(/proteins\.fasta: gzip data/);
    const bomb = concatenateBytes(Array(300).fill(gzipSync(new Uint8Array(1_000_000))));
    expect(() => parseFasta(bomb, { name })).toThrow(/gzip data expands beyond \d{8} bytes/);
  });
});

describe("nucleotide sequences", () => {
  it.each([
    ["dna.fasta", "DNA"],
    ["rna.fasta", "RNA"],
  ])("refuses %s by name, unless it is to be a protein", (file, kind) => {
    const message = new RegExp(`${file}, record NM_001436.4: this looks like ${kind}: translate it first`);
    expect(() => parseFasta(fixture(file), { name: file })).toThrow(message);
    const [record] = parseFasta(fixture(file), { allowNucleotides: true });
    expect(record!.sequence).toMatch(/^A[TU]GAAACC[TU]/);
  });

  it("refuses the records that are DNA and reads the others", () => {
    const text = `>p\nMKVL\n${textOf("dna.fasta").toLowerCase().replace(">nm", ">NM")}>short\nACGTACGTACGT\n`;
    const results = [...readFastaRecords(text)];
    expect(results.map(({ record, refused }) => record?.id ?? [refused!.id, refused!.line])).toEqual([
      "p",
      ["NM_001436.4", 4],
      "short",
    ]);
  });
});

describe("ids", () => {
  it("reads those of ids.fasta whole and unchanged", () => {
    expect(parseFasta(fixture("ids.fasta")).map(({ id }) => id)).toEqual([
      "sp|P22087|FBRL_HUMAN",
      "ENSP00000493375.2|ENST00000641515.2|ENSG00000186095.7|OTTHUMG00000001094.4|OTTHUMT00000003223.4|OR4F5-201|OR4F5|326",
      "ENSP00000493376.2|ENST00000641516.2|ENSG00000186096.7|OTTHUMG00000001094.4|OTTHUMT00000003223.4|OR4F6-201|OR4F6|326",
      "lcl|CP017025.1_prot_AOH49748.1_1",
      "P53:p.R175H",
      "P53_p.R175H",
      "\u03b1-tubulin",
      "../../etc/passwd",
      "CON",
      "...",
    ]);
  });

  it("reads those of swap.fasta, which differ in one character, in their order", () => {
    const records = parseFasta(fixture("swap.fasta"));
    expect(records.map(({ id, sequence }) => [id, sequence.slice(0, 4)])).toEqual([
      ["TP53:R175H", "MSVL"],
      ["TP53_R175H", "MKPG"],
    ]);
  });

  it.each([
    ["of a hundred thousand characters", "x".repeat(100_000)],
    ["with characters that do not show", "a\u200bb\u202ec"],
    ["with escape sequences", "a\u001b[31mb"],
    ["that is one of the language's own", "__proto__"],
  ])("keeps an id %s, and prints it safely", (_, id) => {
    expect(parseFasta(`>${id} more\nMK\n`)[0]!.id).toBe(id);
    const [result] = readFastaRecords(`>${id}\nJ\n`);
    expect(result!.refused!.id).toBe(id);
    expect(result!.refused!.error.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(result!.refused!.error.message.length).toBeLessThan(250);
  });

  it("keeps records of one name apart", () => {
    expect(parseFasta(">a\nMK\n>a\nVL\n").map(({ id, line }) => [id, line])).toEqual([
      ["a", 1],
      ["a", 3],
    ]);
  });
});

describe("one bad record", () => {
  it("is named with line and column in ensembl.fasta, and the others are read", () => {
    const results = [...readFastaRecords(fixture("ensembl.fasta"), { name: "ensembl.fasta" })];
    expect(results.map(({ record, refused }) => record?.id ?? refused!.id)).toEqual([
      "ENSP1.1",
      "ENSP2.1",
      "ENSP3.1",
    ]);
    expect(results[1]!.refused).toMatchObject({ file: "ensembl.fasta", line: 10, column: 41 });
    expect(() => parseFasta(fixture("ensembl.fasta"))).toThrow(
      /record ENSP2.1: a stop "\*" in column 41 .*line 10/,
    );
  });

  it.each<[string, string, number, number, RegExp]>([
    ["a stop in the first line", ">b\n  M*V\n", 4, 4, /a stop "\*" in column 4/],
    ["a stop before a line of its own", ">b\nMKV*\n\n\nV\n", 4, 4, /a stop "\*" in column 4/],
    ["a stop in lower case", ">b\r\nmkvl\r\nm*v", 5, 2, /a stop "\*" in column 2/],
    ["a digit", ">b\nMK1\n", 4, 3, /"1" in column 3/],
  ])("is named for %s", (_, record, line, column, message) => {
    const [first, second, third] = readFastaRecords(`>a\nMK\n${record.trimEnd()}\n>c\nMK\n`);
    expect([first!.record!.id, third!.record!.id]).toEqual(["a", "c"]);
    expect(second!.refused).toMatchObject({ id: "b", line, column });
    expect(second!.refused!.error.message).toMatch(message);
  });
});

describe("characters that do not show", () => {
  it("are named in words in zerowidth.fasta", () => {
    const message = /record A: U\+200B ZERO WIDTH SPACE in column 51 is not a residue \(line 2\); delete it/;
    expect(() => parseFasta(fixture("zerowidth.fasta"))).toThrow(message);
  });

  it.each([
    ["MK\u2060V", "U+2060 WORD JOINER in column 3"],
    ["MKV\u00ad", "U+00AD SOFT HYPHEN in column 4"],
    ["\u200eMKV", "U+200E LEFT-TO-RIGHT MARK in column 1"],
    ["M\u0000KV", "U+0000 NULL in column 2"],
    ["MK\u{e0041}V", "U+E0041 (an invisible character) in column 3"],
    ["MK\u001b[31mV", "U+001B ESCAPE in column 3"],
  ])("are named in %j", (residues, words) => {
    expect(() => parseFasta(`>a\n${residues}\n`)).toThrow(words);
  });

  it("are spaces where they are a kind of space", () => {
    expect(parseFasta(">a\nM\u00a0K\u3000V\ufeffL\n")[0]!.sequence).toBe("MKVL");
  });
});
