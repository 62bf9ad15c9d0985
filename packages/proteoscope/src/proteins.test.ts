// How words of the command line become proteins: files, standard input, examples, bare sequences, and mistakes.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readExamples, resolveProteins } from "./proteins.ts";

const noInput = async (): Promise<string> => {
  throw new Error("standard input was not asked for");
};

describe("resolveProteins", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "proteoscope-proteins-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const file = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };

  it("reads every record of a FASTA file and makes their names fit for files", async () => {
    const path = await file("two.fasta", ">sp|P1|A_HUMAN first\nMKT\n>../../etc/passwd\nMKV\n");
    expect(await resolveProteins([path], noInput)).toEqual([
      { id: "sp_P1_A_HUMAN", description: "first", sequence: "MKT", source: path },
      { id: "_.._etc_passwd", description: "", sequence: "MKV", source: path },
    ]);
  });

  it("reads standard input for -", async () => {
    const [protein] = await resolveProteins(["-"], async () => ">x\nMKT");
    expect(protein).toMatchObject({ id: "x", sequence: "MKT", source: "standard input" });
  });

  it("finds an example by gene and by accession, in any case", async () => {
    const [byGene] = await resolveProteins(["fbl"], noInput);
    const [byAccession] = await resolveProteins(["P22087"], noInput);
    expect(byGene).toEqual(byAccession);
    expect(byGene).toMatchObject({ id: "FBL", source: "example" });
    expect(byGene!.sequence).toHaveLength(321);
  });

  it("takes twenty residues or more for a sequence, in lower case and with a stop sign too", async () => {
    const [protein] = await resolveProteins(["mktayiakqrqisfvkshfs*"], noInput);
    expect(protein).toMatchObject({
      id: "sequence",
      sequence: "MKTAYIAKQRQISFVKSHFS",
      source: "command line",
    });
  });

  it("numbers proteins of the same name", async () => {
    const ids = (await resolveProteins(["FBL", "FBL", "NPM1"], noInput)).map(({ id }) => id);
    expect(ids).toEqual(["FBL", "FBL-2", "NPM1"]);
  });

  it("prefers a file to an example of its name", async () => {
    const path = await file("FBL", ">own\nMKT");
    expect(await resolveProteins([path], noInput)).toMatchObject([{ id: "own" }]);
  });

  it.each([
    [
      "an unknown residue, by line and column",
      ">x\nMKT\nMJT\n",
      /record x: "J" in column 2 is not a residue \(line 3\)/,
    ],
    ["an empty record", ">x\n>y\nMKT\n", /record x has no sequence \(line 1\)/],
    ["an empty file", "", /holds no sequence/],
    ["text without a header", "hello\n", /does not begin with a ">"/],
  ])("refuses %s", async (name, text, message) => {
    const path = await file(`${name.replaceAll(/\W/g, "-")}.fasta`, text);
    await expect(resolveProteins([path], noInput)).rejects.toMatchObject({ name: "FormatError", message });
  });

  it("refuses a bad residue in a bare sequence", async () => {
    const wrong = resolveProteins(["MKTAYIAKQRQISFVKSHFSJ"], noInput);
    await expect(wrong).rejects.toMatchObject({ name: "FormatError", message: /"J" in column 21/ });
  });

  it("says what was meant when nothing is found", async () => {
    await expect(resolveProteins(["FBLL"], noInput)).rejects.toMatchObject({
      exitCode: 4,
      message: /did you mean FBL\?/,
    });
    await expect(resolveProteins(["missing.fasta"], noInput)).rejects.toMatchObject({
      exitCode: 4,
      message: /no such file/,
    });
    await expect(resolveProteins(["QQQQQQ"], noInput)).rejects.toMatchObject({
      exitCode: 4,
      message: /examples are FBL/,
    });
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

describe("names of proteins", () => {
  it("stay apart where they differ in case alone or look like numbered ones", async () => {
    const text = ">fbl\nMKT\n>FBL\nMKT\n>a\nMKT\n>a-2\nMKT\n>a\nMKT\n";
    const ids = (await resolveProteins(["-"], async () => text)).map(({ id }) => id);
    expect(ids).toEqual(["fbl", "FBL-2", "a", "a-2", "a-3"]);
  });

  it("are not asked of a long word of letters with a mistake in it", async () => {
    const wrong = resolveProteins(["MKTAYIAKQRQISFVKSHFSR9"], noInput);
    await expect(wrong).rejects.toMatchObject({ name: "FormatError", message: /"9" in column 22/ });
  });
});
