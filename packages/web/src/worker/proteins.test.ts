import { readFileSync } from "node:fs";
import { loadHomologs } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { beforeAll, describe, expect, it } from "vitest";
import { exampleNames, findProtein, type NamedProteins, parseProteins, suggestProteins } from "./proteins.ts";

const root = new URL("../../../../", import.meta.url);
const examples = readFileSync(new URL("examples/proteins.fasta", root), "utf8");
const model = new URL("checkpoints/proteoscope-mini", root);
let named: NamedProteins;

beforeAll(() => {
  const loading = loadHomologs(openFolder(model.pathname));
  named = { examples, homologs: () => loading };
});

describe("a text", () => {
  it("is read as FASTA, also behind a record that is refused, whose place is named", async () => {
    const { proteins, refused } = await parseProteins(">a first\nMKT AYI\n>b\nMKT1AY\n>c\nMKTAYIAK\n", named);
    expect(proteins).toEqual([
      { id: "a", description: "first", sequence: "MKTAYI" },
      { id: "c", description: "", sequence: "MKTAYIAK" },
    ]);
    expect(refused).toEqual([expect.objectContaining({ id: "b", line: 4, column: 4 })]);
  });

  it("is read as a bare sequence, over lines and with spaces", async () => {
    const { proteins } = await parseProteins("mktayiakqr\nqisfvk shfsr\n", named);
    expect(proteins).toEqual([{ id: "sequence", description: "", sequence: "MKTAYIAKQRQISFVKSHFSR" }]);
  });

  it("is refused with line and column of what is no residue", async () => {
    const { proteins, refused } = await parseProteins("MKTAYIAKQRQISFVK\nSHFS!RQMKT", named);
    expect(proteins).toEqual([]);
    expect(refused).toEqual([expect.objectContaining({ line: 2, column: 5 })]);
  });

  it("is read as names, of which unknown ones are refused by name", async () => {
    const { proteins } = await parseProteins("FBL, cox8a", named);
    expect(proteins.map(({ id }) => id)).toEqual(["FBL", "COX8A"]);
    const some = await parseProteins("FBL NOSUCH", named);
    expect(some.proteins).toHaveLength(1);
    expect(some.refused).toEqual([expect.objectContaining({ id: "NOSUCH" })]);
    expect((await parseProteins("NOSUCH", named)).refused[0]!.reason).toContain(
      "no annotated protein is called",
    );
  });

  it("of nothing holds nothing", async () => {
    expect(await parseProteins(" \n", named)).toEqual({ proteins: [], refused: [] });
  });
});

describe("proteins by name", () => {
  it("are examples first, then annotated ones by symbol or accession", async () => {
    expect(await findProtein("fbl", named)).toMatchObject({ id: "FBL", description: "P22087, human" });
    const [bySymbol, byAccession] = [await findProtein("AATF", named), await findProtein("Q9NY61", named)];
    expect(bySymbol.id).toBe("AATF");
    expect(byAccession).toEqual(bySymbol);
    await expect(findProtein("NOSUCH", named)).rejects.toMatchObject({ kind: "notFound", field: "name" });
  });

  it("are suggested by their beginning, human ones first, each once", async () => {
    const names = suggestProteins("fb", await named.homologs(), 5);
    expect(names.length).toBeGreaterThan(1);
    expect(names.every(({ symbol, accession }) => /^FB/.test(symbol) || /^FB/.test(accession))).toBe(true);
    expect(names[0]!.organism).toBe("human");
    expect(new Set(names.map(({ symbol, organism }) => symbol + organism)).size).toBe(names.length);
    expect(suggestProteins("", await named.homologs())).toEqual([]);
  });

  it("of the examples have their expected compartments", () => {
    expect(exampleNames(examples)[0]).toEqual({
      ...{ symbol: "FBL", accession: "P22087", organism: "human", compartments: ["nucleolus"] },
    });
  });
});
