import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { computeSequenceFeatures, sequenceFeatureCount } from "./sequence-features.ts";

const residues = "ACDEFGHIKLMNPQRSTVWY";
/** Hydrophilic, of a net charge of -2 in six residues, and without a signal. */
const plain = "QGSDTE".repeat(4);
const neutral = "QGST".repeat(40);

/** Which of the numbers have these values, a sequence and its value each. */
function numbersThatAre(cases: readonly (readonly [sequence: string, value: number])[]): number[] {
  const described = cases.map(([sequence, value]) => [computeSequenceFeatures(sequence), value] as const);
  return Array.from({ length: sequenceFeatureCount }, (_, at) => at).filter((at) =>
    described.every(([numbers, value]) => Math.abs(numbers[at]! - value) < 1e-5),
  );
}

/** A fixed sequence of all residues without an order. */
const mixed = (length: number) =>
  Array.from({ length }, (_, index) => residues[Math.floor(Math.abs(Math.sin(index + 1)) * 1e4) % 20]).join(
    "",
  );

describe("the numbers that describe a sequence", () => {
  it("are finite and as many for any length", () => {
    for (const length of [0, 1, 2, 5, 40, 2000]) {
      const numbers = computeSequenceFeatures(mixed(length));
      expect([length, numbers.length]).toEqual([length, sequenceFeatureCount]);
      expect([length, numbers.every(Number.isFinite)]).toEqual([length, true]);
    }
  });

  it("are finite and as many for any residues", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...residues), maxLength: 300 }), (sequence) => {
        const numbers = computeSequenceFeatures(sequence);
        return numbers.length === sequenceFeatureCount && numbers.every(Number.isFinite);
      }),
    );
  });

  it("pass over letters that are no residue of the twenty", () => {
    expect(computeSequenceFeatures("XMK*T-AYkI<mask>A K🧬QBRUZÅ")).toEqual(
      computeSequenceFeatures("MKTAYIAKQR"),
    );
    expect(computeSequenceFeatures("mkta")).toEqual(computeSequenceFeatures(""));
  });

  it("hold the share of each residue, and these sum to one", () => {
    const sequences = [90, 151, 300, 523].map(mixed);
    const indices = Array.from(residues, (residue) =>
      numbersThatAre(
        sequences.map((sequence) => [sequence, (sequence.split(residue).length - 1) / sequence.length]),
      ),
    );
    expect(indices.map((found) => found.length)).toEqual(new Array(20).fill(1));
    for (const sequence of ["W", "MKTAYIAK", mixed(777)]) {
      const numbers = computeSequenceFeatures(sequence);
      expect(indices.flat().reduce((sum, at) => sum + numbers[at]!, 0)).toBeCloseTo(1, 5);
    }
  });
});

describe("membrane spans", () => {
  const length = 160;
  /** Stretches of 19 leucines from these indices on. */
  const spanning = (...begins: number[]) =>
    Array.from({ length }, (_, index) =>
      begins.some((begin) => index >= begin && index < begin + 19) ? "L" : plain[index % plain.length],
    ).join("");

  it("are counted", () => {
    const cases = [
      [spanning(), 0],
      [spanning(30), 1],
      [spanning(90), 1],
      [spanning(30, 90), 2],
      [`${"L".repeat(19)}${plain}`.repeat(20), 14], // and no further
    ] as const;
    expect(numbersThatAre(cases)).toHaveLength(1);
  });

  it("are placed: the first from the start, the last from the end", () => {
    const indices = (values: readonly number[]) =>
      numbersThatAre(
        [spanning(), spanning(30), spanning(90), spanning(30, 90)].map((s, i) => [s, values[i]!]),
      );
    expect(indices([-1, 30, 90, 30])).toHaveLength(1);
    expect(indices([-1, 30 / length, 90 / length, 30 / length])).toHaveLength(1);
    expect(indices([-1, length - 30, length - 90, length - 90])).toHaveLength(1);
    expect(indices([-1, 30 / length, 90 / length, 90 / length])).toHaveLength(1);
  });

  it("come with the charge on either side of the first and of the last", () => {
    const [before, after] = [neutral.slice(0, 80), neutral.slice(80)];
    const span = "L".repeat(19);
    const [inward, outward] = [`${before}KRK${span}${after}`, `${before}${span}KRK${after}`];
    const none = `${before}${span}${after}`;
    const sides = (values: readonly number[]) =>
      numbersThatAre([inward, outward, none].map((sequence, i) => [sequence, values[i]!]));
    expect(sides([3, 0, 0])).toHaveLength(2);
    expect(sides([0, 3, 0])).toHaveLength(2);
  });
});

