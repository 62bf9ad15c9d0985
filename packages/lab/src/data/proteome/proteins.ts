// The proteins of a simulated proteome: families with a common ancestor, whose members share most of their residues and of
// their signals. A member may have lost a signal, or have it weaker: a homolog is a hint, not the answer.

import { createDraws, type Draws } from "../simulate/draws.ts";
import { longestTract, type Phenotype, phenotypeOf } from "./rule.ts";
import { type PlantedSignal, type SignalName, signalPlaces, writeSignal } from "./signals.ts";

/** One protein with what is true of it. */
export interface SimulatedProtein {
  /** "SIM00000", ... */
  readonly id: string;
  readonly family: number;
  /** 0 to 4: all members of a family are in one homology partition; 3 is for calibration, 4 is held out. */
  readonly partition: number;
  readonly sequence: string;
  /** In the order of their places. */
  readonly signals: readonly PlantedSignal[];
  readonly phenotype: Phenotype;
}

/** The protein of each number: a pure function of the seed and the number. */
export function simulateProtein(seed: number, index: number): SimulatedProtein {
  const { family, member } = familyOf(seed, index);
  const ancestor = createAncestor(seed, family);
  const draws = createDraws(seed, "protein", index);
  const plan = member === 0 ? ancestor.plan : ancestor.plan.flatMap((signal) => inherit(signal, draws));
  const body = member === 0 ? ancestor.body : mutate(ancestor.body, draws);
  const { sequence, signals } = assemble(body, plan, ancestor.tract, draws);
  return {
    id: `SIM${String(index).padStart(5, "0")}`,
    family,
    partition: ancestor.partition,
    sequence,
    signals,
    phenotype: phenotypeOf(sequence, signals),
  };
}

interface PlannedSignal {
  readonly name: SignalName;
  readonly strength: number;
  /** Where an inner signal goes, as a fraction of the body. */
  readonly at: number;
}

interface Ancestor {
  readonly plan: readonly PlannedSignal[];
  readonly body: string;
  /** Residues of the granule tract. */
  readonly tract: number;
  readonly partition: number;
}

const mostMembers = 6;
const familyBlock = 24; // proteins whose families are sized together, so that any protein is found at once

/** The family of a protein, and which member of it the protein is; sizes are from 1 to `mostMembers`. */
function familyOf(seed: number, index: number): { family: number; member: number } {
  const block = Math.floor(index / familyBlock);
  const draws = createDraws(seed, "families", block);
  let begin = block * familyBlock;
  for (let number = 0; ; number++) {
    const end = Math.min(begin + draws.whole(1, mostMembers), (block + 1) * familyBlock);
    if (index < end) return { family: block * familyBlock + number, member: index - begin };
    begin = end;
  }
}

const residues = "ACDEFGHIKLMNPQRSTVWY";
// Percent in Swiss-Prot, but for cysteine, which CAAX has.
const frequencies = [
  8, 1, 5.5, 6.7, 3.9, 7, 2.3, 5.9, 5.8, 9.7, 2.4, 4, 4.7, 3.9, 5.5, 6.6, 5.3, 6.9, 1.1, 2.9,
];
// Families are divided in unequal parts: most are learned from.
const partitionEnds = [0.26, 0.52, 0.76, 0.86, 1];

function createAncestor(seed: number, family: number): Ancestor {
  const draws = createDraws(seed, "ancestor", family);
  const chance = draws.between(0, 1);
  const partition = partitionEnds.findIndex((end) => chance < end);
  const richness = draws.between(0.2, 2.6); // of alanine and glycine: abundance
  const length = Math.round(draws.logBetween(90, 320));
  return {
    partition,
    plan: planSignals(draws),
    body: createBody(length, richness, draws),
    tract: draws.chance(0.5) ? 0 : draws.whole(8, longestTract),
  };
}

function createBody(length: number, richness: number, draws: Draws): string {
  const weights = frequencies.map((weight, i) => ("AG".includes(residues[i]!) ? richness * weight : weight));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Array.from({ length }, () => {
    let left = draws.between(0, total);
    const at = weights.findIndex((weight) => (left -= weight) < 0);
    return residues[at < 0 ? 0 : at];
  }).join("");
}

