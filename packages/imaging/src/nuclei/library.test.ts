import { type NdArray, writeSafetensors } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { nuclearDistance } from "../planes/nuclear-distance.ts";
import { disc } from "../testing/drawing.ts";
import { type NucleusLibrary, pickNucleus, readNucleusLibrary, writeNucleusLibrary } from "./library.ts";

const size = { height: 12, width: 10 };
const masks = [2, 3, 4].map((radius) => disc(size, 5, 6, radius));
const library: NucleusLibrary = {
  count: 3,
  ...size,
  pixelSizeMicrons: 0.4126,
  nuclei: Uint8Array.from({ length: 360 }, (_, i) => i % 256),
  masks: Uint8Array.from(masks.flatMap((mask) => [...mask])),
  fields: ["good-1", "good-2", "sparse-1"],
  source: "three discs",
  licence: "MIT",
};

describe("nucleus library", () => {
  it("reads back what was written, the same bytes each time", () => {
    const bytes = writeNucleusLibrary(library);
    expect(readNucleusLibrary(bytes)).toEqual(library);
    expect(writeNucleusLibrary(readNucleusLibrary(bytes))).toEqual(bytes);
  });

  it("picks by seed, from the beginning again after the last, also for negative seeds", () => {
    expect([0, 1, 2, 3, 100, -1].map((seed) => pickNucleus(library, seed).index)).toEqual([0, 1, 2, 0, 1, 2]);
    expect(() => pickNucleus(library, 0.5)).toThrow("seed 0.5 is not a whole number");
  });

  it("gives the crop in [0, 1] with its mask, distance and field", () => {
    const { nucleus, mask, distance, field } = pickNucleus(library, 1);
    expect(field).toBe("good-2");
    expect(nucleus[0]).toBeCloseTo(120 / 255, 6);
    expect(mask).toEqual(masks[1]);
    expect(distance).toEqual(nuclearDistance(masks[1]!, size));
  });
});

describe("readNucleusLibrary refuses", () => {
  const stack: NdArray = { dtype: "uint8", shape: [1, 2, 2], data: new Uint8Array(4) };
  const metadata = { pixel_size_microns: "0.4", fields: '["a"]' };
  const read = (tensors: Record<string, NdArray>, meta: Record<string, string> = metadata) =>
    readNucleusLibrary(writeSafetensors(Object.entries(tensors), meta));

  it("accepts the smallest library that is right", () => {
    expect(read({ nucleus: stack, mask: stack }).count).toBe(1);
  });

  it("a missing tensor, another dtype, another shape, an empty stack", () => {
    expect(() => read({ nucleus: stack })).toThrow('there is no tensor "mask"');
    const floats: NdArray = { dtype: "float32", shape: [1, 2, 2], data: new Float32Array(4) };
    expect(() => read({ nucleus: floats, mask: stack })).toThrow('"nucleus" is float32 [1,2,2]');
    const flat: NdArray = { dtype: "uint8", shape: [4], data: new Uint8Array(4) };
    expect(() => read({ nucleus: flat, mask: stack })).toThrow("not uint8 [N, H, W]");
    const none: NdArray = { dtype: "uint8", shape: [0, 2, 2], data: new Uint8Array(0) };
    expect(() => read({ nucleus: none, mask: none })).toThrow("not uint8 [N, H, W]");
    const wide: NdArray = { dtype: "uint8", shape: [1, 2, 3], data: new Uint8Array(6) };
    expect(() => read({ nucleus: stack, mask: wide })).toThrow("nucleus is [1,2,2] but mask is [1,2,3]");
  });

  it("metadata that is missing or wrong", () => {
    const tensors = { nucleus: stack, mask: stack };
    expect(() => read(tensors, { ...metadata, pixel_size_microns: "wide" })).toThrow(
      'pixel_size_microns is "wide"',
    );
    expect(() => read(tensors, { ...metadata, fields: "[" })).toThrow("the field names are not JSON");
    expect(() => read(tensors, { ...metadata, fields: '["a","b"]' })).toThrow("there are not 1 field names");
    expect(() => read(tensors, { pixel_size_microns: "0.4" })).toThrow("the field names are not JSON");
  });
});
