// The main compartments of a known protein, and which of them each of its images shows. A source that grades gives the
// proportions by its grades. One that lists compartments in no order is put in proportion by what the sequence predicts; of
// a whole that it does not resolve (the nucleus) the most probable part stands for all.

import type { LoadedHomologs, UnresolvedCompartment } from "@proteoscope/models";
import type { CompartmentProbabilities } from "./encoder.ts";
import type { KnownProtein } from "./known.ts";

/** Compartments with less than this part of the largest weight are not main ones. */
const leastPart = 1 / 2;

/**
 * Shares of the main compartments that images can show, the largest first; they sum to 1. None where the annotation that
 * counts names no such compartment. `predicted` are multi-label probabilities from the sequence alone.
 */
export function mainCompartments(
  { annotations }: KnownProtein,
  {
    sources,
    predicted,
    shown,
  }: Pick<LoadedHomologs, "sources"> & {
    readonly predicted: CompartmentProbabilities;
    /** Compartments that images can show. */
    readonly shown: readonly string[];
  },
): ReadonlyMap<string, number> {
  const { source, compartments } = annotations[0]!;
  const unresolved = sources.find(({ title }) => title === source)?.unresolved ?? [];
  const weights = compartments.flatMap(({ name, grade }) => {
    const whole = unresolved.find((one) => one.name === name) ?? { name, members: [name] };
    const part = mostProbablePart(whole, predicted, shown);
    if (part === undefined) return [];
    return [{ part, probability: predicted[part]!, weight: grade ?? probabilityOfAny(whole, predicted) }];
  });
  const largest = Math.max(0, ...weights.map(({ weight }) => weight));
  const main = weights
    .filter(({ weight }) => weight >= leastPart * largest)
    .sort((a, b) => b.weight - a.weight || b.probability - a.probability);
  const total = main.reduce((sum, { weight }) => sum + weight, 0);
  const shares = new Map<string, number>();
  for (const { part, weight } of main)
    shares.set(part, (shares.get(part) ?? 0) + (total > 0 ? weight / total : 1 / main.length));
  return shares;
}

function mostProbablePart(
  { members }: UnresolvedCompartment,
  predicted: CompartmentProbabilities,
  shown: readonly string[],
): string | undefined {
  const parts = members.filter((name) => shown.includes(name) && Object.hasOwn(predicted, name));
  return parts.sort((a, b) => predicted[b]! - predicted[a]!)[0];
}

/** Probability of at least one of the members, were they independent. */
function probabilityOfAny({ members }: UnresolvedCompartment, predicted: CompartmentProbabilities): number {
  return 1 - members.reduce((none, name) => none * (1 - (predicted[name] ?? 0)), 1);
}

/**
 * The index of the share that each of `samples` images shows: every image the one that is furthest behind its share, so
 * that the first is the largest, and an image is the same however many follow.
 */
export function assignSamples(shares: readonly number[], samples: number): number[] {
  const counts = shares.map(() => 0);
  return Array.from({ length: samples }, (_, sample) => {
    const behind = shares.map((share, index) => share * (sample + 1) - counts[index]!);
    const next = behind.indexOf(Math.max(...behind));
    counts[next]! += 1;
    return next;
  });
}