// Architectures with how often they occur: what is found together in cells.
const architectures: readonly { readonly often: number; readonly signals: readonly SignalName[] }[] = [
  { often: 5, signals: ["presequence"] },
  { often: 7, signals: ["signal_peptide", "kdel"] },
  { often: 2, signals: ["signal_peptide"] },
  { often: 3, signals: ["signal_peptide", "tm_golgi"] },
  { often: 2, signals: ["tm_golgi"] },
  { often: 3, signals: ["signal_peptide", "tm_plasma_membrane"] },
  { often: 2, signals: ["tm_plasma_membrane"] },
  { often: 2, signals: ["tm_golgi", "nls"] },
  { often: 2, signals: ["tm_plasma_membrane", "nls"] },
  { often: 6, signals: ["nls"] },
  { often: 4, signals: ["nls", "nes"] },
  { often: 3, signals: ["nes"] },
  { often: 2, signals: ["pts1"] },
  { often: 3, signals: ["caax"] },
  { often: 1, signals: ["nls", "pts1"] },
  { often: 1, signals: ["presequence", "nls"] },
  { often: 3, signals: [] },
];

function planSignals(draws: Draws): PlannedSignal[] {
  const total = architectures.reduce((sum, { often }) => sum + often, 0);
  let left = draws.between(0, total);
  const { signals } = architectures.find(({ often }) => (left -= often) < 0) ?? architectures[0]!;
  return signals.map((name) => ({ name, strength: drawStrength(draws), at: draws.between(0.15, 0.85) }));
}

// Most signals are strong.
const drawStrength = (draws: Draws): number => tenth(1 - 0.7 * draws.between(0, 1) ** 1.7);
const tenth = (value: number): number => Math.round(10 * value) / 10;

/** A member's signal: as the ancestor's, a little stronger or weaker, or lost. */
function inherit(signal: PlannedSignal, draws: Draws): PlannedSignal[] {
  if (draws.chance(0.12)) return [];
  const strength = tenth(Math.min(1, Math.max(0.3, signal.strength + 0.2 * draws.normal())));
  return [{ ...signal, strength }];
}

/** Replaces 15 to 45 % of the residues, and cuts or repeats a piece. */
function mutate(body: string, draws: Draws): string {
  const rate = draws.between(0.15, 0.45);
  const source = createBody(body.length, 1, draws);
  const changed = Array.from(body, (residue, i) => (draws.chance(rate) ? source[i]! : residue)).join("");
  const at = draws.whole(0, body.length - 12);
  const piece = draws.whole(1, 12);
  return draws.chance(0.5)
    ? changed.slice(0, at) + changed.slice(at + piece)
    : changed.slice(0, at + piece) + changed.slice(at);
}

/** Writes the signals and the tract into a body, and says where each signal is. */
function assemble(
  body: string,
  plan: readonly PlannedSignal[],
  tract: number,
  draws: Draws,
): Pick<SimulatedProtein, "sequence" | "signals"> {
  const write = (signal: PlannedSignal) => ({
    name: signal.name as SignalName | undefined,
    at: { start: 0, inside: signal.at, end: 1 }[signalPlaces[signal.name]],
    residues: writeSignal(signal.name, signal.strength, draws),
    strength: signal.strength,
  });
  const written = plan.map(write);
  if (!plan.some(({ name }) => signalPlaces[name] === "start"))
    written.push({ name: undefined, at: 0, residues: "M", strength: 0 });
  if (tract > 0) {
    const granules = Array.from({ length: tract }, () => (draws.chance(0.6) ? "Q" : "N")).join("");
    written.push({ name: undefined, at: 0.5, residues: `S${granules}S`, strength: 0 });
  }
  let sequence = "";
  let used = 0;
  const signals: PlantedSignal[] = [];
  for (const { name, at, residues, strength } of written.sort((a, b) => a.at - b.at)) {
    const until = Math.round(at * body.length);
    sequence += body.slice(used, until);
    used = until;
    if (name !== undefined)
      signals.push({ name, begin: sequence.length, end: sequence.length + residues.length, strength });
    sequence += residues;
  }
  return { sequence: sequence + body.slice(used), signals };
}
