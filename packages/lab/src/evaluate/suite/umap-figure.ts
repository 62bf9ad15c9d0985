// UMAP of real and generated images in the space of one encoder, with the pictures that the report shows at its points, and
// one number for what the eye sees: whether neighbours across the two kinds are of one compartment.

import { createGenerator } from "@proteoscope/engine";
import type { WorkOptions } from "@proteoscope/microscope";
import type { CellPlanes } from "../judges/cell-features.ts";
import { mean } from "../measures/bootstrap.ts";
import { squaredDistance } from "../measures/distributions/neighbourhoods.ts";
import { embedInPlane } from "../umap/umap.ts";
import { choose, standardizer } from "./distributions.ts";
import type { ImageSet } from "./image-set.ts";
import type { LookedSet } from "./look.ts";
import type { SuiteResults } from "./results.ts";

export type UmapFigure = NonNullable<SuiteResults["umap"]>;

/** Largest number of points of a kind: each is a picture in the report. */
const mostPoints = 250;
const fewestPoints = 5;
const neighbours = 15;

/** Points of both kinds; null where there are fewer than five of either. */
export async function umapFigure(
  by: string,
  sets: Readonly<Record<"real" | "generated", LookedSet>>,
  seed: number,
  options: WorkOptions,
): Promise<UmapFigure | null> {
  const kinds = (["real", "generated"] as const).map((subject) => ({
    subject,
    looks: choose(sets[subject].looks, mostPoints, seed),
  }));
  if (kinds.some(({ looks }) => looks.length < fewestPoints)) return null;
  const points = kinds.flatMap(({ subject, looks }) =>
    looks.map(({ id, protein, label, encoded }) => ({
      ...{ subject, id, protein, compartment: label?.name ?? null },
      space: { unit: id, embedding: encoded.get(by)!.embedding },
    })),
  );
  const standardize = standardizer(
    points.filter(({ subject }) => subject === "real").map(({ space }) => space),
  );
  const rows = points.map(({ space }) => standardize(space).embedding);
  const places = await embedInPlane({ rows, seed }, options);
  const agreement = neighbourAgreement(points, rows, seed);
  return {
    by,
    points: points.map(({ space: _, ...point }, index) => ({
      x: rounded(places[index]![0]),
      y: rounded(places[index]![1]),
      ...point,
    })),
    ...agreement,
  };
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}

type Point = Pick<UmapFigure["points"][number], "subject" | "compartment">;

/** In the whole space, not in the plane. */
function neighbourAgreement(points: readonly Point[], rows: readonly Float32Array[], seed: number) {
  const known = [...points.keys()].filter((index) => points[index]!.compartment !== null);
  const nearest = known.map((i) =>
    known
      .filter((j) => points[j]!.subject !== points[i]!.subject)
      .map((j) => ({ j, distance: squaredDistance(rows[i]!, rows[j]!) }))
      .toSorted((a, b) => a.distance - b.distance)
      .slice(0, neighbours)
      .map(({ j }) => j),
  );
  const shareOf = (compartmentAt: (index: number) => string | null) =>
    mean(
      known.map((i, row) => {
        const votes = nearest[row]!.map(compartmentAt);
        const own = votes.filter((name) => name === compartmentAt(i)).length;
        return own * 2 > votes.length ? 1 : 0;
      }),
    );
  if (known.length === 0) return { neighbours_agree: null, chance: null };
  const order = createGenerator(seed, "compartments").shuffle(known.length);
  const shuffled = new Map(known.map((index, row) => [index, points[known[order[row]!]!]!.compartment]));
  return {
    neighbours_agree: shareOf((index) => points[index]!.compartment),
    chance: shareOf((index) => shuffled.get(index)!),
  };
}

/** The planes of the points' images, by subject and id, read anew. */
export async function planesOfPoints(
  { points }: Pick<UmapFigure, "points">,
  sets: Readonly<Record<"real" | "generated", ImageSet>>,
): Promise<Map<string, CellPlanes>> {
  const wanted = new Set(points.map(({ subject, id }) => `${subject} ${id}`));
  const found = new Map<string, CellPlanes>();
  for (const subject of ["real", "generated"] as const)
    for await (const { id, planes } of sets[subject].read())
      if (wanted.has(`${subject} ${id}`)) found.set(`${subject} ${id}`, planes);
  return found;
}
