// The rule of the simulated proteome: what a protein's signals and composition make of it. It is written down in
// docs/simulated-proteome.md, and everything that a model is asked about the proteome has its answer here.

import type { ImageCompartment } from "../simulate/compartments/renderers.ts";
import type { PlantedSignal, SignalName } from "./signals.ts";

/** Compartments that the rule knows; none of the signals leads to the others. */
export const ruledCompartments = [
  "mitochondria",
  "nucleoplasm",
  "ER",
  "cytoplasm",
  "vesicles",
  "nuclear_membrane",
  "nucleolus",
  "Golgi",
  "plasma_membrane",
] as const satisfies readonly ImageCompartment[];
/** One of `ruledCompartments`. */
export type RuledCompartment = (typeof ruledCompartments)[number];

/** What the images of a protein show, apart from chance. */
export interface Phenotype {
  /** Shares of the compartments, which sum to 1; shares below 0.03 are 0. */
  readonly mixture: Readonly<Record<RuledCompartment, number>>;
  /** 0 for smooth to 1 for all in granules. */
  readonly granularity: number;
  /** Brightness, 0 to 1. */
  readonly abundance: number;
}

const leastShare = 0.03;

/** Residues of a granule tract at which a protein is all granules. */
export const longestTract = 40;

/** Applies the rule to a protein with these signals. */
export function phenotypeOf(sequence: string, signals: readonly PlantedSignal[]): Phenotype {
  const strength = (name: SignalName) =>
    Math.max(0, ...signals.filter((signal) => signal.name === name).map((signal) => signal.strength));
  return {
    mixture: mixtureOf(strength, sequence.length),
    granularity: Math.min(1, longestRun(sequence, "QN") / longestTract),
    abundance: abundanceOf(sequence),
  };
}

function mixtureOf(s: (name: SignalName) => number, length: number): Phenotype["mixture"] {
  const span = Math.max(s("tm_golgi"), s("tm_plasma_membrane"));
  const secreted = Math.max(s("signal_peptide"), span); // either sends a protein into the ER
  const leaves = secreted * (1 - s("kdel")); // what KDEL does not bring back
  const free = 1 - 0.8 * secreted; // what is in membranes or in the ER is not at large
  const small = length < 160 ? 1 : 0; // diffuses through nuclear pores
  const weights: Record<RuledCompartment, number> = {
    mitochondria: 4 * s("presequence"),
    ER: 4 * secreted * s("kdel") + 0.6 * leaves,
    Golgi: 4 * leaves * s("tm_golgi"),
    plasma_membrane: 4 * leaves * s("tm_plasma_membrane") + 3.5 * s("caax") * free,
    vesicles: 3 * leaves * (1 - span) + 3.5 * s("pts1") * free,
    nuclear_membrane: 6 * span * s("nls"),
    nucleoplasm: (0.15 + 0.5 * small + 3.5 * s("nls") * (1 - 0.6 * s("nes"))) * free,
    nucleolus: 12 * Math.max(0, s("nls") - 0.6) * (1 - s("nes")) * free, // strongly basic signals bind its RNA
    cytoplasm: (0.6 + 3 * s("nes")) * free,
  };
  const raw = normalize(weights);
  return normalize(mapValues(raw, (share) => (share < leastShare ? 0 : share)));
}

/** Abundance rises with the share of alanine and glycine, from 8 % to 30 %. */
function abundanceOf(sequence: string): number {
  const count = sequence.match(/[AG]/g)?.length ?? 0;
  return Math.min(1, Math.max(0, (count / sequence.length - 0.08) / 0.22));
}

/** Length of the longest run of some residues. */
function longestRun(sequence: string, letters: string): number {
  const runs = sequence.match(new RegExp(`[${letters}]+`, "g")) ?? [];
  return Math.max(0, ...runs.map(({ length }) => (length < 4 ? 0 : length))); // shorter ones are chance
}

function normalize<Key extends string>(weights: Readonly<Record<Key, number>>): Record<Key, number> {
  const total = Object.values<number>(weights).reduce((sum, weight) => sum + weight, 0);
  return mapValues(weights, (weight) => weight / total);
}

function mapValues<Key extends string>(
  values: Readonly<Record<Key, number>>,
  change: (value: number) => number,
): Record<Key, number> {
  const entries = Object.entries<number>(values).map(([key, value]) => [key, change(value)]);
  return Object.fromEntries(entries) as Record<Key, number>;
}
