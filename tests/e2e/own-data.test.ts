// Every line of docs/own-data.md, as a reader runs it, with fewer steps: from files in cytoself's format, and from a folder of
// TIFFs, to a picture drawn by a network that was trained on them.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPng, writeCsv, writeOmeTiff } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeCytoselfFiles } from "../../packages/lab/src/testing/cytoself-fixture.ts";
import { drawField, stackOf } from "../../packages/lab/src/testing/field-fixture.ts";
import { repositoryRoot } from "../architecture/repository.ts";
import { proteoscope } from "../recorded/command.ts";

const page = readFileSync(join(repositoryRoot, "docs/own-data.md"), "utf8");
const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block!.trim().split("\n"));

const fewSteps = ["train.steps=2", "train.validate_every=2", "train.log_every=1", "train.warmup_steps=1"];

/** The words of a line, for less work. */
function shortened(line: string): string[] {
  const words = line.split(/\s+/).slice(2);
  if (words[0] === "train")
    return [...words, "--config", "proteome", ...fewSteps, "data.batch_size=4", "data.validation_count=4"];
  return words[0] === "generate" ? [...words, "--steps", "2", "--samples", "1"] : words;
}

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "own-data-"));
  await writeCytoselfFiles(join(folder, "cytoself"), {
    crops: 240,
    files: 2,
    proteins: 12,
    cropsPerField: 4,
  });
  writeFileSync(join(folder, "sequences.fasta"), readFileSync(join(folder, "cytoself/sequences.fasta")));
  mkdirSync(join(folder, "fields"));
  const rows = Array.from({ length: 24 }, (_, at) => {
    const [isNuclear, file] = [at % 2 === 0, `fields/${"ABCDEF"[at % 6]}${1 + Math.floor(at / 6)}.ome.tif`];
    const data = stackOf(drawField(at, 0.4126, isNuclear));
    writeFileSync(
      join(folder, file),
      writeOmeTiff({ data, channelNames: ["DAPI", "GFP"], pixelSizeMicrons: 0.4126 }),
    );
    const compartments = isNuclear ? "nucleoplasm" : "cytosol";
    return { field: `plate1_${at}`, file, gene: `GENE${at % 12}`, compartments, cell_line: "U-2 OS" };
  });
  writeFileSync(join(folder, "fields.csv"), writeCsv(rows, Object.keys(rows[0]!)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The richest of the pictures: two steps of training may leave the protein alone black. */
function expectPicture(made: string): void {
  const names = readdirSync(join(folder, made), { recursive: true }).map(String);
  const pictures = names.filter((name) => name.endsWith(".png"));
  const values = pictures.map((name) => new Set(readPng(readFileSync(join(folder, made, name))).data).size);
  expect(Math.max(...values)).toBeGreaterThan(8);
}

describe("the guide to own data", () => {
  it("leads to a picture in six commands, twice", () => {
    expect(blocks.map(({ length }) => length)).toEqual([6, 6, 2]);
    for (const block of blocks.slice(0, 2)) {
      expect(block[0]).toMatch(/ data import-/);
      expect(block[5]).toMatch(/ generate .* --model runs\//);
    }
  });

  it.each(blocks.flat())("%s", (line) => {
    proteoscope(folder, ...shortened(line));
  });

  it("ends in pictures, and in a page", () => {
    for (const made of ["images", "own-images"]) expectPicture(made);
    expect(readFileSync(join(folder, "own-report/inspect.html"), "utf8")).toMatch(/<h2>Contact sheet<\/h2>/);
  });
});
