// Which image goes with which sequence, and how often each image is shown. An image of a known gene goes with that
// gene's protein; most images tell only their compartment and go with a random training protein of it, drawn anew
// each time. What is learned so is the look of a compartment, not of a protein: say so wherever results are shown.

import {
  type Compartment,
  compartmentGroups,
  compartments,
  placeCompartment,
  placeLabels,
} from "../atlas/compartments.ts";
import { type Crop, isRealCell, type Protein, simulatedSource } from "../atlas/tables.ts";
import { cumulate, drawIndex } from "./weighted-sampler.ts";

/** A rule that changes the weight of the crops it names: those that agree with every field that is given. */
export interface CropRule {
  readonly source?: string | undefined;
  readonly gene?: string | undefined;
  readonly primary?: string | undefined;
  readonly weight: number;
}

export interface CropWeightOptions {
  /** 0 shows compartments as often as they are, 1 equally often. */
  readonly compartmentBalance: number;
  /** The same for sources. */
  readonly sourceBalance: number;
  /** Factors for labels that are known to mislead. */
  readonly rules: readonly CropRule[];
}

/** How often each crop is shown, relative to the others: by quality, rarity and rules. */
export function cropWeights(crops: readonly Crop[], options: CropWeightOptions): Float64Array {
  const { compartmentBalance, sourceBalance, rules } = options;
  const weights = Float64Array.from(crops, (crop) =>
    rules.reduce(
      (weight, rule) => (isMeant(crop, rule) ? weight * rule.weight : weight),
      crop.quality * crop.labelConsistency,
    ),
  );
  const balance = (keyOf: (crop: Crop) => string, power: number) => {
    const totals = new Map<string, number>();
    for (const [i, crop] of crops.entries()) {
      totals.set(keyOf(crop), (totals.get(keyOf(crop)) ?? 0) + weights[i]!);
    }
    for (const [i, crop] of crops.entries()) {
      const total = totals.get(keyOf(crop))!;
      if (total > 0) weights[i]! *= total ** -power;
    }
  };
  balance((crop) => crop.source, sourceBalance);
  // Simulated cells are drawn apart from the others, and change nothing in their weights.
  const apart = ({ source }: Crop) => (source === simulatedSource ? " simulated" : "");
  balance((crop) => `${placeCompartment(crop.primary) ?? "none"}${apart(crop)}`, compartmentBalance);
  return weights;
}

function isMeant(crop: Crop, { source, gene, primary }: CropRule): boolean {
  return (
    (source === undefined || crop.source === source) &&
    (gene === undefined || crop.gene === gene) &&
    (primary === undefined || crop.primary === primary)
  );
}

/** With what probability a crop that is shown is a blend, or simulated. */
export interface CropShares {
  readonly blend: number;
  readonly simulated: number;
}

/** Draws crops: blends of two cells and simulated cells as often as the shares say, real cells otherwise. */
export function createCropSampler(
  crops: readonly Crop[],
  weights: Float64Array,
): (uniform: readonly [number, number], shares: CropShares) => Crop {
  const kinds = [
    isRealCell,
    ({ isBlend }: Crop) => isBlend,
    ({ source }: Crop) => source === simulatedSource,
  ];
  const pools = kinds.map((isOfKind) => {
    const positions = crops.flatMap((crop, i) => (isOfKind(crop) && weights[i]! > 0 ? [i] : []));
    return positions.length === 0
      ? undefined
      : { positions, sums: cumulate(positions.map((position) => weights[position]!)) };
  });
  const [real, blended, simulated] = pools;
  const usual = real ?? blended ?? simulated;
  if (usual === undefined) throw new RangeError("no crop has a weight above 0");
  return ([first, second], shares) => {
    const asked = first < shares.blend ? blended : first >= 1 - shares.simulated ? simulated : real;
    const pool = asked ?? usual;
    return crops[pool.positions[drawIndex(pool.sums, second)]!]!;
  };
}

/** Linear from `start` to `end` over a run; progress in [0, 1]. */
export function scheduleShare({ start, end }: { start: number; end: number }, progress: number): number {
  return start + (end - start) * Math.min(1, Math.max(0, progress));
}

// A label "nucleus" that may mean any part of it makes a worse partner than a resolved one.
const unresolvedWeight = 0.25;

export interface Pairing {
  /** The protein of an image, drawn by `uniform` where several may be; undefined if no training protein fits. */
  pairedProtein(crop: Crop, uniform: number): Protein | undefined;
}

/**
 * Pairs crops with training proteins: `proteins` must hold no others. `weightOf` says how often a protein is drawn,
 * relative to others of the same compartments.
 */
export function createPairing(
  proteins: readonly Protein[],
  weightOf: (protein: Protein, compartments: readonly Compartment[]) => number = () => 1,
): Pairing {
  const byUniprot = new Map(proteins.map((protein) => [protein.uniprot, protein]));
  const pools = new Map<string, { members: Protein[]; weights: number[] }>();
  for (const protein of proteins) {
    const strong = strongCompartments(protein);
    if (!protein.isHuman || strong.length === 0) continue;
    const key = keyOf(strong);
    const pool = pools.get(key) ?? { members: [], weights: [] };
    pool.members.push(protein);
    pool.weights.push(weightOf(protein, strong) * (isResolved(protein, strong) ? 1 : unresolvedWeight));
    pools.set(key, pool);
  }
  const sums = new Map([...pools].map(([key, { weights }]) => [key, cumulate(weights)]));
  const draw = (key: string, uniform: number) => {
    const pool = pools.get(key);
    return pool?.members[drawIndex(sums.get(key)!, uniform)];
  };
  return {
    pairedProtein(crop, uniform) {
      const known = crop.uniprot === undefined ? undefined : byUniprot.get(crop.uniprot);
      if (known !== undefined) return known;
      const placed = [...placeLabels(crop.labels)];
      const together = draw(keyOf(placed.map(([compartment]) => compartment)), uniform);
      if (together !== undefined || placed.length < 2) return together;
      // No protein is in all of them: one, by its share, with the same number stretched over the choice.
      const shares = cumulate(placed.map(([, share]) => share));
      const chosen = drawIndex(shares, uniform);
      const total = shares[shares.length - 1]!;
      const before = chosen === 0 ? 0 : shares[chosen - 1]!;
      const rest = (uniform * total - before) / (shares[chosen]! - before);
      return draw(keyOf([placed[chosen]![0]]), Math.min(rest, 1 - 2 ** -24));
    },
  };
}

/** Where a protein is for certain: OpenCell's strong grade, or everything that another source names. */
function strongCompartments(protein: Protein): Compartment[] {
  const strong =
    protein.source === "opencell" ? protein.labels.filter(({ weight }) => weight >= 3) : protein.labels;
  return [...placeLabels(strong).keys()];
}

function isResolved(protein: Protein, strong: readonly Compartment[]): boolean {
  const leaders = compartmentGroups.map(({ members }) => members[0]!);
  return protein.source === "opencell" || !strong.some((compartment) => leaders.includes(compartment));
}

function keyOf(names: readonly Compartment[]): string {
  return compartments.filter((name) => names.includes(name)).join(" ");
}
