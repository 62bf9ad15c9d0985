import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGenerator } from "@proteoscope/engine";
import { readCsv, writeCsv } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clearDifferences, compareReports } from "./compare-reports.ts";
import { metricsVersion, type SuiteResults } from "./suite/results.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reports-"));
});
afterAll(() => rm(folder, { recursive: true }));

const curve = (shares: number[]): SuiteResults["top_k"][number] => ({
  ...{ by: "features", method: "nearest protein mean of real images", subject: "generated", set: "unseen" },
  ...{ images: 9, proteins: 3, gallery: 4, shares, chance: [0.25, 0.5] },
});
const suiteOf = (shares: number[]): SuiteResults => ({
  ...{ spaces: [], judges: [], agreement: [], figures: [], paired_distance: [], revealing: [], profiles: [] },
  ...{ umap: null, notes: [], top_k: [curve(shares)] },
});

interface ImageRow {
  readonly protein: string;
  readonly right: number;
  readonly subject?: string;
}

async function writeReport(name: string, rows: readonly ImageRow[], changes: object = {}) {
  const path = join(folder, name);
  await mkdir(join(path, "tables"), { recursive: true });
  const metrics = {
    ...{ version: metricsVersion, provenance: { model: { name } }, suite: suiteOf([0.4, 0.8]) },
    ...changes,
  };
  await writeFile(join(path, "metrics.json"), JSON.stringify(metrics));
  const table = rows.map(({ protein, right, subject = "generated" }, i) => ({
    ...{ subject, set: "unseen", id: `i${i}`, protein, field: "f", compartment: "ER" },
    ...{ answer_features: "ER", right_features: right },
  }));
  await writeFile(join(path, "tables/images.csv"), writeCsv(table, Object.keys(table[0]!)));
  return path;
}

const proteins = Array.from({ length: 40 }, (_, i) => `P${i}`);
const noise = createGenerator(1, "noise").uniform(40);

describe("the comparison of two reports", () => {
  it("pairs proteins, so that a small difference of the same proteins is clear", async () => {
    const a = await writeReport(
      "a",
      proteins.map((protein, i) => ({ protein, right: noise[i]! })),
    );
    const b = await writeReport(
      "b",
      proteins.toReversed().map((protein, i) => ({ protein, right: noise[39 - i]! + 0.05 + 0.01 * (i % 2) })),
    );
    const { differences, files } = await compareReports(a, b, { seed: 0 });
    expect(differences).toHaveLength(1); // answers are no numbers
    const [only] = differences;
    expect(only).toMatchObject({
      measure: "right_features",
      subject: "generated",
      set: "unseen",
      proteins: 40,
    });
    expect(only!.difference).toBeCloseTo(0.055, 6);
    expect(only!.low).toBeGreaterThan(0.05);
    expect(clearDifferences(differences)).toEqual(differences);
    expect(readCsv(files.get("comparison.csv")!)).toHaveLength(1);
    expect(JSON.parse(files.get("comparison.json")!)).toMatchObject({ a: { model: "a" }, b: { model: "b" } });
    expect(files.get("comparison.html")).toContain("right features: generated, unseen");
    expect(files.get("comparison.html")).toContain("nearest protein mean of real images");
  });

  it("is antisymmetric, and of a report and itself nothing but zeros", async () => {
    const a = await writeReport(
      "c",
      proteins.map((protein, i) => ({ protein, right: i % 2 })),
    );
    const b = await writeReport(
      "d",
      proteins.map((protein, i) => ({ protein, right: i % 3 === 0 ? 1 : 0 })),
    );
    const [there] = (await compareReports(a, b, { seed: 0 })).differences;
    const [back] = (await compareReports(b, a, { seed: 0 })).differences;
    expect(back!.difference).toBeCloseTo(-there!.difference, 12);
    expect([back!.low, back!.high].map((end) => -end)).toEqual([
      expect.closeTo(there!.high, 9),
      expect.closeTo(there!.low, 9),
    ]);
    const { differences } = await compareReports(a, a, { seed: 0 });
    expect(differences).toMatchObject([{ difference: 0, low: 0, high: 0 }]);
    expect(clearDifferences(differences)).toEqual([]);
  });

  it("averages the images of a protein first, and leaves out real images and proteins of one report alone", async () => {
    const a = await writeReport("e", [
      { protein: "P", right: 1 },
      { protein: "P", right: 0 },
      { protein: "Q", right: 1 },
      { protein: "P", right: 1, subject: "real" },
    ]);
    const b = await writeReport("f", [
      { protein: "P", right: 1 },
      { protein: "R", right: 0 },
    ]);
    const { differences } = await compareReports(a, b, { seed: 0 });
    expect(differences).toMatchObject([{ a: 0.5, b: 1, proteins: 1, subject: "generated" }]);
  });

  it("refuses what is no report, one of another version, and reports without a protein in common", async () => {
    const a = await writeReport("g", [{ protein: "P", right: 1 }]);
    await expect(compareReports(a, folder, { seed: 0 })).rejects.toThrow(/holds no metrics\.json/);
    const old = await writeReport("h", [{ protein: "P", right: 1 }], { version: 1 });
    await expect(compareReports(a, old, { seed: 0 })).rejects.toThrow(/version.*evaluate again/);
    const other = await writeReport("i", [{ protein: "Q", right: 1 }]);
    await expect(compareReports(a, other, { seed: 0 })).rejects.toThrow(/no protein in common/);
  });
});
