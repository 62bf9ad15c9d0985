// Distances of all sets of images to the real ones, in every space: to half of the real images, with the other half as the floor,
// and compartment by compartment.

import { setImmediate } from "node:timers/promises";
import type { WorkOptions } from "@proteoscope/microscope";
import { groupBy } from "../../data/group-by.ts";
import type { CellEncoder } from "../encoders/encoder.ts";
import { earthMovers } from "../measures/images/histogram.ts";
import type { SuiteDetails } from "./details.ts";
import { distributionFigures, type SpacePoint, splitUnits, standardizer } from "./distributions.ts";
import { type Figure, plainFigure } from "./figure.ts";
import { imageChannels, type Look } from "./look.ts";

/** Distances of every subject to half of the real images, of the other half as the floor, space by space. */
export async function setDistances(
  { real, subjects }: SuiteDetails,
  encoders: readonly CellEncoder[],
  seed: number,
  { signal, onProgress }: WorkOptions,
): Promise<Figure[]> {
  const total = encoders.length * (subjects.length + 1);
  let done = 0;
  const step = async (note: string) => {
    await setImmediate(); // an interrupt has its turn
    signal.throwIfAborted();
    onProgress?.({ phase: "distances of sets", done: done++, total, unit: "sets", note });
  };
  const profiles = subjects.flatMap(({ subject, set, looked }) =>
    imageChannels.map((channel) =>
      plainFigure(
        { measure: "histogram_earth_movers", subject, set, channel },
        earthMovers(looked.histograms[channel].counts, real.histograms[channel].counts),
        looked.looks.length,
      ),
    ),
  );
  const figures: Figure[] = [...profiles];
  for (const { name: by } of encoders) {
    const points = real.looks.map((look) => ({ look, ...pointOf(look, by, look.field) }));
    const [reference, other] = splitUnits(points, seed);
    const standardize = standardizer(reference);
    const inSpace = (rows: readonly SpacePoint[]) => rows.map(standardize);
    const halves = inSpace(reference);
    await step(`${by}: real`);
    const floor = { subject: "other real images", set: "all", by, unit: "fields" } as const;
    figures.push(...distributionFigures(halves, inSpace(other), floor, { seed }));
    for (const { subject, set, looked } of subjects) {
      await step(`${by}: ${subject}`);
      const rows = looked.looks.map((look) => ({ look, ...pointOf(look, by, look.protein) }));
      const key = { subject, set, by };
      figures.push(...distributionFigures(halves, inSpace(rows), key, { seed }));
      if (subject === "generated") figures.push(...byCompartment(points, rows, standardize, key, seed));
    }
  }
  return figures;
}

interface LookPoint extends SpacePoint {
  readonly look: Look;
}

/** Distances by compartment; all real images of a compartment are the reference, since there are few. */
function byCompartment(
  real: readonly LookPoint[],
  rows: readonly LookPoint[],
  standardize: (point: SpacePoint) => SpacePoint,
  key: { readonly subject: string; readonly set: Figure["set"]; readonly by: string },
  seed: number,
): Figure[] {
  return [...groupBy(rows, ({ look }) => look.label?.name)].flatMap(([compartment, ofClass]) => {
    const members = ofClass[0]!.look.label?.members ?? [];
    const reference = real.filter(({ look }) => look.label?.members.every((name) => members.includes(name)));
    return compartment === undefined
      ? []
      : distributionFigures(
          reference.map(standardize),
          ofClass.map(standardize),
          { ...key, compartment },
          { seed },
        );
  });
}

function pointOf({ encoded }: Look, by: string, unit: string): SpacePoint {
  return { unit, embedding: encoded.get(by)!.embedding };
}
