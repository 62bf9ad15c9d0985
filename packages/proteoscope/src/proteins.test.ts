// How words of the command line become proteins: files, standard input, examples, bare sequences, and mistakes.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readExamples, readProteins, resolveProteins } from "./proteins.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-proteins-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, data: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, data);
  return path;
};

const resolve = async (...words: string[]) => (await resolveProteins(words, {})).proteins;
const fromStdin = (data: string | Uint8Array, options = {}) =>
  resolveProteins(["-"], { stdin: Readable.from([data], { objectMode: false }) }, options);

describe("resolveProteins", () => {
  it("reads every record of a FASTA file, with its id as it stands there", async () => {
    const path = file("two.fasta", ">sp|P1|A_HUMAN first GN=ACTB PE=1\nMKT\n>../../etc/passwd\nMKV\n");
    expect(await resolve(path)).toEqual([
      { id: "sp|P1|A_HUMAN", description: "first GN=ACTB PE=1", gene: "ACTB", sequence: "MKT", source: path },
      { id: "../../etc/passwd", description: "", gene: undefined, sequence: "MKV", source: path },
    ]);
  });

  it("reads standard input for -, and for the names that systems give it", async () => {
    const text = ">x\nMKT";
    expect((await fromStdin(text)).proteins).toMatchObject([{ id: "x", source: "standard input" }]);
    const stdin = Readable.from([text], { objectMode: false });
    expect((await resolveProteins(["/dev/stdin"], { stdin })).proteins).toMatchObject([{ id: "x" }]);
    await expect(resolveProteins(["-"], {})).rejects.toMatchObject({ kind: "usage" });
  });

  it.each<[string, Uint8Array]>([
    ["gzip", gzipSync(">β one\nMKT\n>b\nMKV\n")],
    ["gzip of a member per record", Buffer.concat([gzipSync(">β one\nMKT\n"), gzipSync(">b\nMKV\n")])],
    ["UTF-16", Buffer.from("\ufeff>β one\nMKT\n>b\nMKV\n", "utf16le")],
    ["UTF-16, most significant byte first", Buffer.from("\ufeff>β one\nMKT\n>b\nMKV\n", "utf16le").swap16()],
  ])("reads %s from a file and from standard input", async (name, bytes) => {
    const path = file(`${name.replaceAll(/\W/g, "-")}.fasta`, bytes);
    for (const proteins of [await resolve(path), (await fromStdin(bytes)).proteins])
      expect(proteins.map(({ id, sequence }) => [id, sequence])).toEqual([
        ["β", "MKT"],
        ["b", "MKV"],
      ]);
  });

  it("finds an example by gene and by accession, in any case", async () => {
    const [byGene] = await resolve("fbl");
    const [byAccession] = await resolve("P22087");
    expect(byGene).toEqual(byAccession);
    expect(byGene).toMatchObject({ id: "FBL", gene: "FBL", source: "example" });
    expect(byGene!.sequence).toHaveLength(321);
  });

  it("finds an annotated protein of the shipped model by gene and by accession, in any case", async () => {
    const [byGene] = await resolve("kras");
    const [byAccession] = await resolve("p01116");
    expect(byGene).toEqual(byAccession);
    expect(byGene).toMatchObject({
      ...{ id: "KRAS", gene: "KRAS", description: "P01116 human", source: "annotated proteins" },
      sequence: expect.stringMatching(/^MTEYKLVVVGAGGVGKSALTIQLIQ/),
    });
    const [whole] = await resolve("GIT1"); // the Human Protein Atlas has an isoform of it as well
    expect(whole).toMatchObject({ description: "Q9Y2X7 human" });
  });

  it("takes the organism that is asked for, by its names", async () => {
    for (const organism of ["human", "Homo sapiens", "9606"]) {
      const { proteins } = await resolveProteins(["KRAS", "FBL"], {}, { organism });
      expect(proteins.map(({ id }) => id)).toEqual(["KRAS", "FBL"]);
    }
    await expect(resolveProteins(["FBL"], {}, { organism: "mouse" })).rejects.toMatchObject({
      ...{ kind: "notFound", field: "organism" },
      message: "no annotated protein of mouse: the model has names for human; give a FASTA file",
    });
    // A protein of another kingdom, which the model has among the homologs without its organism.
    expect(await resolve("Q62318")).toMatchObject([{ id: "Q62318", gene: undefined }]);
    await expect(resolveProteins(["Q62318"], {}, { organism: "human" })).rejects.toThrow(/no gene/);
  });

  it("takes twenty residues or more for a sequence, in lower case and with a stop sign too", async () => {
    const [protein] = await resolve("mktayiakqrqisfvkshfs*");
    const sequence = "MKTAYIAKQRQISFVKSHFS";
    expect(protein).toMatchObject({ id: "sequence", sequence, source: "command line" });
  });

  it("leaves the ids of proteins of one name as they are", async () => {
    expect((await resolve("FBL", "FBL", "NPM1")).map(({ id }) => id)).toEqual(["FBL", "FBL", "NPM1"]);
  });

  it("prefers a file to an example of its name", async () => {
    const path = file("FBL", ">own\nMKT");
    expect(await resolve(path)).toMatchObject([{ id: "own" }]);
  });

  it("reads 200,000 records", async () => {
    const { proteins } = await fromStdin(">p\nMKT\n".repeat(200_000));
    expect(proteins).toHaveLength(200_000);
  });
});

