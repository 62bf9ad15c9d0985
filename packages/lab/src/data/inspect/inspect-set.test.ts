import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPng } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeCytoselfFiles } from "../../testing/cytoself-fixture.ts";
import { updateDescription } from "../dataset/description.ts";
import { importCytoself } from "../import/import-cytoself.ts";
import { drawHistograms, histogramOf } from "./histogram.ts";
import { inspectDataSet } from "./inspect-set.ts";

let folder: string;
const idle = { signal: new AbortController().signal };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "inspect-"));
  await writeCytoselfFiles(join(folder, "files"), {
    crops: 120,
    files: 1,
    side: 20,
    proteins: 3,
    cropsPerField: 4,
  });
  const request = {
    pixelSizeMicrons: 0.4126,
    source: "opencell",
    licence: "CC0 <b>",
    madeBy: "test",
    seed: 0,
  };
  await importCytoself({ folder: join(folder, "files"), output: join(folder, "set"), ...request }, idle);
});
afterAll(() => rm(folder, { recursive: true }));

describe("inspectDataSet", () => {
  it("counts crops, fields and proteins by what is known of them", async () => {
    const { counts, histograms } = await inspectDataSet(join(folder, "set"), { seed: 0, ...idle });
    expect(counts).toMatchObject({
      ...{ crops: 120, fields: 30, proteinsWithImages: 3, proteinsWithSequence: 0, excluded: 0, side: 20 },
      ...{ cropsByCompartment: { nucleoplasm: 80, cytoplasm: 40 }, cropsBySource: { opencell: 120 } },
      cropsByCellLine: { "not said": 120 },
    });
    expect(Object.values(counts.cropsBySplit).reduce((sum, count) => sum + count, 0)).toBe(120);
    const fields = histograms.find(({ name }) => name === "crops per field")!;
    expect(fields).toMatchObject({ low: 4, high: 4 });
    const area = histograms.find(({ name }) => name === "nuclear area")!;
    expect(area.low).toBeGreaterThan(30 * 0.4126 ** 2);
    expect(area.counts.reduce((sum, count) => sum + count, 0)).toBe(120);
  });

  it("draws a sheet with a row per compartment, and a page that holds all", async () => {
    const set = join(folder, "set");
    const { files } = await inspectDataSet(set, { seed: 0, ...idle });
    expect([...files.keys()].sort()).toEqual([
      "contact-sheet.png",
      "counts.json",
      "histograms.png",
      "inspect.html",
    ]);
    const sheet = readPng(files.get("contact-sheet.png") as Uint8Array);
    expect(sheet.height).toBeGreaterThan(2 * 20);
    expect(sheet.height).toBeLessThan(3 * 40);
    const page = files.get("inspect.html") as string;
    expect(page).toMatch(/<svg/);
    expect(page).toMatch(/src="data:image\/png;base64,/);
    expect(page).toContain("CC0 &lt;b&gt;");
    expect(page).not.toContain("<b>");
    expect((await inspectDataSet(set, { seed: 0, ...idle })).files).toEqual(files);
    expect((await inspectDataSet(set, { seed: 1, ...idle })).files.get("contact-sheet.png")).not.toEqual(
      files.get("contact-sheet.png"),
    );
  });

  it("refuses a set without a split, and ends when it is interrupted", async () => {
    const stopped = inspectDataSet(join(folder, "set"), { seed: 0, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(/abort/i);
    await updateDescription(join(folder, "set"), (before) => ({ ...before, split: "none" }));
    await expect(inspectDataSet(join(folder, "set"), { seed: 0, ...idle })).rejects.toThrow(
      /lacks the column none/,
    );
  });
});

describe("a histogram", () => {
  it("counts every value once, of one value and of none as well", () => {
    const { counts, low, high } = histogramOf("x", [0, 1, 2, 2, 24], "um");
    expect([low, high, counts[0], counts[1], counts[2], counts.at(-1)]).toEqual([0, 24, 1, 1, 2, 1]);
    expect(histogramOf("x", [5, 5], "").counts.reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(histogramOf("x", [], "").counts).toEqual([]);
    const { boxes, texts } = drawHistograms([histogramOf("x", [1, 2], "um"), histogramOf("y", [], "um")]);
    expect(boxes).toHaveLength(2);
    expect(texts.map(({ text }) => text)).toEqual(["x (1)", "1 to 2 um", "y (1)", "no values"]);
  });
});
