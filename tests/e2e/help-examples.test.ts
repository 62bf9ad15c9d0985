// The examples of the experiments' help, run as they stand in a folder that has the files they name.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";

const bin = join(repositoryRoot, "packages/proteoscope/bin/proteoscope.mjs");

let folder: string;
function proteoscope(...words: string[]) {
  const { DATABASE_URL, SLURM_ARRAY_TASK_ID, ...env } = process.env;
  return spawnSync(process.execPath, [bin, ...words], { cwd: folder, encoding: "utf8", env });
}

const fasta = [
  ...[">P1 one", "MSVLTPLLLRGLTGSARRLPVPRAKIHSLPPEGKLGIMELAVGLTSCFVTFLLPAGWILSHLETYRRPE"],
  ...[">P2 two", "MATKAVCVLKGDGPVQGIINFEQKESNGPVKVWGSIKGLTEGLHGFHVHEFGDNTAGCTSAGPHFNPLS"],
  ...[">P3 three", "MPKKKRKVMPKKKRKVGGSGGSMSKGEELFTGVVPILVELDGDVNGHKFSVSGEGEGDATYGKLTLKFI"],
].join("\n");

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-examples-"));
  writeFileSync(join(folder, "proteome.fasta"), fasta);
  writeFileSync(join(folder, "proteome.fasta.gz"), gzipSync(fasta));
  const features = "##gff-version 3\nLMNB1\tx\tSignal\t583\t586\t.\t.\t.\tID=CAAX\n";
  writeFileSync(join(folder, "P20700.gff"), features);
  const settings = ["--steps", "4", "--sampler", "dpm++", "--samples", "2"];
  for (const protein of ["FBL", "COX8A"]) {
    const { status, stderr } = proteoscope(
      "generate",
      protein,
      ...settings,
      "--format",
      "ome-tiff",
      "-o",
      "made",
    );
    if (status !== 0) throw new Error(stderr);
  }
  const image = (protein: string) => join(folder, `made/${protein}_synthetic.ome.tiff`);
  for (const name of ["cell.ome.tif", "real.ome.tif"]) copyFileSync(image("FBL"), join(folder, name));
  copyFileSync(image("COX8A"), join(folder, "generated.ome.tif"));
  mkdirSync(join(folder, "images"));
  for (const protein of ["FBL", "COX8A"])
    copyFileSync(image(protein), join(folder, `images/${protein}.ome.tif`));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the examples of the experiments", () => {
  it.each([
    ["mutate COX8A del:2-25 keep:1-25", "proteoscope-mutants"],
    ["screen proteome.fasta.gz -o screen --no-images", "screen/results.csv"],
    ["screen proteome.fasta -o screen --print slurm --shards 16", undefined],
    ["embed proteome.fasta -o means.parquet", "means.parquet"],
    ["compare real.ome.tif generated.ome.tif -o comparison", "comparison"],
    ["retrieve --build images/ -o index", "index"],
    ["retrieve cell.ome.tif --index index", undefined],
  ])(
    "proteoscope %s",
    (line, made) => {
      const { status, stdout, stderr } = proteoscope(...line.split(" "));
      expect([status, stderr]).toEqual([0, expect.any(String)]);
      if (made === undefined) expect(stdout.length).toBeGreaterThan(20);
      else expect(existsSync(join(folder, made))).toBe(true);
    },
    180_000,
  );
});
