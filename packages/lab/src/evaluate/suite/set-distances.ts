// Distances of all sets of images to the real ones, in every space: to half of the real images, with the other half as the floor,
// and compartment by compartment.

import type { WorkOptions } from "@proteoscope/microscope";
import { groupBy } from "../../data/group-by.ts";
import { pause } from "../../pause.ts";
import type { CellEncoder } from "../encoders/encoder.ts";
import { earthMovers } from "../measures/images/histogram.ts";
import type { SuiteDetails } from "./details.ts";
import { distributionFigures, type SpacePoint, splitUnits, standardizer } from "./distributions.ts";
import { type Figure, type FigureKey, plainFigure } from "./figure.ts";
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
    await pause(signal);
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
  for (const encoder of encoders) {
    const by = encoder.name;
    const points = real.looks.map((look) => ({ look, ...pointOf(look, by, look.field) }));
    const [reference, other] = splitUnits(points, seed);
    const standardize = standardizer(reference);
    const inSpace = (rows: readonly SpacePoint[]) => rows.map(standardize);
    const halves = inSpace(reference);
    await step(`${by}: real`);
    const floor = { subject: "other real images", set: "all", by, unit: "fields" } as const;
    const measure = (rows: readonly SpacePoint[], key: Omit<FigureKey, "measure">) => [
      ...distributionFigures(halves, rows, key, { seed }),
      ...byChannel(encoder, halves, rows, key, seed),
    ];
    figures.push(...measure(inSpace(other), floor));
    for (const { subject, set, looked } of subjects) {
      await step(`${by}: ${subject}`);
      const rows = looked.looks.map((look) => ({ look, ...pointOf(look, by, look.protein) }));
      const key = { subject, set, by };
      figures.push(...measure(inSpace(rows), key));
      if (subject === "generated") figures.push(...byCompartment(points, rows, standardize, key, seed));
    }
  }
  return figures;
}

/** Distances of what an encoder sees of one channel alone. */
function byChannel(
  { ofChannel }: CellEncoder,
  reference: readonly SpacePoint[],
  rows: readonly SpacePoint[],
  key: Omit<FigureKey, "measure">,
  seed: number,
): Figure[] {
  if (ofChannel === undefined) return [];
  return imageChannels.flatMap((channel) => {
    const [real, points] = [reference, rows].map((side) =>
      side.map(({ unit, embedding }) => ({ unit, embedding: ofChannel(embedding, channel) })),
    );
    return distributionFigures(real!, points!, { ...key, channel }, { seed });
  });
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
