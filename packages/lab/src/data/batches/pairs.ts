// Which image goes with which protein. An image of a known gene goes with that gene's protein; most images state only their
// compartment and go with a random training protein of it, sampled anew each time. What is learned so is the look of a
// compartment, not of a protein: say so wherever results are shown.

import { type Compartment, compartmentGroups, compartments, placeLabels } from "../atlas/compartments.ts";
import { type Crop, isGraded, type Protein } from "../atlas/tables.ts";
import { cumulate, drawIndex } from "./weighted-sampler.ts";

// A label "nucleus" that may mean any part of it makes a worse pair than a resolved one.
const unresolvedWeight = 0.25;

export interface Pairing {
  /** The protein of an image, sampled by `uniform` in [0, 1) where several fit; undefined if no training protein does. */
  pairedProtein(crop: Crop, uniform: number): Protein | undefined;
  /** Whether an image has a protein, which is so for every `uniform` or for none. */
  isPaired(crop: Crop): boolean;
}

/**
 * Pairs crops with training proteins: `proteins` must hold no others. `weightOf` says how often a protein is sampled,
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
  const sample = (key: string, uniform: number) => {
    const pool = pools.get(key);
    return pool?.members[drawIndex(sums.get(key)!, uniform)];
  };
  const pairedProtein = (crop: Crop, uniform: number): Protein | undefined => {
    const known = crop.uniprot === undefined ? undefined : byUniprot.get(crop.uniprot);
    if (known !== undefined) return known;
    const placed = [...placeLabels(crop.labels)];
    const together = sample(keyOf(placed.map(([compartment]) => compartment)), uniform);
    if (together !== undefined) return together;
    // No protein is in all of them. One of a single compartment is sampled, the compartment by its share, with the same
    // number stretched over the choice.
    const single = placed.filter(([compartment]) => pools.has(keyOf([compartment])));
    if (single.length === 0) return undefined;
    const shares = cumulate(single.map(([, share]) => share));
    const chosen = drawIndex(shares, uniform);
    const total = shares[shares.length - 1]!;
    const before = chosen === 0 ? 0 : shares[chosen - 1]!;
    const rest = (uniform * total - before) / (shares[chosen]! - before);
    return sample(keyOf([single[chosen]![0]]), Math.min(rest, 1 - 2 ** -24));
  };
  return { pairedProtein, isPaired: (crop) => pairedProtein(crop, 0) !== undefined };
}

/** Compartments that a protein is surely in: OpenCell's strong grade, or everything that another source names. */
function strongCompartments(protein: Protein): Compartment[] {
  const strong = isGraded(protein.source)
    ? protein.labels.filter(({ weight }) => weight >= 3)
    : protein.labels;
  return [...placeLabels(strong).keys()];
}

function isResolved(protein: Protein, strong: readonly Compartment[]): boolean {
  const leaders = compartmentGroups.map(({ members }) => members[0]!);
  return isGraded(protein.source) || !strong.some((compartment) => leaders.includes(compartment));
}

function keyOf(names: readonly Compartment[]): string {
  return compartments.filter((name) => names.includes(name)).join(" ");
}
