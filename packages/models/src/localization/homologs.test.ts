import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AnnotatedProteins, type HomologsConfig, homologDefaults, openHomologs } from "./homologs.ts";

const labels = ["nucleus", "Golgi"];
const config: HomologsConfig = { ...homologDefaults, labels };

function annotate(
  proteins: readonly (readonly [sequence: string, shares: readonly number[]])[],
): AnnotatedProteins {
  let end = 0;
  return {
    sequences: new TextEncoder().encode(proteins.map(([sequence]) => sequence).join("")),
    ends: Int32Array.from(proteins, ([{ length }]) => (end += length)),
    shares: Float32Array.from(proteins.flatMap(([, shares]) => shares)),
  };
}

const nuclear = "MKRPAATKKAGQAKKKKLDK";
const secretory = "MLLLARCLLLVLVSSLLVCSGLACG";
const index = openHomologs(
  config,
  annotate([
    [nuclear, [1, 0]],
    [secretory, [0, 1]],
  ]),
);

/** The definition, k-mer by k-mer. */
function cosine(a: string, b: string, all: readonly string[]): number {
  const kmers = (sequence: string) =>
    new Set(
      Array.from({ length: Math.max(0, sequence.length - 4) }, (_, i) => sequence.slice(i, i + 5)).filter(
        (kmer) => /^[ACDEFGHIKLMNPQRSTVWY]+$/.test(kmer),
      ),
    );
  const weight = (kmer: string) =>
    Math.log(1 + all.length / (all.filter((one) => kmers(one).has(kmer)).length + 1)) ** 2;
  const sum = (set: Iterable<string>) => [...set].reduce((total, kmer) => total + weight(kmer), 0);
  const shared = [...kmers(a)].filter((kmer) => kmers(b).has(kmer));
  return shared.length === 0 ? 0 : sum(shared) / Math.sqrt(sum(kmers(a)) * sum(kmers(b)));
}

describe("homologs", () => {
  it("give an annotated protein its own labels", () => {
    const { logits, nearest } = index.score(nuclear);
    expect(nearest).toBeCloseTo(1, 9);
    const { priorWeight, trust, scale } = config;
    const among = (1 + priorWeight / 2) / (1 + priorWeight);
    expect(logits[0]).toBeCloseTo(scale * Math.log(2 * trust * among + 1 - trust), 5);
    expect(logits[1]).toBeCloseTo(scale * Math.log(2 * trust * (1 - among) + 1 - trust), 5);
  });

  it("say the less the less they are alike", () => {
    const half = index.score(`${nuclear.slice(0, 12)}WWWWWWWWWWWW`);
    const less = index.score(`${nuclear.slice(0, 6)}WWWWWWWWWWWWWWWWWW`);
    expect(half.nearest).toBeGreaterThan(less.nearest);
    expect(less.nearest).toBeGreaterThan(0);
    expect(half.logits[0]).toBeGreaterThan(less.logits[0]!);
    expect(less.logits[0]).toBeGreaterThan(0);
  });

  it("say nothing where there are none, or a sequence is too short", () => {
    for (const sequence of ["WWWWWWWWWW", "MKRP", "", "MKRPXMKRPXMKRP"]) {
      const { logits, nearest } = index.score(sequence);
      expect([...logits, nearest]).toEqual([0, 0, 0]);
    }
  });

  it("leave out the protein itself where others are wanted", () => {
    const other = `${nuclear.slice(0, 12)}${secretory.slice(0, 8)}`;
    const three = openHomologs(
      config,
      annotate([
        [nuclear, [1, 0]],
        [nuclear, [1, 0]],
        [other, [0, 1]],
      ]),
    );
    expect(three.score(nuclear).logits[0]).toBeGreaterThan(0);
    const context = three.score(nuclear, { others: true });
    expect(context.logits[0]).toBeLessThan(0);
    expect(context.nearest).toBeLessThan(1);
  });

  it("are asked from the nearest on, as many as the configuration says", () => {
    const family = annotate([
      [nuclear, [1, 0]],
      [`${nuclear.slice(0, 10)}WWWWWWWWWW`, [0, 1]],
      [`${nuclear.slice(0, 10)}YYYYYYYYYY`, [0, 1]],
    ]);
    const [one, all] = [1, 3].map((neighbours) =>
      openHomologs({ ...config, neighbours }, family).score(nuclear),
    );
    expect(one!.logits[0]).toBeGreaterThan(all!.logits[0]!);
  });

  it("are as alike as the definition says, whatever letters there are", () => {
    const sequence = fc.string({ unit: fc.constantFrom(..."ACDX*é"), minLength: 0, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(sequence, { minLength: 1, maxLength: 6 }), sequence, (known, asked) => {
        // Letters outside ASCII are several bytes and no residues: the definition sees one letter that is none.
        const { nearest } = openHomologs(config, annotateBytes(known)).score(asked);
        const expected = Math.max(...known.map((one) => cosine(asked, one, known)));
        expect(nearest).toBeCloseTo(Math.min(1, expected), 9);
      }),
    );
  });

  it("do not count a k-mer that comes again in a protein", () => {
    const repeated = openHomologs(
      config,
      annotate([
        ["MKRPAMKRPAMKRPA", [1, 0]],
        [secretory, [0, 1]],
      ]),
    );
    expect(repeated.score("MKRPAMKRPA").nearest).toBeCloseTo(1, 9);
  });

  it("leave alone a label that no protein has", () => {
    const { logits } = openHomologs(config, annotate([[nuclear, [1, 0]]])).score(nuclear);
    expect([...logits]).toEqual([expect.closeTo(0, 6), 0]);
  });
});

function annotateBytes(sequences: readonly string[]): AnnotatedProteins {
  const encoded = sequences.map((sequence) => new TextEncoder().encode(sequence));
  let end = 0;
  return {
    sequences: Uint8Array.from(encoded.flatMap((bytes) => [...bytes])),
    ends: Int32Array.from(encoded, ({ length }) => (end += length)),
    shares: Float32Array.from(sequences.flatMap(() => [0.5, 0.5])),
  };
}
