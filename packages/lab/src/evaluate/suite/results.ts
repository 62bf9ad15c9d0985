// What the suite measures, as plain data: the part of metrics.json that is called "suite", with its schema, by which
// reports are read again.

import { z } from "zod";
import { figureSchema } from "./figure.ts";

/** Goes up when the meaning of a field changes or a field goes. */
export const metricsVersion = 2;

const count = z.int().nonnegative();
const finite = z.number();
const maybe = z.number().nullable();
const set = z.enum(["unseen", "seen", "all"]);

const confusionSchema = z.strictObject({
  classes: z.array(z.string()),
  answers: z.array(z.string()),
  counts: z.array(z.array(count)),
});

const channelsSchema = z.strictObject({ protein: z.array(finite), nucleus: z.array(finite) });

/** The suite's part of metrics.json. */
export const suiteSchema = z.strictObject({
  spaces: z.array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      dimensions: count,
      trained_on: z.string(),
    }),
  ),
  judges: z.array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      trained_on: z.string(),
      method: z.string(),
      /** Real cells that no network learned from, of the classes that are generated. */
      real_crops: count,
      real_fields: count,
      classes: z.array(z.string()),
      confusion: z.strictObject({ real: confusionSchema, generated: confusionSchema }),
    }),
  ),
  agreement: z.array(
    z.strictObject({
      a: z.string(),
      b: z.string(),
      on: z.enum(["generated", "real"]),
      images: count,
      share: finite,
      kappa: maybe,
    }),
  ),
  figures: z.array(figureSchema),
  top_k: z.array(
    z.strictObject({
      by: z.string(),
      method: z.string(),
      subject: z.string(),
      set,
      images: count,
      proteins: count,
      gallery: count,
      /** For k = 1, 2, ... */
      shares: z.array(finite),
      chance: z.array(finite),
    }),
  ),
  paired_distance: z.array(
    z.strictObject({
      by: z.string(),
      subject: z.string(),
      set,
      proteins: count,
      pairs: count,
      paired: finite,
      shuffled: finite,
      p: finite,
    }),
  ),
  revealing: z.array(
    z.strictObject({
      name: z.string(),
      group: z.string(),
      auc: finite,
      real_median: finite,
      generated_median: finite,
    }),
  ),
  /** Per set of images: share of power by frequency in bands of equal width up to half a cycle per pixel, and of pixels by intensity. */
  profiles: z.array(
    z.strictObject({ subject: z.string(), set, spectrum: channelsSchema, histogram: channelsSchema }),
  ),
  umap: z
    .strictObject({
      by: z.string(),
      points: z.array(
        z.strictObject({
          x: finite,
          y: finite,
          subject: z.enum(["real", "generated"]),
          id: z.string(),
          protein: z.string(),
          compartment: z.string().nullable(),
        }),
      ),
      /** Share of images among whose 15 nearest of the other kind most are of their compartment; chance is that of shuffled compartments. */
      neighbours_agree: maybe,
      chance: maybe,
    })
    .nullable(),
  notes: z.array(z.string()),
});

/** Results of the suite. */
export type SuiteResults = z.infer<typeof suiteSchema>;
