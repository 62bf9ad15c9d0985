// Folders of images through the command: whole fields with nuclei, real beside generated, paired by name; and the crops of an atlas.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv, writeOmeTiff, writePng } from "@proteoscope/formats";
import type { Metrics } from "@proteoscope/lab";
import { judgedModelFiles, writeJudgedAtlas } from "@proteoscope/lab/testing/judged-model";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorkplace, fieldOfNuclei, runWords, type Workplace } from "../../testing/model-folder.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

/** Protein and nuclei of 80 x 100 um; the protein is the nuclei, shifted to the right. */
function fieldOf(shift: number): Uint8Array {
  const scaled = (fieldOfNuclei().data as Uint16Array).map((value) => value * 20);
  const protein = scaled.map((_, pixel) => scaled[Math.max(0, pixel - shift)]!);
  return writeOmeTiff({
    data: { dtype: "uint16", shape: [2, 160, 200], data: Uint16Array.from([...protein, ...scaled]) },
    ...{ channelNames: ["protein", "DAPI"], pixelSizeMicrons: 0.5 },
  });
}

describe("evaluate on folders of images", () => {
  it("measures the cells of fields, in pairs where names are equal, by what a table says of them", async () => {
    for (const index of [0, 1, 2, 3, 4]) {
      place.file(`real/f${index}.ome.tif`, fieldOf(0));
      place.file(`made/f${index}.ome.tif`, fieldOf(2 + index));
    }
    place.file("made/broken.png", "no picture");
    for (const side of ["real", "made"])
      place.file(
        `${side}/images.csv`,
        `name,protein,compartment\n${[0, 1, 2, 3, 4].map((i) => `f${i},P${i},nucleoplasm`).join("\n")}\n`,
      );
    const output = join(place.path, "report");
    const words = [
      join(place.path, "made"),
      "--data",
      join(place.path, "real"),
      "-o",
      output,
      "--judge",
      "features",
    ];
    const { exitCode, stderr, stdout } = await runWords(["evaluate", ...words, "--json"]);
    expect(exitCode).toBe(3); // one picture is broken
    expect(stderr).toMatch(/proteoscope: broken: /);
    const { suite, images, localization } = JSON.parse(stdout) as Metrics;
    expect([images, localization]).toEqual([null, null]);
    const psnr = suite!.figures.find(
      ({ measure, subject }) => measure === "psnr" && subject === "generated",
    )!;
    expect(psnr).toMatchObject({ set: "all", n: 5, images: 10 });
    expect(suite!.figures.some(({ subject }) => subject === "another protein")).toBe(true);
    const rows = readCsv(readFileSync(join(output, "tables/images.csv")));
    expect(rows.filter(({ subject }) => subject === "generated")).toHaveLength(10);
    expect(rows[0]).toMatchObject({ compartment: "nucleoplasm", protein: "P0" });
    expect(existsSync(join(output, "report.html"))).toBe(true);
  });

  it("refuses pictures without nuclei, by name, and a folder without pictures", async () => {
    const flat = writePng({
      width: 60,
      height: 60,
      channels: 1,
      depth: 8,
      data: new Uint8Array(3600).fill(9),
    });
    place.file("flat/a.png", flat);
    place.file("other/f0.ome.tif", fieldOf(0));
    const words = [
      "--data",
      join(place.path, "other"),
      "-o",
      join(place.path, "none"),
      "--judge",
      "features",
    ];
    const { exitCode, stderr } = await runWords(["evaluate", join(place.path, "flat"), ...words]);
    expect(stderr).toMatch(
      /a: no cell was found.*--nucleus-channel[\s\S]*holds no image that can be measured/,
    );
    expect(exitCode).toBe(3);
    place.file("empty/notes.txt", "x");
    const empty = await runWords(["evaluate", join(place.path, "empty"), ...words]);
    expect(empty).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/holds no TIFF, PNG/) });
    expect(existsSync(join(place.path, "none"))).toBe(false);
  });

  it("reads atlas folders as they are, crop by crop, and judges by a run of `train classifier`", async () => {
    const atlas = await writeJudgedAtlas();
    const run = join(place.path, "judge");
    place.file("judge/config.yaml", "trainer: classifier\natlas: atlas\n");
    for (const [name, bytes] of judgedModelFiles())
      if (name.startsWith("classifier/")) place.file(`judge/model/${name}`, bytes);
    try {
      const output = join(place.path, "of-atlas");
      const words = [
        "evaluate",
        atlas.path,
        "--data",
        atlas.path,
        "-o",
        output,
        "--judge",
        `features,${run}`,
        "--json",
      ];
      const { stdout } = await runWords(words);
      const { suite } = JSON.parse(stdout) as Metrics;
      expect(suite!.judges.map(({ name, trained_on }) => [name, trained_on])).toEqual([
        ["features", "nothing"],
        ["judge", "real cells of this data set"],
      ]);
      const ssim = suite!.figures.find(
        ({ measure, subject }) => measure === "ssim" && subject === "generated",
      )!;
      expect(ssim).toMatchObject({ value: 1, images: 24 });
    } finally {
      await atlas.remove();
    }
  });
});
