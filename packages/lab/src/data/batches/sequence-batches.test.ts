import { clsTokenId, eosTokenId, maskTokenId, padTokenId } from "@proteoscope/models";
import { describe, expect, it } from "vitest";
import { protein, randomSequence } from "../../testing/atlas-fixture.ts";
import { compartments } from "../atlas/compartments.ts";
import {
  createProteinSampler,
  createSequenceBatches,
  maskedBatch,
  targetBatch,
  tokenBatch,
} from "./sequence-batches.ts";

const proteins = [10, 12, 40, 200].map((length, index) =>
  protein({ id: `P${index}`, sequence: randomSequence(index, length) }),
);
const options = { lengths: [16, 64], batchSize: 4, weights: [1, 1, 1, 1], maskRate: 0.15, seed: 3 };

describe("tokenBatch", () => {
  it("pads short sequences and shows both ends of long ones", () => {
    const { shape, data } = tokenBatch([{ sequence: "AA" }, { sequence: "ACDEFGHIKL" }], 6);
    expect(shape).toEqual([2, 6]);
    const [, , ...rest] = data as Int32Array;
    expect((data as Int32Array)[0]).toBe(clsTokenId);
    expect([...rest.slice(1, 4)]).toEqual([eosTokenId, padTokenId, padTokenId]);
    const whole = tokenBatch([{ sequence: "ACKL" }], 6).data as Int32Array;
    expect([...(data as Int32Array).subarray(6)]).toEqual([...whole]);
  });
});

describe("createProteinSampler", () => {
  it("gives proteins of one bucket with its token length, those of weight 0 never", () => {
    const draw = createProteinSampler(proteins, { ...options, weights: [1, 0, 1, 1] });
    for (let step = 0; step < 20; step++) {
      const { batch, length } = draw(step);
      expect(batch).toHaveLength(4);
      for (const { id, sequence } of batch) {
        expect(id).not.toBe("P1");
        expect(sequence.length <= 14 ? 16 : 64).toBe(length);
      }
    }
  });
});

describe("createSequenceBatches", () => {
  it("gives the same batch for a step, whatever was sampled before it", () => {
    const first = createSequenceBatches(proteins, options);
    const batches = Array.from({ length: 6 }, (_, step) => first(step));
    const resumed = createSequenceBatches(proteins, options);
    for (const step of [5, 1, 3]) expect(resumed(step)).toEqual(batches[step]);
    expect(batches[0]).not.toEqual(batches[1]);
  });

  it("groups sequences by length, and uses each bucket", () => {
    const batch = createSequenceBatches(proteins, options);
    const lengths = new Set<number>();
    for (let step = 0; step < 20; step++) {
      const { inputIds, labels } = batch(step);
      const [size, length] = inputIds!.shape as [number, number];
      expect(size).toBe(4);
      expect(labels!.shape).toEqual([4, length]);
      const ids = inputIds!.data as Int32Array;
      for (let row = 0; row < size; row++) {
        const tokens = ids
          .subarray(row * length, (row + 1) * length)
          .filter((id) => id !== padTokenId).length;
        if (length === 64) expect(tokens).toBeGreaterThan(16);
        else expect(tokens).toBeLessThanOrEqual(14);
      }
      lengths.add(length);
    }
    expect([...lengths].sort((a, b) => a - b)).toEqual([16, 64]);
  });

  it("samples proteins by weight", () => {
    const batch = createSequenceBatches(proteins, { ...options, weights: [0, 1, 0, 0], maskRate: 0 });
    const [wanted] = [tokenBatch([proteins[1]!], 16).data as Int32Array];
    for (let step = 0; step < 5; step++) {
      const ids = batch(step).inputIds!.data as Int32Array;
      expect([...ids.subarray(0, 16)]).toEqual([...wanted]);
    }
  });

  it("shows changed sequences where there is an augmentation, with the targets of the proteins", () => {
    const steps: number[] = [];
    const augmentation = {
      change(batch: readonly (typeof proteins)[number][], step: number) {
        steps.push(step);
        return batch.map((one) => ({ ...one, sequence: "MKV", labels: [] }));
      },
    };
    const plain = createSequenceBatches(proteins, { ...options, maskRate: 0 });
    const changed = createSequenceBatches(proteins, { ...options, maskRate: 0, augmentation });
    const { inputIds, ...rest } = changed(7);
    const [wanted] = [tokenBatch([{ sequence: "MKV" }], inputIds!.shape[1]!).data as Int32Array];
    expect([...(inputIds!.data as Int32Array).subarray(0, wanted.length)]).toEqual([...wanted]);
    for (const name of ["targets", "known", "groupTargets", "groupKnown"] as const)
      expect(rest[name], name).toEqual(plain(7)[name]);
    expect(steps).toEqual([7]);
  });

  it("masks residues, whose labels are what they were", () => {
    const uniform = new Float32Array(3 * 16); // every residue is chosen and masked
    const { inputIds, labels } = maskedBatch([proteins[0]!], 16, uniform, 0.15);
    const original = tokenBatch([proteins[0]!], 16).data as Int32Array;
    const ids = inputIds.data as Int32Array;
    expect(ids[0]).toBe(clsTokenId);
    expect([...ids.subarray(1, 11)]).toEqual(Array(10).fill(maskTokenId));
    expect([...(labels.data as Int32Array).subarray(1, 11)]).toEqual([...original.subarray(1, 11)]);
    expect((labels.data as Int32Array)[11]).toBe(-1);
  });
});

describe("targetBatch", () => {
  it("stacks the targets of each protein", () => {
    const golgi = protein({ labels: [{ name: "Golgi", weight: 3 }] });
    const { targets, known } = targetBatch([proteins[0]!, golgi]);
    expect(targets.shape).toEqual([2, compartments.length]);
    const at = compartments.indexOf("Golgi");
    expect((targets.data as Float32Array)[at]).toBe(0);
    expect((targets.data as Float32Array)[compartments.length + at]).toBe(1);
    expect((known.data as Float32Array)[at]).toBe(1);
  });
});
