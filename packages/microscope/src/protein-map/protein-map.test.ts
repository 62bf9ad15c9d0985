import { join } from "node:path";
import { openRuntime } from "@proteoscope/engine/node";
import { loadHomologs, memoryFolder } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModel, readSequenceModel } from "../model/read-model.ts";
import { openProteinEncoder, type ProteinEncoder } from "../protein/encoder.ts";
import { randomModelFiles, tinyShape } from "../testing/tiny-model.ts";
import { followMap } from "./follow-map.ts";
import type { ProteinMap } from "./map.ts";
import { formatProteinMap, proteinMapFile, readProteinMap } from "./map-file.ts";
import { placeAmong } from "./place-among.ts";
import { mapProteins } from "./protein-map.ts";

const sequence = "MKTAYIAKQRQISFVKSHFSRQLEERLG";
const files = randomModelFiles({
  ...tinyShape,
  homolog: sequence,
  annotated: [{ name: "golgi_apparatus", grade: 3 }],
});
const folder = memoryFolder(files, "tiny");
let runtime: Awaited<ReturnType<typeof openRuntime>>;
let encoder: ProteinEncoder;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  encoder = await openProteinEncoder(runtime, await readModel(folder));
});
afterAll(async () => {
  await encoder.close();
  await runtime.close();
});

describe("a map of proteins", () => {
  it("holds what is annotated, by what is predicted from the sequence alone", async () => {
    const seen: number[] = [];
    const map = await mapProteins(encoder, await loadHomologs(folder), {
      onProgress: ({ done, total }) => seen.push(done, total),
    });
    expect(seen).toEqual([1, 1]);
    expect(map.source).toBe("Test source");
    expect(map.compartments).toEqual(tinyShape.localization.labels);
    const [only, ...others] = map.proteins;
    expect(others).toEqual([]); // the other protein has no annotation
    expect(only).toMatchObject({ symbol: "KNOWN", accession: "P00001", annotated: ["golgi_apparatus"] });
    const { posterior } = await encoder.encode(sequence, {}, { homologs: false });
    for (const [index, name] of map.compartments.entries())
      expect(only!.shares[index]).toBeCloseTo(posterior[name]!, 3);
  });

  it("is empty without annotations, and ends when it is aborted", async () => {
    expect((await mapProteins(encoder, undefined)).proteins).toEqual([]);
    const { signal } = { signal: AbortSignal.abort(new Error("enough")) };
    await expect(mapProteins(encoder, await loadHomologs(folder), { signal })).rejects.toThrow("enough");
  });
});

const protein = (symbol: string, shares: number[], place: [number, number]) => ({
  ...{ symbol, accession: symbol, annotated: [], shares, place },
});
const map: ProteinMap = {
  source: "test",
  compartments: ["nucleus", "cytosol"],
  proteins: [
    ...Array.from({ length: 6 }, (_, i) => protein(`N${i}`, [1, 0], [10 + i / 10, 0])),
    ...Array.from({ length: 6 }, (_, i) => protein(`C${i}`, [0, 1], [-10, i / 10])),
  ],
};

describe("placeAmong", () => {
  it("places a distribution among the proteins that are like it", () => {
    const [x, y] = placeAmong(map, { nucleus: 0.95, other: 0.05 })!;
    expect(x).toBeCloseTo(10.2, 1);
    expect(y).toBeCloseTo(0, 1);
    expect(placeAmong(map, { cytosol: 1 })![0]).toBeCloseTo(-10, 5);
  });
  it("has no place on an empty map", () => {
    expect(placeAmong({ ...map, proteins: [] }, { nucleus: 1 })).toBeUndefined();
  });
});

describe("the file of a map", () => {
  const checksums = { "plm/model.safetensors": "12ab", "unet/model.safetensors": "34cd" };
  const folderOf = (text: string) =>
    memoryFolder(new Map([[proteinMapFile, new TextEncoder().encode(text)]]), "m");
  it("is read where the weights that it follows from are the same", async () => {
    const folder = folderOf(await formatProteinMap(map, { checksums }));
    expect(await readProteinMap(folder, { checksums })).toEqual(map);
    expect(
      await readProteinMap(folder, { checksums: { ...checksums, "unet/model.safetensors": "" } }),
    ).toEqual(map);
    const other = { ...checksums, "plm/model.safetensors": "ffff" };
    expect(await readProteinMap(folder, { checksums: other })).toBeUndefined();
  });
  it("is not missed", async () => {
    expect(await readProteinMap(memoryFolder(new Map(), "m"), { checksums })).toBeUndefined();
  });
  it("of the shipped model is one of its weights, in which annotated neighbours are alike", async () => {
    const shipped = openFolder(join(import.meta.dirname, "../../../../checkpoints/proteoscope-mini"));
    const { proteins, compartments } = (await readProteinMap(shipped, await readSequenceModel(shipped)))!;
    expect(proteins.length).toBeGreaterThan(1000);
    expect(compartments).toContain("nucleolus");
    let alike = 0;
    for (const one of proteins) {
      const others = proteins.filter((other) => other !== one);
      const distance = ({ place: [x, y] }: typeof one) => Math.hypot(x - one.place[0], y - one.place[1]);
      const nearest = others.reduce((a, b) => (distance(b) < distance(a) ? b : a));
      if (nearest.annotated[0] === one.annotated[0]) alike++;
    }
    // By chance 0.16 would be: the squares of the compartments' shares.
    expect(alike / proteins.length).toBeGreaterThan(0.35);
  });
});

describe("followMap", () => {
  it("starts at the first question, says how far it is, and keeps what it made", async () => {
    let finish!: (made: ProteinMap) => void;
    let starts = 0;
    const ask = followMap((onProgress) => {
      starts++;
      onProgress({ phase: "map", done: 3, total: 12, unit: "proteins" });
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    expect(starts).toBe(0);
    ask();
    expect(ask()).toEqual({ progress: { done: 3, total: 12 }, map: null });
    finish(map);
    await Promise.resolve();
    expect(ask()).toEqual({ progress: null, map });
    expect(starts).toBe(1);
  });
  it("throws a failure once and starts anew", async () => {
    let starts = 0;
    const ask = followMap(() => {
      starts++;
      return Promise.reject(new Error("no memory"));
    });
    ask();
    await Promise.resolve();
    await Promise.resolve();
    expect(ask).toThrow("no memory");
    expect(starts).toBe(1);
    expect(ask()).toEqual({ progress: null, map: null });
    expect(starts).toBe(2);
  });
});
