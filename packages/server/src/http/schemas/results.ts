// What finished jobs give. Pictures and raw planes are content-addressed files;
// numbers are in the result itself.

import { z } from "@hono/zod-openapi";
import { fileAddress, orNull, probabilitiesSchema } from "./common.ts";
import { nucleusId } from "./nuclei.ts";
import { knownProteinSchema } from "./proteins.ts";

const rangeSchema = z.object({ first: z.int(), last: z.int() });
const intervalSchema = z
  .object({
    mean: z.number(),
    interval95: z.tuple([z.number(), z.number()]).nullable().openapi({ description: "null for one value" }),
  })
  .openapi("MeanWithInterval");

/** One generated image. */
export const sampleSchema = z
  .object({
    protein: fileAddress.openapi({ description: ".f32: float32, little-endian, [height, width] in [0, 1]" }),
    generatedNucleus: fileAddress.openapi({ description: ".f32, as it was generated" }),
    composite: fileAddress.openapi({ description: ".png of protein and nucleus" }),
    classified: probabilitiesSchema,
    target: z
      .string()
      .nullable()
      .openapi({ description: "The compartment that a known protein's image shows" }),
  })
  .openapi("Sample");

/** The images of one protein around one nucleus. */
export const cellSchema = z
  .object({
    name: z.string().openapi({ description: "Begins the names of exported files" }),
    protein: z.string(),
    nucleusId: nucleusId,
    seed: z.int(),
    height: z.int(),
    width: z.int(),
    pixelSizeMicrons: z.number(),
    nucleus: fileAddress.openapi({ description: ".f32 of the input nucleus" }),
    samples: z.array(sampleSchema),
    medoid: z.int().openapi({ description: "The sample that correlates most with the others" }),
    agreement: z.number().nullable().openapi({ description: "Agreement of the samples, not correctness" }),
    agreementMap: orNull(fileAddress).openapi({
      description: ".f32: standard deviation over the samples; null for one sample",
    }),
    compartments: z.object({
      classified: probabilitiesSchema,
      predicted: probabilitiesSchema,
      posterior: probabilitiesSchema,
      target: orNull(probabilitiesSchema),
    }),
    sentences: z.array(z.string()).openapi({ description: "What is known and what was decided, in words" }),
    provenance: fileAddress.openapi({ description: ".json" }),
  })
  .openapi("Cell");

export const generateResult = z
  .object({
    cells: z.array(cellSchema),
    refused: z.array(z.object({ protein: z.string(), reason: z.string() })),
  })
  .openapi("GenerateResult");

const nullSchema = z
  .object({
    draws: z.int(),
    median: z.number(),
    deviation: z.number(),
    smallestEffect: z.number().openapi({ description: "That one test shows at p = 0.05" }),
    smallestCorrectedEffect: z
      .number()
      .nullable()
      .openapi({ description: "At a false discovery rate of 0.05 among all tests; null for too few draws" }),
    lengthMatched: z.int().optional(),
    shuffles: z.int().optional(),
  })
  .openapi("NullBand");

/** The wild type or a variant: what is predicted, and its images, `nuclei` x `samples`, in this order. */
const comparedSchema = z.object({
  compartment: z.string(),
  predicted: probabilitiesSchema,
  classified: z.record(z.string(), intervalSchema),
  images: z.array(
    z.object({
      nucleusId: nucleusId,
      sample: z.int(),
      seed: z.int(),
      protein: fileAddress,
      composite: fileAddress,
    }),
  ),
});

export const mutateResult = z
  .object({
    protein: z.object({ id: z.string(), residues: z.int() }),
    known: orNull(knownProteinSchema),
    omitted: orNull(rangeSchema),
    height: z.int(),
    width: z.int(),
    pixelSizeMicrons: z.number(),
    nuclei: z.array(z.object({ id: nucleusId, nucleus: fileAddress })),
    wildType: comparedSchema,
    variants: z.array(
      comparedSchema.extend({
        name: z.string(),
        description: z.string(),
        residues: z.int(),
        sequence: z.string(),
        effect: z.number(),
        effectSize: z.number(),
        p: z.number(),
        q: z.number(),
        null: nullSchema,
        change: probabilitiesSchema,
        classifiedChange: z.record(z.string(), intervalSchema),
        imageDistance: intervalSchema,
      }),
    ),
    sheet: fileAddress,
  })
  .openapi("MutateResult");

export const scanResult = z
  .object({
    protein: z.object({ id: z.string(), residues: z.int() }),
    mode: z.string(),
    windowResidues: z.int(),
    strideResidues: z.int(),
    seed: z.int(),
    tail: z.string(),
    known: orNull(knownProteinSchema),
    wildType: probabilitiesSchema,
    omitted: orNull(rangeSchema),
    null: nullSchema,
    imageNull: orNull(nullSchema),
    windows: z.array(
      z.object({
        ...rangeSchema.shape,
        residues: z.string(),
        variant: z
          .string()
          .nullable()
          .openapi({ description: "The same change as mutate takes it; null for random ones" }),
        effect: z.number(),
        effectSize: z.number(),
        p: z.number(),
        q: z.number(),
        compartment: z.string(),
        change: probabilitiesSchema,
        images: orNull(intervalSchema.extend({ effectSize: z.number(), p: z.number(), q: z.number() })),
      }),
    ),
    strip: fileAddress,
  })
  .openapi("ScanResult");

export const compareResult = z
  .object({
    card: fileAddress,
    pairs: z.array(
      z.object({
        name: z.string(),
        a: z.int().openapi({ description: "Place in the request's images" }),
        b: z.int(),
        figures: z.record(z.string(), z.number()),
        refused: z.string().nullable(),
      }),
    ),
  })
  .openapi("CompareResult");

/** Proteins by how much their images look like the query. */
export const ranking = z.array(
  z.object({
    rank: z.int(),
    name: z.string(),
    protein: z.string().nullable(),
    similarity: z.number(),
    items: z.int(),
    thumbnail: fileAddress,
  }),
);

export const retrieveResult = z
  .object({
    query: z.string(),
    answers: z.enum(["proteins", "images"]),
    count: z.int().openapi({ description: "Number of all answers, of which `ranking` has the first" }),
    ranking,
    scores: z
      .object({
        queries: z.int(),
        gallery: z.int(),
        recall: z.array(z.object({ k: z.int(), recall: z.number(), chance: z.number() })),
        medianRank: z.number(),
        chanceMedianRank: z.number(),
      })
      .nullable()
      .openapi({ description: "How well the index finds what it holds, beside chance" }),
  })
  .openapi("RetrieveResult");
