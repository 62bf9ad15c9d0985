import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCsv, readPng, readTiff } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";

// The product as users run it: the shipped model, a process of its own.
const bin = join(repositoryRoot, "packages/proteoscope/bin/proteoscope.mjs");
const isShipped = existsSync(join(repositoryRoot, "checkpoints/proteoscope-mini/model_index.json"));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-generate-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function proteoscope(...words: string[]) {
  return spawnSync(process.execPath, [bin, ...words], { cwd: folder, encoding: "utf8" });
}

describe.skipIf(!isShipped)("the shipped model, proteoscope-mini,", () => {
  const generate = (output: string) =>
    proteoscope(
      "generate",
      "FBL",
      "--samples",
      "1",
      "--steps",
      "15",
      "--sampler",
      "dpm++",
      "-o",
      output,
      "--json",
    );

  it("draws an example: the documented files, the same in two runs", () => {
    const { status, stdout } = generate("first");
    expect(status).toBe(0);
    const { output, proteins } = JSON.parse(stdout);
    expect(output).toBe("first");
    expect(proteins).toHaveLength(1);
    const names = readdirSync(join(folder, "first")).sort();
    expect(names).toEqual([
      "FBL_provenance.json",
      "FBL_sample0_nucleus_synthetic.png",
      "FBL_sample0_protein_synthetic.png",
      "FBL_sample0_synthetic.png",
      "FBL_synthetic.ome.tiff",
      "FBL_synthetic.png",
    ]);
    expect(proteins[0].files.toSorted()).toEqual(names);

    const read = (name: string) => readFileSync(join(folder, "first", name));
    const provenance = JSON.parse(read("FBL_provenance.json").toString());
    expect(provenance).toEqual(proteins[0].provenance);
    expect(provenance).toMatchObject({
      synthetic: true,
      model: { name: "proteoscope-mini" },
      settings: { samples: 1, steps: 15, sampler: "dpm++", seed: 0 },
      agreement: { value: null },
    });
    for (const sha256 of Object.values(provenance.model.sha256)) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    const protein = readPng(read("FBL_sample0_protein_synthetic.png"));
    expect(protein).toMatchObject({ width: 100, height: 100, channels: 1, depth: 16 });
    expect(new Set(protein.data).size).toBeGreaterThan(100);
    const { planes, pixelSizeMicrons } = readTiff(read("FBL_synthetic.ome.tiff"));
    expect(planes.shape).toEqual([3, 100, 100]);
    expect(pixelSizeMicrons).toBeCloseTo(0.4126, 4);

    expect(generate("second").status).toBe(0);
    for (const name of names)
      expect(readFileSync(join(folder, "second", name)).equals(read(name)), name).toBe(true);
  });

  it("localizes an example as CSV, with a probability for each compartment", () => {
    const { status, stdout } = proteoscope("localize", "FBL");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^id,residues,shown,omitted,known,near,compartment,balanced_compartment,note,/);
    const [row, ...rest] = readCsv(stdout);
    expect(rest).toEqual([]);
    expect(row).toMatchObject({ id: "FBL", residues: "321", near: "" });
    expect(row!.known).toMatch(/^nucleolus \(OpenCell, grade 3\)/);
    const probabilities = Object.values(row!).slice(9).map(Number);
    expect(probabilities).toHaveLength(13);
    for (const p of probabilities) expect(p >= 0 && p < 1).toBe(true);
  });
});
