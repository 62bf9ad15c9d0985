import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, truncate } from "node:fs/promises";
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
const manifest = { made_by: "a test" };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "proteome-"));
  await writeProteome(join(folder, "whole"), proteome, { manifest });
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
  it("is an atlas that trainers read, with proteins of some partitions held out", async () => {
    const { training, validation, proteins } = await readImageData(join(folder, "whole"));
    const held = (await table("proteins.csv")).filter(({ homology_partition: p }) => Number(p) > 2);
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
    const pixels = readNpy(await readFile(join(folder, "whole/crops_u8.npy")));
    expect(pixels.shape).toEqual([120, side, side, 3]);
    expect(readNpy(await readFile(join(folder, "whole/cells_u8.npy"))).shape).toEqual([120, side, side]);
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
    const bytes = readNpy(await readFile(join(folder, "whole/crops_u8.npy"))).data as Uint8Array;
    const truth = await table("proteins_truth.csv");
    const plane = side * side;
    const inNucleus = truth.slice(0, 12).map((_, protein) => {
      let [inside, all] = [0, 0];
      for (let pixel = protein * 10 * plane; pixel < (protein + 1) * 10 * plane; pixel++) {
        all += bytes[3 * pixel]!;
        if (bytes[3 * pixel + 2]! > 0) inside += bytes[3 * pixel]!;
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

  it("ends with the same bytes after kills at any moment", async () => {
    const path = join(folder, "killed");
    for (const stop of [7, 60, 119]) {
      const controller = new AbortController();
      const onCrop = (done: number) => done === stop && controller.abort(new Error("killed"));
      const work = writeProteome(path, proteome, { manifest, signal: controller.signal, onCrop });
      await expect(work).rejects.toThrow("killed");
      await truncate(join(path, "crops_u8.npy.partial"), 5000 * stop + 17 * stop); // in the middle of a crop
      expect(await readdir(path)).not.toContain("crops.csv");
    }
    await writeProteome(path, proteome, { manifest });
    expect(await digest(path)).toEqual(await digest(join(folder, "whole")));
  }, 60_000);

  it("is left alone when it is whole, and not mixed with another", async () => {
    const onCrop = () => expect.fail("a crop was made again");
    await writeProteome(join(folder, "whole"), proteome, { manifest, onCrop });
    const other = simulateProteome(picturesOfLibrary(library, side), { ...options, seed: 6 });
    await expect(writeProteome(join(folder, "whole"), other, { manifest })).rejects.toThrow(
      /holds another data set/,
    );
  });
});
