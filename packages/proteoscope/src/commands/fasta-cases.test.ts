// FASTA files as people keep them, through the commands: each kind of oddity with variants of its own.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseFasta, readCsv } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorkplace, runWords, type Workplace } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 240_000 });

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../formats/src/fixtures/fasta/${name}`, import.meta.url));

async function localize(words: readonly string[], input: string | Uint8Array = "") {
  const result = await runWords(["localize", ...words, "--json", "--model", place.model], { input });
  const { proteins, refused } = JSON.parse(result.stdout);
  return { ...result, ids: proteins.map(({ id }: { id: string }) => id), refused };
}

/** Generates quickly; gives the provenance of every cell, and the names of all files. */
async function generate(name: string, ...words: string[]) {
  const output = join(place.path, `${name}-images`);
  const quick = ["--samples", "1", "--steps", "1", "--model", place.model, "-o", output];
  const result = await runWords(["generate", ...words, ...quick]);
  const files = readdirSync(output);
  const records = files.filter((file) => file.endsWith("_provenance.json"));
  const proteins = records.map((file) => JSON.parse(readFileSync(join(output, file), "utf8")).protein);
  return { ...result, files, proteins };
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("ids", () => {
  it.each<[string, () => string]>([
    ["ids.fasta", () => fixture("ids.fasta")],
    ["swap.fasta", () => fixture("swap.fasta")],
    ["swapped.fasta", () => place.file("swapped.fasta", ">TP53_R175H\nMKTW\n>TP53:R175H\nMKTL\n")],
    ["cases.fasta", () => place.file("cases.fasta", ">fbl\nMKTA\n>FBL\nMKTC\n>Fbl\nMKTD\n>FBL-2\nMKTE\n")],
    [
      "endings.fasta",
      () =>
        place.file(
          "endings.fasta",
          ">A\nMKTA\n>A_sample0\nMKTC\n>A_sample0_protein\nMKTD\n>A-sample0\nMKTE\n",
        ),
    ],
  ])("of %s stand whole in every provenance, each with its own sequence and files", async (name, path) => {
    const { exitCode, files, proteins } = await generate(name, path(), "--format", "png");
    expect(exitCode).toBe(0);
    const expected = parseFasta(readFileSync(path())).map(({ id, sequence }) => [id, sha256(sequence)]);
    const found = proteins.map(({ id, sha256 }) => [id, sha256]);
    expect(found.sort()).toEqual(expected.sort());
    // A composite, two channels, a sheet and the provenance of each, none in the place of another's.
    expect(files).toHaveLength(5 * expected.length);
    for (const file of files) expect(file).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}$/);
  });

  it("of ids.fasta stand whole in the table and in the JSON", async () => {
    const expected = parseFasta(readFileSync(fixture("ids.fasta"))).map(({ id }) => id);
    const output = join(place.path, "ids.csv");
    const { ids } = await localize([fixture("ids.fasta"), "-o", output]);
    expect(ids).toEqual(expected);
    expect(readCsv(readFileSync(output)).map(({ id }) => id)).toEqual(expected);
  });
});

describe("packed and wide files", () => {
  it.each([
    ["proteins.fasta.gz", ["sp|P1|A_HUMAN"]],
    ["utf16.fasta", ["A"]],
  ])("%s is read, from standard input as well", async (name, expected) => {
    for (const { exitCode, ids } of [
      await localize([fixture(name)]),
      await localize(["-"], readFileSync(fixture(name))),
    ])
      expect({ exitCode, ids }).toEqual({ exitCode: 0, ids: expected });
  });
});

describe("records that are no proteins", () => {
  it.each([
    ["ensembl.fasta", [10, 41], /a stop "\*" in column 41 is followed by more residues \(line 10\)/],
    ["zerowidth.fasta", [2, 51], /U\+200B ZERO WIDTH SPACE in column 51 is not a residue \(line 2\)/],
    ["dna.fasta", [2, null], /this looks like DNA: translate it first/],
    ["rna.fasta", [2, null], /this looks like RNA: translate it first/],
  ])("of %s are named, and the others answered", async (name, place, reason) => {
    const { exitCode, ids, refused, stderr } = await localize([fixture(name), "FBL"]);
    expect(exitCode).toBe(3);
    expect(ids).toEqual(name === "ensembl.fasta" ? ["ENSP1.1", "ENSP3.1", "FBL"] : ["FBL"]);
    expect(refused).toHaveLength(1);
    const { file, line, column } = refused[0];
    expect([file, line, column]).toEqual([fixture(name), ...place]);
    expect(refused[0].reason).toMatch(reason);
    expect(stderr).toMatch(reason);
    const own = stderr.split("\n").filter((line) => line.startsWith("proteoscope: "));
    expect(own).toHaveLength(2);
    if (/dna|rna/.test(name)) expect(own[0]).toMatch(/ \(--allow-nucleotides\)$/);
  });

  it("are read all the same where nucleotides are allowed", async () => {
    const { exitCode, ids, refused } = await localize([fixture("dna.fasta"), "--allow-nucleotides"]);
    expect({ exitCode, ids, refused }).toEqual({ exitCode: 0, ids: ["NM_001436.4"], refused: [] });
  });

  it("do not end a run of generate, and end it before anything is done where it is strict", async () => {
    const { exitCode, proteins, stderr } = await generate("ensembl", fixture("ensembl.fasta"));
    expect({ exitCode, ids: proteins.map(({ id }) => id) }).toEqual({
      exitCode: 3,
      ids: ["ENSP1.1", "ENSP3.1"],
    });
    expect(stderr).toMatch(/record ENSP2\.1: a stop .*\nproteoscope: 1 of 3 records refused\n$/);
    const words = ["generate", fixture("ensembl.fasta"), "--strict", "-o", join(place.path, "strict")];
    const strict = await runWords([...words, "--json", "--model", place.model]);
    expect(strict).toMatchObject({ exitCode: 3, stdout: "" });
    expect(readdirSync(place.path)).not.toContain("strict");
  });

  it("are listed in few lines, however many they are", async () => {
    const { stderr, refused } = await localize(["-"], ">p\nMJ\n".repeat(5000));
    expect(refused).toHaveLength(5000);
    expect(stderr.split("\n")).toHaveLength(52);
    expect(stderr).toMatch(/5000 of 5000 records refused, 4950 of them not listed here\n$/);
  });
});

describe("names that a terminal would obey", () => {
  it.each([
    ["an escape sequence", "\u001b[31mred"],
    ["a line end and a bell", "two\u000blines\u0007"],
    ["a bidirectional override", "\u202eoverride\u200b"],
  ])("are printed as escapes: %s", async (name, id) => {
    const path = place.file(`${id}.fasta`, `>${id}\nMKTAYIAK\n>${id}2\nMJ\n`);
    const { stdout, stderr } = await generate(name, path);
    expect(stdout).toContain(" files in ");
    for (const text of [stdout, stderr]) expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const missing = await runWords(["localize", `${path}.missing.fasta`]);
    expect(missing.stderr.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
