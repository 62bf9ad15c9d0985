import { readFileSync } from "node:fs";
import { readSafetensors, toFloat32 } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { latentDistance, nuclearDistance } from "./nuclear-distance.ts";

// How each tensor was made is in the file's own metadata.
const fixture = readSafetensors(
  readFileSync(new URL("./fixtures/nuclear-distance.safetensors", import.meta.url)),
);
const recorded = (name: string) => toFloat32(fixture.tensors.get(name)!);
const crop = { height: 100, width: 100 };

describe("nuclearDistance", () => {
  it("equals scipy's edt(m) - edt(~m) on a real crop with several nuclei", () => {
    const distance = nuclearDistance(recorded("mask"), crop);
    const expected = recorded("distance");
    let worst = 0;
    for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(distance[i]! - expected[i]!));
    expect(worst).toBeLessThan(1e-5);
  });

  it("is +1 on the last pixel inside and -1 on the first outside", () => {
    const distance = nuclearDistance([0, 0, 1, 1, 1, 0], { height: 1, width: 6 });
    expect(Array.from(distance)).toEqual([-2, -1, 1, 2, 1, -1]);
  });

  it("changes sign with the mask", () => {
    const mask = recorded("mask");
    const inverted = mask.map((value) => 1 - value);
    expect(nuclearDistance(inverted, crop)).toEqual(nuclearDistance(mask, crop).map((value) => -value));
  });

  it("puts the border just outside the frame when the crop holds no border", () => {
    const size = { height: 3, width: 4 };
    const ring = [1, 1, 1, 1, 1, 2, 2, 1, 1, 1, 1, 1];
    expect(Array.from(nuclearDistance(new Uint8Array(12).fill(1), size))).toEqual(ring);
    expect(Array.from(nuclearDistance(new Uint8Array(12), size))).toEqual(ring.map((value) => -value));
  });

  it("refuses a mask that is not of the stated size", () => {
    expect(() => nuclearDistance(new Uint8Array(11), { height: 3, width: 4 })).toThrow(RangeError);
  });
});

describe("latentDistance", () => {
  it("equals torch's bilinear interpolation from 100 to 25", () => {
    const latent = latentDistance(recorded("plane"), crop);
    const expected = recorded("plane_25");
    expect(latent.length).toBe(625);
    for (let i = 0; i < expected.length; i++) expect(latent[i]).toBeCloseTo(expected[i]!, 5);
  });

  it("is the mean of the central 2x2 of each 4x4", () => {
    const plane = Float32Array.from({ length: 64 }, (_, i) => i * i);
    const latent = latentDistance(plane, { height: 8, width: 8 });
    const centre = (x: number, y: number) =>
      (plane[y * 8 + x]! + plane[y * 8 + x + 1]! + plane[(y + 1) * 8 + x]! + plane[(y + 1) * 8 + x + 1]!) / 4;
    expect(Array.from(latent)).toEqual([centre(1, 1), centre(5, 1), centre(1, 5), centre(5, 5)]);
  });

  it("has the size of the autoencoder's latent for sides that 4 does not divide", () => {
    expect(latentDistance(new Float32Array(25 * 18), { height: 25, width: 18 }).length).toBe(6 * 4);
  });
});