describe("signals", () => {
  it.each([
    [
      "of retrieval to the ER",
      [`${plain}KDEL`, `${plain}HDEL`, `${plain}RDEL`],
      [`${plain}KDEL${plain}`, `KDEL${plain}`, `${plain}KDELA`, `${plain}KDEV`, `${plain}ADEL`],
    ],
    [
      "of peroxisomes",
      [`${plain}SKL`, `${plain}AKL`, `${plain}CRM`],
      [`${plain}SKL${plain}`, `SKL${plain}`, `${plain}SKLA`, `${plain}SEL`, `${plain}GKL`],
    ],
    [
      "of prenylation",
      [`${plain}CVLS`, `${plain}CAIM`],
      [`${plain}CVLS${plain}`, `CVLS${plain}`, `${plain}CVLSA`, `${plain}CDLS`, `${plain}SVLS`],
    ],
    [
      "of return from the Golgi",
      [`${plain}KKSS`, `${plain}KKTN`],
      [`${plain}KKSS${plain}`, `KKSS${plain}`, `${plain}KKSSS`, `${plain}SKSS`],
    ],
  ])("%s are counted at the end and nowhere else", (_, present, absent) => {
    const cases = [plain, ...absent].map((sequence) => [sequence, 0] as const);
    expect(numbersThatAre([...present.map((sequence) => [sequence, 1] as const), ...cases])).toHaveLength(1);
  });

  it("of glycosylation are counted wherever they stand", () => {
    const cases = [
      [plain, 0],
      [`${plain}NGSA${plain}`, 1],
      [`NATG${plain}NGSA${plain}NSSG`, 3],
      [`${plain}NPSA${plain}`, 0],
      [`${plain}NGSP${plain}`, 0],
      [`${plain}NGAA${plain}`, 0],
    ] as const;
    expect(numbersThatAre(cases)).toHaveLength(1);
  });
});

describe("charge", () => {
  const sequences = [`KRKRK${neutral}`, `${neutral}EDEDE`, `KE${neutral}`, `HHHH${neutral}`];
  const charges = (values: readonly number[]) => numbersThatAre(sequences.map((s, i) => [s, values[i]!]));

  it("is the basic residues less the acidic ones", () => {
    expect(charges([5 / 165, -5 / 165, 0, 0])).toHaveLength(1);
    expect(charges([5 / 165, 5 / 165, 2 / 162, 0])).toHaveLength(1);
  });

  it("is summed at either end", () => {
    expect(charges([5, 0, 0, 0])).toHaveLength(2);
    expect(charges([0, -5, 0, 0])).toHaveLength(1);
    const within = `${neutral.slice(0, 24)}KKK${neutral}`;
    const startOf40 = [...sequences.map((s, i) => [s, [5, 0, 0, 0][i]!] as const), [within, 3] as const];
    expect(numbersThatAre(startOf40)).toHaveLength(1);
  });
});

describe("the hydrophobic moment", () => {
  const hydropathy = { L: 3.8, K: -3.9 };
  /** 18 residues, five turns of a helix (100 degrees each) or a strand (170 degrees). */
  function momentOf(peptide: string, degrees: number): number {
    const sum = (wave: (angle: number) => number) =>
      Array.from(peptide as Iterable<"L" | "K">, (residue, index) => [hydropathy[residue], index] as const)
        .map(([value, index]) => value * wave((index * degrees * Math.PI) / 180))
        .reduce((total, x) => total + x, 0);
    return Math.hypot(sum(Math.cos), sum(Math.sin)) / peptide.length;
  }
  const helix = Array.from({ length: 18 }, (_, index) =>
    Math.cos((index * 100 * Math.PI) / 180) > 0 ? "L" : "K",
  ).join("");
  const shuffled = Array.from(helix).sort().join("");
  const strand = "LK".repeat(9);

  it("of one window is Eisenberg's, of helix and strand", () => {
    for (const degrees of [100, 170]) {
      const cases = [helix, shuffled, strand].map(
        (peptide) => [peptide, momentOf(peptide, degrees)] as const,
      );
      expect([degrees, numbersThatAre(cases)]).toEqual([degrees, expect.toSatisfy((x) => x.length === 3)]);
    }
  });

  it("of an amphipathic helix exceeds that of its residues in another order", () => {
    const cases = [helix, shuffled].map((peptide) => [peptide, momentOf(peptide, 100)] as const);
    const [inHelix, otherwise] = [helix, shuffled].map((s) => computeSequenceFeatures(`QGST${s}QGST`));
    const ratios = numbersThatAre(cases).map((at) => inHelix![at]! / otherwise![at]!);
    expect(ratios).toHaveLength(3); // the largest, the mean, the largest near the start
    expect(Math.min(...ratios)).toBeGreaterThan(1.2);
    expect(Math.max(...ratios)).toBeGreaterThan(2);
  });
});
