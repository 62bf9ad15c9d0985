import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readCsv, readPng, writeOmeTiff } from "@proteoscope/formats";
import { readIndexPart } from "@proteoscope/microscope/experiments";
import { randomModelFiles } from "@proteoscope/microscope/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorkplace, fieldOfNuclei, runWords, type Workplace } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 240_000 });

const bin = fileURLToPath(new URL("../../bin/proteoscope.mjs", import.meta.url));
const imageCount = 150;

let place: Workplace;
let images: string;
let index: string;
const retrieve = (...words: readonly string[]) => runWords(["retrieve", ...words, "--model", place.model]);

/** Two cells whose protein is a pattern of a frequency of its own, in the nuclei (even) or outside (odd). */
function imageOf(number: number): Uint8Array {
  const nuclei = (fieldOfNuclei().data as Uint16Array).map((value) => value * 20);
  const protein = nuclei.map((value, pixel) => {
    const isInside = value > 20_000;
    const wave = 0.5 + 0.5 * Math.sin(((pixel % 200) * (1 + (number % 10))) / 8);
    return isInside === (number % 2 === 0) ? Math.round(60_000 * wave) : 500 + number;
  });
  return writeOmeTiff({
    data: { dtype: "uint16", shape: [2, 160, 200], data: Uint16Array.from([...protein, ...nuclei]) },
    ...{ channelNames: ["protein", "DAPI"], pixelSizeMicrons: 0.5 },
  });
}

beforeAll(async () => {
  place = createWorkplace();
  for (let i = 0; i < imageCount; i++) place.file(`images/P${i % 10}_${i}.ome.tif`, imageOf(i));
  images = join(place.path, "images");
  index = join(place.path, "index");
  const { exitCode, stdout } = await retrieve("--build", images, "-o", index);
  expect(exitCode).toBe(0);
  expect(stdout).toBe(`150 items of 10 proteins in ${index}, 150 of them new\n`);
}, 240_000);
afterAll(() => place.remove());

const itemsOf = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.startsWith("part-"))
    .sort()
    .flatMap((name) => readIndexPart(readFileSync(join(folder, name))));

