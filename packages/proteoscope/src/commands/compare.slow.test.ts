import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv, readPng, writeOmeTiff, writePng } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorkplace, fieldOfNuclei, npyOf, runWords, type Workplace } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 240_000 });

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

const compare = (...words: readonly string[]) => runWords(["compare", ...words, "--model", place.model]);

/** Protein and nuclei of 80 x 100 um; the protein is the nuclei, shifted to the right. */
function imageOf(shift: number): Uint8Array {
  const nuclei = fieldOfNuclei().data as Uint16Array;
  const scaled = nuclei.map((value) => value * 20);
  const protein = scaled.map((_, pixel) => scaled[Math.max(0, pixel - shift)]!);
  return writeOmeTiff({
    data: { dtype: "uint16", shape: [2, 160, 200], data: Uint16Array.from([...protein, ...scaled]) },
    ...{ channelNames: ["protein", "DAPI"], pixelSizeMicrons: 0.5 },
  });
}

describe("compare", () => {
  it("compares two images by every figure, with a card, a table and JSON", async () => {
    const [a, b] = [place.file("a.ome.tif", imageOf(0)), place.file("b.ome.tif", imageOf(20))];
    const output = join(place.path, "two");
    const { exitCode, stdout, stderr } = await compare(a, b, "-o", output);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^1 pair\n {2}ssim/);
    expect(stdout).toContain(`card.png, metrics.csv and metrics.json in ${output}`);
    const [row] = readCsv(readFileSync(join(output, "metrics.csv")));
    expect(row).toMatchObject({ name: "a", cells_a: "2", cells_b: "2" });
    expect(Number(row!.nuclear_proportion_a)).toBeGreaterThan(Number(row!.nuclear_proportion_b));
    expect(Number(row!.pearson)).toBeLessThan(0.7);
    const { summary, pairs } = JSON.parse(readFileSync(join(output, "metrics.json"), "utf8"));
    expect(summary.figures.ssim.mean).toBeCloseTo(Number(row!.ssim), 5);
    expect(Object.keys(pairs[0].a.compartments)).toEqual(["nucleus", "cytosol", "other"]);
    expect(pairs[0].spectrumRatio).toHaveLength(16);
    expect(readPng(readFileSync(join(output, "card.png"))).width).toBeGreaterThan(900);
  });

  it("pairs folders by name, names what is broken or alone, and compares the rest", async () => {
    for (const [name, shift] of [
      ["x", 0],
      ["y", 10],
      ["bad", 0],
    ] as const) {
      place.file(`left/${name}.ome.tif`, imageOf(shift));
      place.file(`right/${name}.ome.tif`, name === "bad" ? "no picture at all" : imageOf(shift));
    }
    place.file(
      "left/alone.png",
      writePng({ width: 2, height: 1, channels: 1, depth: 8, data: Uint8Array.of(1, 2) }),
    );
    const output = join(place.path, "folders");
    const words = [join(place.path, "left"), join(place.path, "right"), "-o", output];
    const { exitCode, stdout, stderr } = await compare(...words, "--json");
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^proteoscope: bad: .*bad\.ome\.tif/);
    const document = JSON.parse(stdout);
    expect(document.pairs.map(({ name }: { name: string }) => name)).toEqual(["x", "y"]);
    expect(document).toMatchObject({ refused: [{ name: "bad" }], onlyInA: ["alone"], onlyInB: [] });
    expect(document.summary.figures.ssim).toMatchObject({ mean: 1, standardDeviation: 0, n: 2 });
  });

  it("pairs two runs of generate by protein and sample", async () => {
    const runs = ["run1", "run2"].map((name) => join(place.path, name));
    for (const [index, output] of runs.entries())
      await runWords([
        ...["generate", "FBL", "NPM1", "--samples", "2", "--steps", "2", "--model", place.model],
        ...["--seed", String(index), "-o", output],
      ]);
    const output = join(place.path, "runs");
    const { exitCode, stdout } = await compare(...runs, "-o", output, "--json");
    expect(exitCode).toBe(0);
    const { pairs } = JSON.parse(stdout);
    expect(pairs.map(({ name }: { name: string }) => name)).toEqual(["FBL#0", "FBL#1", "NPM1#0", "NPM1#1"]);
    for (const { a, pixels } of pairs) {
      expect(a.cells).toBe(1);
      expect(pixels.ssim).toBeLessThan(1);
    }
  });

  it.each<[string, () => string[], number, RegExp]>([
    [
      "a path that is not there",
      () => [join(place.path, "none.tif"), place.file("a.ome.tif", imageOf(0))],
      4,
      /no such file/,
    ],
    ["a folder and an image", () => [place.model, place.file("a.ome.tif", imageOf(0))], 3, /holds no TIFF/],
    [
      "channels that nothing names",
      () => {
        const data = { dtype: "uint8", shape: [2, 20, 20], data: new Uint8Array(800) } as const;
        const image = place.file("unnamed.npy", npyOf(data));
        return [image, image];
      },
      3,
      /say which channel \(--protein-channel\)/,
    ],
  ])("refuses %s, and writes nothing", async (_, words, code, message) => {
    const output = join(place.path, "refused");
    const { exitCode, stderr } = await compare(...words(), "-o", output);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(code);
    expect(existsSync(output)).toBe(false);
    expect(readdirSync(place.path).some((name) => name.startsWith("."))).toBe(false);
  });

  it("has help with examples", async () => {
    const { exitCode, stdout } = await runWords(["compare", "--help"]);
    expect(exitCode).toBe(0);
    for (const word of ["--protein-channel", "SSIM", "proteoscope compare real.ome.tif"])
      expect(stdout).toContain(word);
  });
});
