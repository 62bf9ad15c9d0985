import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NdArray, readCsv, readNpy, readPng, readTiff, writeNpy } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";
import { proteoscope } from "./command.ts";
import { expectRecorded, spreadValues } from "./recording.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "recorded-images-"));
  writeFileSync(join(folder, "nuclei.npy"), writeNpy(twoNuclei()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two elliptic nuclei of 12 by 9 micrometres, at 0.2 micrometres per pixel, on a dim background. [160, 200] */
function twoNuclei(): NdArray {
  const [height, width] = [160, 200];
  const data = Uint16Array.from({ length: height * width }, (_, pixel) => {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const isInside = (atX: number, atY: number) => ((x - atX) / 30) ** 2 + ((y - atY) / 22) ** 2 < 1;
    return (isInside(55, 60) || isInside(145, 100) ? 3000 : 200) + ((x * 7 + y * 13) % 50);
  });
  return { dtype: "uint16", shape: [height, width], data };
}

const arrayReaders: Readonly<Record<string, (bytes: Uint8Array) => NdArray>> = {
  npy: readNpy,
  png: (bytes) => {
    const { width, height, channels, data } = readPng(bytes);
    return {
      dtype: data instanceof Uint16Array ? "uint16" : "uint8",
      shape: [height, width, channels],
      data,
    };
  },
  tiff: (bytes) => readTiff(bytes).planes,
};

const cases = [
  ["FBL by ddim, seed 0", ["FBL", "--sampler", "ddim", "--steps", "3"]],
  ["FBL by ddim, seed 7", ["FBL", "--sampler", "ddim", "--steps", "3", "--seed", "7"]],
  ["FBL by dpm++, seed 0", ["FBL", "--sampler", "dpm++", "--steps", "4"]],
  ["FBL by dpm++, seed 7", ["FBL", "--sampler", "dpm++", "--steps", "4", "--seed", "7"]],
  ["COX8A by ddpm, two samples", ["COX8A", "--sampler", "ddpm", "--steps", "3", "--samples", "2"]],
  [
    "LMNA without guidance in two nuclei of a picture",
    "LMNA --steps 3 --guidance 1 --nucleus nuclei.npy --pixel-size 0.2".split(" "),
  ],
] as const;

describe("the shipped model", () => {
  it.each(cases)("draws as recorded: %s", (name, words) => {
    const samples = words.some((word) => word === "--samples") ? [] : ["--samples", "1"];
    proteoscope(folder, "generate", ...words, ...samples, "--format", "npy,png,ome-tiff", "-o", name);
    const files = readdirSync(join(folder, name)).sort();
    const arrays = new Map(
      files.flatMap((file) => {
        const read = arrayReaders[file.split(".").at(-1)!];
        return read === undefined ? [] : [[file, [read(readFileSync(join(folder, name, file)))]] as const];
      }),
    );
    const images = [...arrays].filter(([file]) => file.endsWith(".npy"));
    expect(images.length).toBeGreaterThan(0);
    for (const [, [image]] of images) expect(image!.dtype).toBe("float32");
    const numbers = Object.fromEntries(images.map(([file, [image]]) => [file, spreadValues(image!, 24)]));
    expectRecorded("images", name, { arrays, numbers }, 2e-3);
  });

  it("localizes the examples as recorded", () => {
    const table = proteoscope(folder, "localize", join(repositoryRoot, "examples/proteins.fasta"));
    const isProbability = (cell: string) => /^[01]\.\d{4}$/.test(cell);
    const rows = readCsv(table).map((row) => Object.values(row).filter(isProbability));
    const probabilities = rows.map((row) => row.map(Number));
    const data = Float32Array.from(probabilities.flat());
    const array: NdArray = { dtype: "float32", shape: [rows.length, probabilities[0]!.length], data };
    expectRecorded(
      "images",
      "localize",
      { arrays: new Map([["table", [array]]]), numbers: { table: [...data] } },
      2e-4,
    );
  });
});
