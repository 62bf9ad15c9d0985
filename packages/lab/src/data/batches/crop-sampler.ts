// How often each crop is sampled for training, and the sampler. Composites of two cells and simulated cells have
// probabilities of their own, which may change as a run goes on.

import { placeCompartment } from "../atlas/compartments.ts";
import { type Crop, isRealCell, simulatedSource } from "../atlas/tables.ts";
import { cumulate, drawIndex } from "./weighted-sampler.ts";

/** A rule that multiplies the weight of the crops that agree with every given field. */
export interface CropRule {
  readonly source?: string | undefined;
  readonly gene?: string | undefined;
  readonly primary?: string | undefined;
  readonly weight: number;
}

export interface CropWeightOptions {
  /** From 0, compartments are sampled as often as they occur, to 1, equally often. */
  readonly compartmentBalance: number;
  /** The same for sources. */
  readonly sourceBalance: number;
  /** Factors for labels that are known to mislead. */
  readonly rules: readonly CropRule[];
}

/** How often each crop is sampled, relative to the others: by quality, rarity and rules. */
export function cropWeights(crops: readonly Crop[], options: CropWeightOptions): Float64Array {
  const { compartmentBalance, sourceBalance, rules } = options;
  const weights = Float64Array.from(crops, (crop) =>
    rules.reduce(
      (weight, rule) => (agrees(crop, rule) ? weight * rule.weight : weight),
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
  // Simulated cells are sampled separately, and change nothing in the weights of the others.
  const kindOf = ({ source }: Crop) => (source === simulatedSource ? " simulated" : "");
  balance((crop) => `${placeCompartment(crop.primary) ?? "none"}${kindOf(crop)}`, compartmentBalance);
  return weights;
}

function agrees(crop: Crop, { source, gene, primary }: CropRule): boolean {
  return (
    (source === undefined || crop.source === source) &&
    (gene === undefined || crop.gene === gene) &&
    (primary === undefined || crop.primary === primary)
  );
}

/** Probability that a sampled crop is a composite of two cells, or simulated. */
export interface CropShares {
  readonly blend: number;
  readonly simulated: number;
}

/** Samples crops: composites and simulated cells with the probabilities in `shares`, real single cells otherwise. */
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
    const chosen = first < shares.blend ? blended : first >= 1 - shares.simulated ? simulated : real;
    const pool = chosen ?? usual;
    return crops[pool.positions[drawIndex(pool.sums, second)]!]!;
  };
}

/** Linear from `start` to `end` over a run; progress in [0, 1]. */
export function scheduleShare({ start, end }: { start: number; end: number }, progress: number): number {
  return start + (end - start) * Math.min(1, Math.max(0, progress));
}
