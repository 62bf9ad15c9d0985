import type { ChosenNucleus } from "@proteoscope/microscope";
import type { ScreenInput } from "@proteoscope/microscope/experiments";
import { describe, expect, it } from "vitest";
import {
  decodeJob,
  decodeRequest,
  decodeResult,
  encodeJob,
  encodeRequest,
  encodeResult,
  type ScreenRequest,
} from "./messages.ts";

const throughJson = (value: unknown): object => JSON.parse(JSON.stringify(value));

const nucleus: ChosenNucleus = {
  ...{ label: "", pixelSizeMicrons: 0.4126, origin: { library: "discs", index: 2 } },
  nucleus: Float32Array.of(0, 0.1, 1),
  distance: Float32Array.of(-3.5, Math.fround(0.1), 2),
};

describe("what processes say to each other", () => {
  it("carries a request with the bits of its nucleus", () => {
    const settings = { samples: 1, steps: 15, sampler: "dpm++", guidance: 3, seed: 0 } as const;
    const request: ScreenRequest = { images: { settings, nucleus, software: { proteoscope: "0" } } };
    expect(decodeRequest(throughJson(encodeRequest(request)))).toEqual(request);
    expect(decodeRequest(throughJson(encodeRequest({ images: null })))).toEqual({ images: null });
  });

  it("carries records, those with a nucleus of their own and refused ones", () => {
    const inputs: ScreenInput[] = [
      { record: { id: "a", sequence: "MK", file: "x.fasta", line: 1, gene: "A" } },
      { record: { id: "b", sequence: "MK", file: "x.fasta", line: 3, nucleus } },
      { refused: { id: "c", file: "x.fasta", line: 5, reason: "no residue" } },
    ];
    const job = { screen: "s", first: 7, inputs };
    expect(decodeJob(throughJson(encodeJob(job)))).toEqual(job);
    const { record } = decodeJob(throughJson(encodeJob(job))).inputs[1]!;
    expect(JSON.stringify(record)).toBe(JSON.stringify(inputs[1]!.record)); // the order of fields as well
  });

  it("carries results, with planes where they are wanted", () => {
    const localized = {
      ...{
        id: "a",
        residues: 2,
        shown: 2,
        compartment: "x",
        balancedCompartment: "x",
        nearestHomolog: 1 / 3,
      },
      ...{ omitted: null, known: null, near: null, note: null },
      ...{ probabilities: { x: Math.fround(0.7) }, posterior: { x: 1 } },
    };
    const picture = { png: Uint8Array.of(1, 2), protein: Float32Array.of(0.25, 1) };
    const done = { record: { id: "a", file: "f", line: 1 }, sequenceSha256: "ab", localized, picture };
    const through = (withPlanes: boolean) => {
      const stored = encodeResult(4, { done }, withPlanes);
      return { ...stored, result: throughJson(stored.result) };
    };
    expect(through(true).place).toBe(4);
    expect(decodeResult(through(true))).toEqual({ done });
    expect(decodeResult(through(false)).done!.picture).toEqual({
      png: picture.png,
      protein: new Float32Array(0),
    });
    const refused = { id: "c", file: "f", line: 5, reason: "no residue" };
    expect(decodeResult(encodeResult(4, { refused }, true))).toEqual({ refused });
  });
});
