// The main compartments of a known protein, and which of them each of its images shows. A source that grades gives the
// proportions by its grades. One that lists compartments in no order is put in proportion by what the sequence predicts. A
// whole that a source does not resolve (the nucleus) stands for the part that another source names, or else for the most
// probable one. A further source counts as much as the first where it names one compartment alone.

import type { LoadedHomologs, UnresolvedCompartment } from "@proteoscope/models";
import type { KnownProtein } from "./known.ts";
import type { CompartmentProbabilities } from "./probabilities.ts";

/** Compartments with less than this part of the largest share are not main ones. */
const leastPart = 1 / 2;

/** What the shares of a known protein depend on besides its annotations. */
export interface MainCompartmentOptions extends Pick<LoadedHomologs, "sources"> {
  /** Multi-label probabilities from the sequence alone. */
  readonly predicted: CompartmentProbabilities;
  /** Compartments that images can show. */
  readonly shown: readonly string[];
}

/**
 * Shares of the main compartments that images can show, the largest first; they sum to 1. None where the annotations that
 * count name no such compartment.
 */
export function mainCompartments(
  { annotations }: KnownProtein,
  options: MainCompartmentOptions,
): ReadonlyMap<string, number> {
  const counting = annotations.filter(({ compartments }, index) => index === 0 || compartments.length === 1);
  const shares = new Map<string, number>();
  for (const annotation of counting)
    for (const [name, share] of sharesOf(annotation, [...shares.keys()], options))
      shares.set(name, (shares.get(name) ?? 0) + share);
  const largest = Math.max(0, ...shares.values());
  const { predicted } = options;
  const main = [...shares].filter(([, share]) => share >= leastPart * largest - roundingError);
  return normalized(main.sort(([a, x], [b, y]) => y - x || predicted[b]! - predicted[a]!));
}

/** Shares that are equal by their definition differ by less. */
const roundingError = 1e-9;

/** The shares of one source; `named` are the compartments of those before it. */
function sharesOf(
  { source, compartments }: KnownProtein["annotations"][number],
  named: readonly string[],
  { sources, predicted, shown }: MainCompartmentOptions,
): ReadonlyMap<string, number> {
  const unresolved = sources.find(({ title }) => title === source)?.unresolved ?? [];
  const weights = compartments.flatMap(({ name, grade }): [string, number][] => {
    const whole = unresolved.find((one) => one.name === name) ?? { name, members: [name] };
    const parts = whole.members.filter((part) => shown.includes(part) && Object.hasOwn(predicted, part));
    const likely = parts.sort((a, b) => predicted[b]! - predicted[a]!);
    const part = named.find((one) => parts.includes(one)) ?? likely[0];
    return part === undefined ? [] : [[part, grade ?? probabilityOfAny(whole, predicted)]];
  });
  return normalized(weights);
}

/** Shares by name, which sum to 1; equal ones where all weights are 0. */
function normalized(weights: readonly (readonly [string, number])[]): ReadonlyMap<string, number> {
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  const shares = new Map<string, number>();
  for (const [name, weight] of weights)
    shares.set(name, (shares.get(name) ?? 0) + (total > 0 ? weight / total : 1 / weights.length));
  return shares;
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
    const next = behind.findIndex((value) => value >= Math.max(...behind) - roundingError);
    counts[next]! += 1;
    return next;
  });
}
