// A figure of the evaluation as one row: what was measured, of which images, where, and with which certainty. metrics.json, the
// tables, the report and the comparison of two reports are all made of these rows.

import { z } from "zod";
import type { Estimate } from "../measures/bootstrap.ts";

export const figureSchema = z.strictObject({
  /** Name of the measure, such as ssim or frechet. */
  measure: z.string(),
  /** What was measured: "generated", or what bounds it, such as "autoencoder" or "another protein". */
  subject: z.string(),
  /** Which proteins. */
  set: z.enum(["unseen", "seen", "all"]),
  /** Channel of the images; null where it is the whole cell. */
  channel: z.enum(["protein", "nucleus"]).nullable(),
  /** Compartment; null where it is all. */
  compartment: z.string().nullable(),
  /** Space, or judge, by which it was measured. */
  by: z.string().nullable(),
  value: z.number().nullable(),
  /** Ends of the 95 % interval by bootstrap; null where there is none. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** Number of units that were resampled. */
  n: z.int().nonnegative(),
  unit: z.enum(["proteins", "fields", "images"]),
  images: z.int().nonnegative(),
});

/** One figure. */
export type Figure = z.infer<typeof figureSchema>;

/** What a figure is of. */
export type FigureKey = Pick<Figure, "measure" | "subject" | "set"> &
  Partial<Pick<Figure, "channel" | "compartment" | "by" | "unit">>;

/** A figure from an estimate. */
export function figureOf(key: FigureKey, estimate: Estimate | null, images: number): Figure {
  return {
    ...{ channel: null, compartment: null, by: null, unit: "proteins", ...key },
    value: estimate?.value ?? null,
    low: estimate?.interval95[0] ?? null,
    high: estimate?.interval95[1] ?? null,
    n: estimate?.n ?? 0,
    images,
  };
}

/** A figure without an interval: a single value. */
export function plainFigure(key: FigureKey, value: number, images: number): Figure {
  return {
    ...{ channel: null, compartment: null, by: null, unit: "images", ...key },
    value: Number.isFinite(value) ? value : null,
    ...{ low: null, high: null, n: images, images },
  };
}

/** The first figure of a key, as far as that says. */
export function findFigure(figures: readonly Figure[], key: Partial<Figure>): Figure | undefined {
  const wanted = Object.entries(key);
  return figures.find((figure) => wanted.every(([name, value]) => figure[name as keyof Figure] === value));
}