describe("retrieve", () => {
  it("finds the protein of an image among those of an index, with its rank beside chance", async () => {
    const output = join(place.path, "answers");
    const words = [join(images, "P3_13.ome.tif"), "--index", index, "--expected", "P3", "-o", output];
    const { exitCode, stdout } = await retrieve(...words);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^proteins by similarity to P3_13:\n +1 +[01]\.\d{3} {2}P3 \(15 items\)$/m);
    expect(stdout).toMatch(/^P3: rank 1 of 10; a random order gives 5\.5 on average$/m);
    expect(stdout).toMatch(
      /^this index finds its own proteins \(150 images.*recall @1 \d\.\d\d \(chance 0\.10\)/m,
    );
    const rows = readCsv(readFileSync(join(output, "ranks.csv")));
    expect(rows).toHaveLength(10);
    expect(rows[0]).toMatchObject({ rank: "1", name: "P3", nearest: "P3_13" });
    expect(readPng(readFileSync(join(output, "contact-sheet.png"))).width).toBeGreaterThan(500);
  });

  it("finds the images that look like what the model draws of a protein", async () => {
    const { exitCode, stdout } = await retrieve(
      "FBL",
      "--index",
      index,
      "--steps",
      "2",
      "--json",
      "--top",
      "3",
    );
    expect(exitCode).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ query: "drawn FBL", kind: "drawn", answers: "images", count: 150 });
    expect(document.ranking).toHaveLength(3);
    expect(document.expected).toMatchObject({ protein: "FBL", rank: null, rightAnswers: 0 });
    expect(document.chance.queries).toBe(150);
  });

  it("indexes proteins by what the model draws of them", async () => {
    const fasta = place.file("two.fasta", ">A GN=AAA\nMKTAYIAKQRQISFVK\n>B\nWWWWGGGGPPPPDDDD\n");
    const drawn = join(place.path, "drawn");
    const built = await retrieve("--build", fasta, "-o", drawn, "--steps", "2", "--cells", "2", "--json");
    expect(JSON.parse(built.stdout)).toMatchObject({ items: 2, made: 2, proteins: 2, refused: [] });
    expect(itemsOf(drawn)).toMatchObject([
      { id: "drawn A", kind: "drawn", protein: "AAA", isSynthetic: true, cells: 2 },
      { id: "drawn B", protein: "B" },
    ]);
    const image = join(images, "P0_0.ome.tif");
    const found = JSON.parse((await retrieve(image, "--index", drawn, "--json")).stdout);
    expect(found.ranking.map(({ name }: { name: string }) => name).sort()).toEqual(["AAA", "B"]);
    const other = await retrieve("--build", fasta, "-o", drawn, "--steps", "3", "--cells", "2");
    expect(other).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("with --steps 2, not 3") });
  });

  it.skipIf(process.platform === "win32")(
    "goes on after twenty kills, and ends with the items of a run that nothing disturbs",
    async () => {
      const output = join(place.path, "killed");
      const words = [bin, "retrieve", "--build", images, "-o", output, "--model", place.model];
      const partsIn = (folder: string) =>
        existsSync(folder)
          ? readdirSync(folder).filter((name) => /^part-\d+\.safetensors$/.test(name)).length
          : 0;
      for (let kill = 0; kill < 20; kill++) {
        const child = spawn(process.execPath, words, { stdio: "ignore" });
        const exit = once(child, "close");
        // Two of the kills fall behind a finished part, the others at any time of the start and of the work.
        if (kill % 10 === 9) {
          const before = partsIn(output);
          while (partsIn(output) === before && child.exitCode === null) await wait(5);
        } else await wait(100 * kill);
        child.kill("SIGKILL");
        await exit;
      }
      expect(itemsOf(output).length).toBeGreaterThan(0);
      const { exitCode } = await retrieve("--build", images, "-o", output);
      expect(exitCode).toBe(0);
      expect(itemsOf(output)).toEqual(itemsOf(index));
      const again = await retrieve("--build", images, "-o", output);
      expect(again.stdout).toContain("150 items of 10 proteins");
      expect(again.stdout).toContain(", 0 of them new");
    },
  );

  it("names images that cannot be read and indexes the rest", async () => {
    place.file("few/A_1.ome.tif", imageOf(1));
    place.file("few/B_1.ome.tif", "no picture");
    const { exitCode, stderr } = await retrieve(
      "--build",
      join(place.path, "few"),
      "-o",
      join(place.path, "few-index"),
    );
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^proteoscope: B_1: .*B_1\.ome\.tif/);
    expect(itemsOf(join(place.path, "few-index")).map(({ id }) => id)).toEqual(["A_1"]);
  });

  it("refuses an index of another model's classifier, no index, and words that do not fit", async () => {
    const other = createWorkplace(randomModelFiles(undefined, 2));
    const image = join(images, "P0_0.ome.tif");
    const foreign = await runWords(["retrieve", image, "--index", index, "--model", other.model]);
    expect(foreign).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("another model's classifier"),
    });
    other.remove();
    expect(await retrieve(image, "--index", images)).toMatchObject({ exitCode: 4 });
    expect(await retrieve(images, "--index", index)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("holds several images"),
    });
    expect(await retrieve(image)).toMatchObject({ exitCode: 2 });
    expect(await retrieve("--build", images)).toMatchObject({ exitCode: 2 });
  });

  it("has help with examples", async () => {
    const { exitCode, stdout } = await runWords(["retrieve", "--help"]);
    expect(exitCode).toBe(0);
    for (const word of ["--build", "--expected", "proteoscope retrieve cell.ome.tif"])
      expect(stdout).toContain(word);
  });
});
