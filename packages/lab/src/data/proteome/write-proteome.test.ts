import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCsv, readNpy } from "@proteoscope/formats";
import type { NucleusLibrary } from "@proteoscope/imaging";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readImageData } from "../atlas/image-data.ts";
import { readTrainingSequences } from "../atlas/sequences.ts";
import { picturesOfLibrary } from "./nuclei.ts";
import { ruledCompartments } from "./rule.ts";
import { simulateProteome } from "./simulated-proteome.ts";
import { readProteinTruth, readSignalTruth } from "./truth.ts";
import { writeProteome } from "./write-proteome.ts";

const side = 40;
/** Two round nuclei. */
const library: NucleusLibrary = {
  ...{ count: 2, height: 48, width: 48, pixelSizeMicrons: 0.4126, source: "discs", licence: "CC0" },
  fields: ["a", "b"],
  nuclei: disc(() => 200),
  masks: disc(() => 1),
};
function disc(brightness: () => number): Uint8Array {
  return Uint8Array.from({ length: 2 * 48 * 48 }, (_, i) => {
    const radius = i < 48 * 48 ? 9 : 11;
    const pixel = i % (48 * 48);
    return Math.hypot((pixel % 48) - 24, Math.floor(pixel / 48) - 24) < radius ? brightness() : 0;
  });
}

const options = { proteins: 12, crops: 10, sequences: 60, seed: 5 };
const proteome = simulateProteome(picturesOfLibrary(library, side), options);
const about = { pixelSizeMicrons: 0.4126, madeBy: "a test", nuclei: library };
const signal = new AbortController().signal;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "proteome-"));
  await writeProteome(proteome, { output: join(folder, "whole"), ...about }, { signal });
});
afterAll(() => rm(folder, { recursive: true }));

async function digest(path: string): Promise<Record<string, string>> {
  const names = (await readdir(path)).sort();
  const hash = async (name: string) =>
    createHash("sha256")
      .update(await readFile(join(path, name)))
      .digest("hex");
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await hash(name)])));
}

async function table(name: string) {
  return readCsv(await readFile(join(folder, "whole", name), "utf8"));
}

describe("a simulated proteome on disk", () => {
  it("holds the truth of its proteins and of their signals", async () => {
    const signals = await readSignalTruth(join(folder, "whole"));
    for (const { id, signals: planted } of proteome.all) expect(signals.get(id) ?? []).toEqual(planted);
    const truths = await readProteinTruth(join(folder, "whole"));
    expect(truths.map(({ id }) => id)).toEqual(proteome.all.map(({ id }) => id));
    await expect(readSignalTruth(folder)).rejects.toThrow(/ENOENT/);
  });

  it("is a data set that trainers read, with proteins of some partitions held out", async () => {
    const { training, validation, proteins } = await readImageData(join(folder, "whole"));
    const held = (await table("proteins.csv")).filter(({ partition }) => Number(partition) > 2);
    const heldIds = new Set(held.map(({ uniprot }) => uniprot));
    expect(training.length).toBeGreaterThan(0);
    expect(validation.length).toBeGreaterThan(0);
    expect(training.some(({ uniprot }) => heldIds.has(uniprot))).toBe(false);
    expect(proteins.every(({ id }) => !heldIds.has(id))).toBe(true);
    const sequences = await readTrainingSequences(join(folder, "whole"), { validationCount: 99, seed: 0 });
    expect(sequences.training.length).toBeLessThan(72);
    expect(sequences.validation.length).toBeGreaterThan(0);
  });

  it("has pixels, cells and the truth of each crop", async () => {
    const pixels = readNpy(await readFile(join(folder, "whole/crops.npy")));
    expect(pixels.shape).toEqual([120, 3, side, side]);
    expect(readNpy(await readFile(join(folder, "whole/cells.npy"))).shape).toEqual([120, side, side]);
    const truth = await table("crops_truth.csv");
    expect(truth).toHaveLength(120);
    for (const row of truth) {
      const light = ruledCompartments.reduce((sum, name) => sum + Number(row[`light_${name}`]), 0);
      expect(light).toBeCloseTo(1, 2);
    }
    expect((await table("signals_truth.csv")).length).toBeGreaterThan(30);
    expect(await table("proteins_truth.csv")).toHaveLength(72);
  });

  it("shows what is true: nuclear proteins are brighter in the nucleus, abundant ones bright", async () => {
    const bytes = readNpy(await readFile(join(folder, "whole/crops.npy"))).data as Uint8Array;
    const truth = await table("proteins_truth.csv");
    const plane = side * side;
    const inNucleus = truth.slice(0, 12).map((_, protein) => {
      let [inside, all] = [0, 0];
      for (let crop = protein * 10; crop < (protein + 1) * 10; crop++)
        for (let pixel = 3 * crop * plane; pixel < (3 * crop + 1) * plane; pixel++) {
          all += bytes[pixel]!;
          if (bytes[pixel + 2 * plane]! > 0) inside += bytes[pixel]!;
        }
      return inside / all;
    });
    const nuclear = (row: Record<string, string>) => Number(row.nucleoplasm) + Number(row.nucleolus);
    const means = [true, false].map((wanted) => {
      const chosen = inNucleus.filter((_, i) => nuclear(truth[i]!) > 0.5 === wanted);
      return chosen.reduce((a, b) => a + b, 0) / chosen.length;
    });
    expect(means[0]!).toBeGreaterThan(means[1]! + 0.12);
  });

  it("ends with the same bytes after it was stopped, again and again", async () => {
    const output = join(folder, "stopped");
    for (const stop of [32, 64, 96]) {
      const controller = new AbortController();
      const onProgress = ({ done }: { done: number }) =>
        done === stop && controller.abort(new Error("stopped"));
      const options = { signal: controller.signal, onProgress };
      await expect(writeProteome(proteome, { output, ...about }, options)).rejects.toThrow("stopped");
      const torn = await stat(join(output, "crops.npy.partial"));
      await truncate(join(output, "crops.npy.partial"), torn.size + 17 * stop); // as a killed process leaves it
      expect(await readdir(output)).not.toContain("dataset.json");
    }
    await writeProteome(proteome, { output, ...about }, { signal });
    expect(await digest(output)).toEqual(await digest(join(folder, "whole")));
  }, 60_000);

  it("is not mixed with another", async () => {
    const other = simulateProteome(picturesOfLibrary(library, side), { ...options, seed: 6 });
    const writing = writeProteome(other, { output: join(folder, "whole"), ...about }, { signal });
    await expect(writing).rejects.toThrow(/is a data set already/);
  });
});
