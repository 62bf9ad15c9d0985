import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv, readPng } from "@proteoscope/formats";
import { randomModelFiles, tinyShape } from "@proteoscope/microscope/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorkplace, runWords, type Workplace } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 60_000 });

const known = "MKRPAATKKAGQAKKKKLDKMKTAYIAK";
const annotated = [{ name: "golgi_apparatus", grade: 3 }];
let place: Workplace;
beforeAll(() => {
  place = createWorkplace(randomModelFiles({ ...tinyShape, homolog: known, annotated }));
});
afterAll(() => place.remove());

const scan = (words: readonly string[]) =>
  runWords([
    "scan",
    known,
    "--window",
    "6",
    "--draws",
    "40",
    "--model",
    place.model,
    "--device",
    "cpu",
    ...words,
  ]);

describe("proteoscope scan", () => {
  it("writes a table, JSON and the strip, and leaves no part", async () => {
    const output = join(place.path, "scan");
    const { exitCode, stdout } = await scan(["-o", output]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^sequence {2}28 residues; delete, 6 windows of 6 every 5\n/);
    expect(stdout).toMatch(
      /known +golgi_apparatus \(.*grade 3\): the label of the wild type, which no prediction here uses\n/,
    );
    expect(stdout).toMatch(/null +40 draws \(20 in proteins of the same length, 20 in shuffles\)/);
    expect(stdout).toMatch(
      /smallest effect +[\d.]+ shows at p 0\.05; among 6, no single one can show with 40 draws\n/,
    );
    const names = ["csv", "json", "png", "svg"].map((ending) => `sequence_scan.${ending}`);
    expect(readdirSync(output).sort()).toEqual(names);
    const rows = readCsv(readFileSync(join(output, names[0]!), "utf8"));
    const { windows } = JSON.parse(readFileSync(join(output, names[1]!), "utf8"));
    expect(rows.map(({ first }) => Number(first))).toEqual([2, 7, 12, 17, 22, 23]);
    expect(Number(rows[2]!.effect)).toBeCloseTo(windows[2].effect, 3);
    expect(Object.keys(rows[0]!)).toContain("change_golgi_apparatus");
    expect(readPng(readFileSync(join(output, names[2]!))).width).toBe(916);
    expect(readFileSync(join(output, names[3]!), "utf8")).toMatch(/^<svg .*<\/svg>\n$/s);
  });

  it("prints one JSON document, and draws the features of a file", async () => {
    const output = join(place.path, "features");
    const features = place.file("features.tsv", "start\tend\tname\n2\t8\tNLS\n");
    const { exitCode, stdout } = await scan([
      "-o",
      output,
      "--json",
      "--features",
      features,
      "--mode",
      "alanine",
    ]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      mode: "alanine",
      null: { draws: 40 },
      protein: { residues: 28 },
    });
    expect(readFileSync(join(output, "sequence_scan.svg"), "utf8")).toContain("<title>NLS, 2-8</title>");
    expect(readFileSync(features, "utf8")).toContain("NLS");
  });

  it("finds an annotated protein of the model by its gene", async () => {
    const words = ["KNOWN", "--window", "6", "--draws", "40", "--model", place.model, "--device", "cpu"];
    const output = join(place.path, "gene");
    const { exitCode, stdout } = await runWords(["scan", ...words, "-o", output]);
    expect({ exitCode, first: stdout.split(" ", 1) }).toEqual({ exitCode: 0, first: ["KNOWN"] });
  });

  it("is the same for the same seed, whatever the folder", async () => {
    const [a, b] = [join(place.path, "a"), join(place.path, "b")];
    for (const output of [a, b]) await scan(["-o", output, "--mode", "shuffle"]);
    for (const name of readdirSync(a))
      expect(readFileSync(join(b, name))).toEqual(readFileSync(join(a, name)));
  });

  it("refuses what it cannot scan, and writes nothing", async () => {
    const output = join(place.path, "refused");
    const wide = await scan(["-o", output, "--window", "40"]);
    expect(wide).toMatchObject({ exitCode: 2 });
    expect(wide.stderr).toMatch(/a window of 40 residues does not fit into 27 residues \(--window\)\n$/);
    const two = place.file("two.fasta", `>a\n${known}\n>b\n${known}\n`);
    const many = await runWords(["scan", two, "--model", place.model, "-o", output]);
    expect(many).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("takes one protein") });
    const mode = await scan(["-o", output, "--mode", "deleted"]);
    expect(mode).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("did you mean delete?") });
    expect(existsSync(output) ? readdirSync(output) : []).toEqual([]);
  });

  it("refuses features beyond the protein and says whose it draws, before any work", async () => {
    const output = join(place.path, "of-others");
    const long = place.file("long.tsv", "start\tend\tname\n2\t500\tdomain\n");
    const beyond = await scan(["-o", output, "--features", long]);
    expect([beyond.exitCode, beyond.stderr]).toEqual([
      3,
      expect.stringMatching(/long\.tsv: domain at 2 to 500, but \S+ has 28 residues/),
    ]);
    const folder = await scan(["-o", output, "--features", place.path]);
    expect(folder.stderr).not.toMatch(/EISDIR|Error:/);
    expect(folder.exitCode).toBeGreaterThan(0);
    const asOutput = await scan(["-o", long, "--features", long]);
    expect([asOutput.exitCode, asOutput.stderr]).toEqual([2, expect.stringContaining("is an input of this")]);
    const gff = place.file("p53.gff", "##gff-version 3\nP04637\tx\tMotif\t2\t8\t.\t.\t.\tName=NLS\n");
    const other = await scan(["-o", output, "--features", gff]);
    expect([other.exitCode, other.stderr]).toEqual([
      0,
      expect.stringMatching(/the features of P04637 are drawn on/),
    ]);
  });

  it("has help with examples", async () => {
    const { stdout } = await runWords(["scan", "--help"]);
    expect(stdout).toMatch(/NOTES.*fragment.*EXAMPLES.*proteoscope scan LMNB1/s);
  });
});
