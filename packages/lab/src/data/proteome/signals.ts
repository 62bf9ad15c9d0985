// Sorting signals as residues: how each is written into a sequence, and where. A strength from 0 to 1 sets how much of the
// signal is there: the residues of a strong one are those of the textbook, a weak one has fewer of them. Consensus
// sequences: presequence (von Heijne 1986, EMBO J. 5:1335), signal peptide (von Heijne 1985, J. Mol. Biol. 184:99),
// KDEL (Munro & Pelham 1987), NLS (Kalderon 1984), NES (Wen 1995), transmembrane spans that are shorter in the Golgi than
// in the plasma membrane (Sharpe 2010, Cell 142:158), PTS1 (Gould 1989), CAAX with basic residues before it (Hancock 1990).

import type { Draws } from "../simulate/draws.ts";

/** Names of the signals; the two lengths of transmembrane spans are signals of their own. */
export const signalNames = [
  "presequence",
  "signal_peptide",
  "kdel",
  "nls",
  "nes",
  "tm_golgi",
  "tm_plasma_membrane",
  "pts1",
  "caax",
] as const;
/** One of `signalNames`. */
export type SignalName = (typeof signalNames)[number];

/** A signal of a protein, in residues counted from 0, end excluded. */
export interface PlantedSignal {
  readonly name: SignalName;
  readonly begin: number;
  readonly end: number;
  /** 0 to 1. */
  readonly strength: number;
}

/** Where in a sequence a signal belongs. */
export const signalPlaces: Readonly<Record<SignalName, "start" | "inside" | "end">> = {
  presequence: "start",
  signal_peptide: "start",
  nls: "inside",
  nes: "inside",
  tm_golgi: "inside",
  tm_plasma_membrane: "inside",
  kdel: "end",
  pts1: "end",
  caax: "end",
};

/** The residues of a signal of a strength, which is rounded to tenths. */
export function writeSignal(name: SignalName, strength: number, draws: Draws): string {
  return writers[name](strength, draws);
}

const pick = (draws: Draws, letters: string): string => letters[draws.whole(0, letters.length - 1)]!;
const many = (draws: Draws, count: number, letters: string): string =>
  Array.from({ length: count }, () => pick(draws, letters)).join("");

/** A span of hydrophobic residues: the weaker, the more of its places are small and indifferent. */
function hydrophobic(draws: Draws, length: number, strength: number): string {
  const strong = Math.round(length * (0.5 + 0.5 * strength));
  const order = Array.from({ length }, (_, i) => [draws.between(0, 1), i] as const).sort(([a], [b]) => a - b);
  const isStrong = new Set(order.slice(0, strong).map(([, i]) => i));
  return Array.from({ length }, (_, i) => pick(draws, isStrong.has(i) ? "LLLIVF" : "AGST")).join("");
}

const writers: Readonly<Record<SignalName, (strength: number, draws: Draws) => string>> = {
  // Arginines on one side of a helix, every third or fourth residue; no acidic residue.
  presequence(strength, draws) {
    const turns = 3 + Math.round(4 * strength);
    return `ML${Array.from({ length: turns }, () => `R${many(draws, draws.whole(2, 3), "LASFLAT")}`).join("")}SY`;
  },
  signal_peptide: (strength, draws) =>
    `MK${hydrophobic(draws, 7 + Math.round(7 * strength), strength)}A${pick(draws, "QSTW")}A`,
  kdel: (strength) => byStrength(strength, ["KEEL", "RDEL", "HDEL", "KDEL"]),
  nls(strength, draws) {
    const basic = 3 + Math.round(4 * strength);
    return `P${many(draws, basic, "KKKR")}V${pick(draws, "ESTD")}`;
  },
  nes(strength, draws) {
    const strong = Math.round(1 + 3 * strength); // of four places
    const places = Array.from({ length: 4 }, (_, place) => (place < strong ? "L" : pick(draws, "MAV")));
    const [a, b, c, d] = places as [string, string, string, string];
    return `${a}${many(draws, 2, "EQDS")}${b}${many(draws, 2, "EKDS")}${c}${many(draws, 1, "TDE")}${d}`;
  },
  tm_golgi: (strength, draws) => `${hydrophobic(draws, 16, strength)}RR`,
  tm_plasma_membrane: (strength, draws) => `${hydrophobic(draws, 23, strength)}RR`,
  pts1: (strength) => byStrength(strength, ["PKL", "SKM", "AKL", "SKL"]),
  caax(strength, draws) {
    const basic = Math.round(6 * strength);
    return `${"K".repeat(basic)}${many(draws, 6 - basic, "SGT")}C${pick(draws, "VI")}${pick(draws, "ILV")}${pick(draws, "MS")}`;
  },
};

const byStrength = (strength: number, forms: readonly [string, ...string[]]): string =>
  forms[Math.min(forms.length - 1, Math.floor(strength * forms.length))]!;