describe("a record that is refused", () => {
  const text = ">a\nMKT\n>b second\nMKT\nM*T\n>c\n\n>d\nMKV\n>e\nMJ\n";

  it("does not end the others, and is named with file, line and column", async () => {
    const path = file("some-bad.fasta", text);
    const { proteins, refused } = await resolveProteins([path, "FBL"], {});
    expect(proteins.map(({ id }) => id)).toEqual(["a", "d", "FBL"]);
    expect(refused.map(({ id, file, line, column }) => [id, file, line, column])).toEqual([
      ["b", path, 5, 2],
      ["c", path, 6, undefined],
      ["e", path, 11, 2],
    ]);
  });

  it("is thrown where the reading is strict, and to programs", async () => {
    const message = /record b: a stop "\*" in column 2 .*\(line 5\)/;
    await expect(fromStdin(text, { strict: true })).rejects.toMatchObject({ name: "FormatError", message });
    const path = file("strict.fasta", text);
    await expect(readProteins(path)).rejects.toMatchObject({ name: "FormatError", message });
  });

  it.each([
    ["DNA", "ACGT"],
    ["RNA", "ACGU"],
    ["DNA in lower case", "acgtn"],
  ])("is %s, by name, unless it is to be read as a protein", async (kind, letters) => {
    const record = `>gene\n${letters.repeat(20)}\n>p\nMKT\n`;
    const { proteins, refused } = await fromStdin(record);
    expect(proteins.map(({ id }) => id)).toEqual(["p"]);
    expect(refused.map(({ error }) => error.message)).toEqual([
      expect.stringContaining(`record gene: this looks like ${kind.slice(0, 3)}: translate it first`),
    ]);
    const allowed = await fromStdin(record, { allowNucleotides: true });
    expect(allowed.proteins.map(({ id }) => id)).toEqual(["gene", "p"]);
  });

  it.each([
    ["an empty file", "", /holds no sequence/],
    ["text without a header", "hello\n", /does not begin with a ">"/],
    ["a picture", "\x89PNG\r\n\x1a\n", /does not begin with a ">"/],
  ])("is not all that is wrong with %s", async (_, content, message) => {
    await expect(fromStdin(content)).rejects.toMatchObject({ name: "FormatError", message });
  });
});

describe("a word that is no protein", () => {
  it("is a bare sequence with a bad residue, or one that looks like DNA", async () => {
    await expect(resolve("MKTAYIAKQRQISFVKSHFSJ")).rejects.toThrow(/"J" in column 21/);
    await expect(resolve("MKTAYIAKQRQISFVKSHFSR9")).rejects.toThrow(/"9" in column 22/);
    await expect(resolve("ACGTTGCA".repeat(9))).rejects.toThrow(/looks like DNA/);
    const [protein] = (await resolveProteins(["ACGTTGCA".repeat(9)], {}, { allowNucleotides: true }))
      .proteins;
    expect(protein!.sequence).toHaveLength(72);
  });

  it("is named with what may have been meant", async () => {
    const refused = (word: string) => resolve(word).catch((error: Error) => error);
    expect(await refused("FBLL")).toMatchObject({
      kind: "notFound",
      message: expect.stringContaining("did you mean FBL?"),
    });
    expect(await refused("KRASS")).toMatchObject({ message: expect.stringContaining("did you mean KRAS?") });
    expect(await refused("missing.fasta.gz")).toMatchObject({
      kind: "notFound",
      message: "missing.fasta.gz: no such file",
    });
    expect(await refused("QQQQQQ")).toMatchObject({
      kind: "notFound",
      message: expect.stringContaining("examples are FBL"),
    });
    expect(((await refused("?".repeat(100_000))) as Error).message.length).toBeLessThan(400);
  });
});

describe("readExamples", () => {
  it("has a dozen proteins or more, each with gene, accession and residues", async () => {
    const examples = await readExamples();
    expect(examples.length).toBeGreaterThanOrEqual(12);
    for (const { record, names } of examples) {
      expect(names[1]).toMatch(/^[A-Z0-9]{6}$/);
      expect(record.description).toContain("expected:");
      expect(record.sequence.length).toBeGreaterThan(50);
    }
  });
});
