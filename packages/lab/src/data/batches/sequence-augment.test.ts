import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGenerator, type NdArray } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { checkConfig } from "../../config/compose.ts";
import { protein, randomSequence } from "../../testing/atlas-fixture.ts";
import { blosum62 } from "./blosum62.ts";
import {
  createSequenceAugmentation,
  deleteResidues,
  embeddingAugmentSchema,
  hideResidues,
  openSequenceAugmentation,
  sequenceAugmentSchema,
  substituteResidues,
} from "./sequence-augment.ts";

const streams = Array.from({ length: 200 }, (_, index) => createGenerator(1, "test", index));
const sequence = randomSequence(3, 60);

/** Whether the letters of one word stand in another in their order. */
function isPartOf(part: string, whole: string): boolean {
  let at = -1;
  return [...part].every((letter) => {
    at = whole.indexOf(letter, at + 1);
    return at >= 0;
  });
}

describe("deleting residues", () => {
  it("leaves the others in their order, and takes from 0 to the most, evenly", () => {
    const counts = streams.map((random) => {
      const shorter = deleteResidues(sequence, 4, random);
      expect(isPartOf(shorter, sequence)).toBe(true);
      return sequence.length - shorter.length;
    });
    for (const count of [0, 1, 2, 3, 4])
      expect(counts.filter((value) => value === count).length).toBeGreaterThan(20);
    expect(Math.max(...counts)).toBe(4);
  });

  it("reaches every residue and leaves at least one", () => {
    const places = new Set<number>();
    for (const random of streams) {
      const shorter = deleteResidues("ACDEF", 1, random);
      if (shorter.length === 4) places.add([..."ACDEF"].findIndex((letter) => !shorter.includes(letter)));
      expect(deleteResidues("ACD", 20, random).length).toBeGreaterThanOrEqual(1);
      expect(deleteResidues("A", 20, random)).toBe("A");
    }
    expect([...places].sort()).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("substituting residues", () => {
  it("replaces by residues that BLOSUM62 scores above 0, at the rate", () => {
    let replaced = 0;
    let replaceable = 0;
    for (const random of streams) {
      const changed = substituteResidues(sequence, 0.3, random);
      expect(changed.length).toBe(sequence.length);
      for (const [position, residue] of [...sequence].entries()) {
        if (!"CGP".includes(residue)) replaceable++;
        if (changed[position] === residue) continue;
        replaced++;
        expect(blosum62(residue, changed[position]!)).toBeGreaterThan(0);
      }
    }
    expect(replaced / replaceable).toBeCloseTo(0.3, 1);
  });

  it("takes the likelier substitute more often", () => {
    const drawn = streams.map((random) => substituteResidues("I", 1, random));
    const count = (residue: string) => drawn.filter((value) => value === residue).length;
    expect(count("V")).toBeGreaterThan(count("L"));
    expect(count("L")).toBeGreaterThan(count("M"));
    expect(count("I")).toBe(0);
  });

  it("leaves what nothing stands for", () => {
    for (const random of streams.slice(0, 5)) expect(substituteResidues("CGPX", 1, random)).toBe("CGPX");
  });
});

describe("the augmentation of sequences", () => {
  const defaults = checkConfig(sequenceAugmentSchema, {});
  const proteins = [protein({ id: "A", sequence }), protein({ id: "B", sequence: randomSequence(4, 30) })];
  const orthologs = { of: ({ id }: { id: string }) => (id === "A" ? ["MKV", "MKL"] : []) };
  const create = (changes: object, versions: typeof orthologs | undefined = undefined, seed = 1) =>
    createSequenceAugmentation({ ...defaults, ...changes }, { seed, orthologs: versions });

  it("does nothing by default", () => {
    expect(create({}).change(proteins, 3)).toBe(proteins);
    expect(checkConfig(embeddingAugmentSchema, {})).toMatchObject({
      ...{ substitutionRate: 0, deletedResidues: 0, hiddenShare: 0 },
    });
  });

  it("is a function of the seed and the step", () => {
    const options = { substitutionRate: 0.2, deletedResidues: 5 };
    const sequencesOf = (seed: number, step: number) =>
      create(options, undefined, seed)
        .change(proteins, step)
        .map((changed) => changed.sequence);
    expect(sequencesOf(1, 3)).toEqual(sequencesOf(1, 3));
    expect(sequencesOf(1, 4)).not.toEqual(sequencesOf(1, 3));
    expect(sequencesOf(2, 3)).not.toEqual(sequencesOf(1, 3));
    const twice = create(options).change([proteins[0]!, proteins[0]!], 3);
    expect(twice[0]!.sequence).not.toBe(twice[1]!.sequence);
  });

  it("changes nothing but the sequence, and not the caller's proteins", () => {
    const [changed] = create({ deletedResidues: 20, substitutionRate: 0.5 }).change(proteins, 0);
    expect(changed).toEqual({ ...proteins[0], sequence: changed!.sequence });
    expect(proteins[0]!.sequence).toBe(sequence);
  });

  it("replaces a protein by one of its orthologs at the rate, and leaves those without", () => {
    const augmentation = create({ orthologRate: 0.6 }, orthologs);
    const seen = Array.from({ length: 300 }, (_, step) => {
      const changed = augmentation.change(proteins, step);
      expect(changed[1]!.sequence).toBe(proteins[1]!.sequence);
      return changed[0]!.sequence;
    });
    const share = (value: string) => seen.filter((one) => one === value).length / seen.length;
    expect(share("MKV")).toBeCloseTo(0.3, 1);
    expect(share("MKL")).toBeCloseTo(0.3, 1);
    expect(share(sequence)).toBeCloseTo(0.4, 1);
  });
});

describe("an augmentation that is opened", () => {
  it("swaps the orthologs of the file that its configuration names", async () => {
    const folder = await mkdtemp(join(tmpdir(), "augment-"));
    try {
      const path = join(folder, "mouse.fasta");
      await writeFile(path, ">A\nMKV\n");
      const config = checkConfig(sequenceAugmentSchema, { orthologs: path, ortholog_rate: 1 });
      const proteins = [protein({ id: "A", sequence }), protein({ id: "B", sequence })];
      const augmentation = await openSequenceAugmentation(config, proteins, 1);
      expect(augmentation.change(proteins, 0).map((one) => one.sequence)).toEqual(["MKV", sequence]);
      const missing = { ...config, orthologs: join(folder, "none.fasta") };
      await expect(openSequenceAugmentation(missing, proteins, 1)).rejects.toThrow(/none\.fasta/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("needs no file where none is named", async () => {
    const proteins = [protein()];
    const augmentation = await openSequenceAugmentation(checkConfig(sequenceAugmentSchema, {}), proteins, 1);
    expect(augmentation.change(proteins, 0)).toBe(proteins);
  });
});

describe("hiding embedded residues", () => {
  // Two proteins of 8 and 3 residues between <cls> and <eos>.
  const mask: NdArray = {
    dtype: "bool",
    shape: [2, 10],
    data: Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0),
  };
  const hide = (share: number, step: number, edge = 1) =>
    hideResidues(mask, { share, edge, seed: 5, step }).data as Uint8Array;

  it("hides up to a fraction of them, each equally often, and never an edge, padding or all", () => {
    const hidden = new Float64Array(20);
    let most = 0;
    for (let step = 0; step < 400; step++) {
      const data = hide(0.95, step);
      data.forEach((flag, i) => {
        if ((mask.data as Uint8Array)[i] === 1 && flag === 0) hidden[i]!++;
        expect(flag).toBeLessThanOrEqual((mask.data as Uint8Array)[i]!);
      });
      const first = data.subarray(1, 9).reduce((sum, flag) => sum + flag, 0);
      most = Math.max(most, 8 - first);
      expect(first).toBeGreaterThanOrEqual(1);
      expect(data.subarray(11, 14).reduce((sum, flag) => sum + flag, 0)).toBeGreaterThanOrEqual(1);
    }
    expect([hidden[0], hidden[9], hidden[10], hidden[14]]).toEqual([0, 0, 0, 0]);
    expect(most).toBe(7);
    const counts = hidden.slice(1, 9);
    expect(Math.min(...counts)).toBeGreaterThan(0.6 * Math.max(...counts));
  });

  it("is a function of the seed and the step, and leaves the caller's mask", () => {
    const before = Uint8Array.from(mask.data as Uint8Array);
    expect(hide(0.9, 7)).toEqual(hide(0.9, 7));
    expect(Array.from({ length: 9 }, (_, step) => hide(0.9, step).join(""))).not.toEqual(
      Array.from({ length: 9 }, () => hide(0.9, 0).join("")),
    );
    expect(mask.data).toEqual(before);
    expect(hideResidues(mask, { share: 0, edge: 1, seed: 5, step: 0 })).toBe(mask);
  });

  it("hides first and last residues where there are no edges", () => {
    const steps = Array.from({ length: 100 }, (_, step) => hide(0.9, step, 0));
    expect(steps.some((data) => data[0] === 0)).toBe(true);
    expect(steps.some((data) => data[9] === 0)).toBe(true);
  });
});
