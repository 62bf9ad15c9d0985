import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseFasta, readCsv, writeCsv } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeCytoselfFiles } from "../../testing/cytoself-fixture.ts";
import { importCytoself } from "../import/import-cytoself.ts";
import { addSequences, missingFile } from "./add-sequences.ts";
import { ensemblSource, fastaSource, uniprotSource } from "./databases.ts";

// A server that answers as UniProt and Ensembl do, and breaks as servers do: each address fails in the ways that are listed
// before it answers.
type Break = "429" | "503" | "cut" | "no JSON" | "silence" | "reset";

let folder: string;
let set: string;
let server: Server;
let url: string;
let breaks: Break[];
let asked: string[];
let answers: (path: string) => unknown;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sequences-"));
  set = join(folder, "set");
  await writeCytoselfFiles(join(folder, "files"), { crops: 32, files: 1, side: 16, proteins: 4 });
  const request = { pixelSizeMicrons: 0.4126, source: "opencell", licence: "CC0", madeBy: "test", seed: 0 };
  await importCytoself({ folder: join(folder, "files"), output: set, ...request }, idle());
  [breaks, asked] = [[], []];
  answers = () => undefined;
  server = createServer(({ url: path = "" }, response) => {
    asked.push(decodeURIComponent(path));
    const way = breaks.shift();
    if (way === undefined) answer(response, answers(decodeURIComponent(path)));
    else fail(response, way);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const idle = () => ({ signal: new AbortController().signal });
const options = () => ({
  cacheFolder: join(folder, "cache"),
  retryDelayMs: 1,
  silenceMs: 400,
  uniprotUrl: url,
  ensemblUrl: url,
  ...idle(),
});

function answer(response: ServerResponse, value: unknown): void {
  response.writeHead(value === undefined ? 404 : 200, { "content-type": "application/json" });
  response.end(value === undefined ? "{}" : JSON.stringify(value));
}

function fail(response: ServerResponse, way: Break): void {
  if (way === "silence") return;
  if (way === "reset") return void response.destroy();
  if (way === "cut") {
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"results":[');
    return void setTimeout(() => response.destroy(), 5);
  }
  response.writeHead(way === "no JSON" ? 200 : Number(way), way === "429" ? { "retry-after": "0" } : {});
  response.end("<html>busy</html>");
}

const entry = (accession: string, gene: string, sequence: string, reviewed = true) => ({
  entryType: `UniProtKB ${reviewed ? "reviewed (Swiss-Prot)" : "unreviewed (TrEMBL)"}`,
  primaryAccession: accession,
  genes: [{ geneName: { value: gene } }],
  sequence: { value: sequence },
});

const rows = async () => readCsv(await readFile(join(set, "proteins.csv")));

describe("addSequences", () => {
  it("takes the reviewed entry of UniProt, then the canonical peptide of Ensembl, and lists what has neither", async () => {
    answers = (path) => {
      if (path.includes('gene_exact:"GENE0"'))
        return {
          results: [
            entry("A0A1", "GENE0", "MTREMBLTREMBL", false),
            entry("P00000", "GENE0", "MKK"),
            entry("P11111", "OTHER", "MOTHER"),
          ],
        };
      if (path.includes("/lookup/symbol/homo_sapiens/GENE1?"))
        return {
          Transcript: [
            { id: "T1", is_canonical: 0, Translation: { id: "ENSP1" } },
            { id: "T2", is_canonical: 1, Translation: { id: "ENSP2" } },
          ],
        };
      if (path.includes("/sequence/id/ENSP2?")) return { seq: "MEE*" };
      return path.startsWith("/uniprotkb/search") ? { results: [] } : undefined;
    };
    const report = await addSequences(set, [uniprotSource(options()), ensemblSource(options())], idle());
    expect(report).toMatchObject({ proteins: 4, known: 0, found: 2 });
    expect(report.missing).toEqual([
      { protein: "ENSG2", gene: "GENE2" },
      { protein: "ENSG3", gene: "GENE3" },
    ]);
    expect(
      (await rows()).map(({ sequence, sequence_from, uniprot }) => [sequence, sequence_from, uniprot]),
    ).toEqual([
      ["MKK", "UniProt P00000", "P00000"],
      ["MEE", "Ensembl ENSP2", ""],
      ["", "", ""],
      ["", "", ""],
    ]);
    expect(readCsv(await readFile(join(set, missingFile)))).toHaveLength(2);
    const before = asked.length;
    answers = () => {
      throw new Error("asked again");
    };
    expect(
      await addSequences(set, [uniprotSource(options()), ensemblSource(options())], idle()),
    ).toMatchObject({ known: 2, found: 0 });
    expect(asked).toHaveLength(before); // the cache knows, also what is not there
  });

  it.each<Break[]>([
    ["429"],
    ["503", "503", "503", "503"],
    ["cut"],
    ["no JSON"],
    ["silence"],
    ["reset", "cut", "429"],
  ])("asks again after %s", async (...ways) => {
    breaks = [...ways];
    answers = () => ({ results: [entry("P00000", "GENE0", "MKK")] });
    const source = uniprotSource(options());
    expect(await source({ gene: "GENE0", ensembl: "", uniprot: "" })).toMatchObject({ sequence: "MKK" });
    expect(asked).toHaveLength(ways.length + 1);
  });

  it("gives up after five failures in a row, and leaves the table as it was", async () => {
    breaks = Array.from({ length: 9 }, () => "503");
    const before = await rows();
    const work = addSequences(set, [uniprotSource(options())], idle());
    await expect(work).rejects.toThrow(/the server answers 503, 5 times in a row; try again later/);
    expect(await rows()).toEqual(before);
    expect(await readdir(set)).not.toContain(missingFile);
  });

  it("does not trust a kept answer that is damaged", async () => {
    answers = () => ({ results: [entry("P00000", "GENE0", "MKK")] });
    const protein = { gene: "GENE0", ensembl: "", uniprot: "" };
    await uniprotSource(options())(protein);
    for (const name of await readdir(join(folder, "cache")))
      await writeFile(join(folder, "cache", name), "{");
    expect(await uniprotSource(options())(protein)).toMatchObject({ sequence: "MKK" });
    expect(asked).toHaveLength(2);
  });

  it("asks by accession and by gene identifier where they are known", async () => {
    answers = (path) => {
      if (path === "/uniprotkb/P12345.json") return entry("P12345", "X", "MACC");
      if (path.startsWith("/lookup/id/ENSG00000105202?"))
        return { Transcript: [{ id: "T", is_canonical: 1, Translation: { id: "ENSP9" } }] };
      return path.startsWith("/sequence/id/ENSP9") ? { seq: "MENS" } : undefined;
    };
    const known = { gene: "FBL", ensembl: "ENSG00000105202", uniprot: "P12345" };
    expect(await uniprotSource(options())(known)).toMatchObject({ sequence: "MACC" });
    expect(await ensemblSource(options())(known)).toMatchObject({ sequence: "MENS" });
  });

  it("reads FASTA by accession, gene and identifier", async () => {
    const text =
      ">sp|P00001|NAME_HUMAN Protein GN=GENE0 PE=1\nMAA\n>ENSP1.2 pep gene:ENSG1.4 gene_symbol:ZZZ\nMCC*\n>GENE2\nMDD\n";
    const report = await addSequences(set, [fastaSource(parseFasta(text), "all.fasta")], idle());
    expect(report.missing).toEqual([{ protein: "ENSG3", gene: "GENE3" }]);
    expect((await rows()).map(({ sequence }) => sequence)).toEqual(["MAA", "MCC", "MDD", ""]);
    expect((await rows())[0]!.sequence_from).toBe("all.fasta sp|P00001|NAME_HUMAN");
  });

  it("keeps further columns and sequences that are there, unless all are asked for", async () => {
    const table = (await rows()).map((row) => ({ ...row, sequence: "MOLD", note: "own" }));
    await writeFile(join(set, "proteins.csv"), writeCsv(table, Object.keys(table[0]!)));
    const source = fastaSource(parseFasta(">GENE0\nMNEW\n"), "x");
    expect(await addSequences(set, [source], idle())).toMatchObject({ known: 4, found: 0, missing: [] });
    expect(await addSequences(set, [source], { ...idle(), isAll: true })).toMatchObject({ found: 1 });
    expect((await rows()).map(({ sequence, note }) => [sequence, note])).toEqual([
      ["MNEW", "own"],
      ...Array.from({ length: 3 }, () => ["MOLD", "own"]),
    ]);
  });

  it("ends when it is interrupted", async () => {
    const controller = new AbortController();
    breaks = ["silence"];
    const work = addSequences(
      set,
      [uniprotSource({ ...options(), silenceMs: 60_000, signal: controller.signal })],
      { signal: controller.signal },
    );
    setTimeout(() => controller.abort(), 20);
    await expect(work).rejects.toThrow(/abort/i);
  });
});
