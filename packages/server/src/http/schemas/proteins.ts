// Proteins: FASTA text to records, names to annotated proteins,
// sequences to predicted compartments.

import { z } from "@hono/zod-openapi";
import { orNull, probabilitiesSchema } from "./common.ts";

const annotationsSchema = z.array(
  z.object({
    source: z.string(),
    compartments: z.array(z.object({ name: z.string(), grade: z.number().nullable() })),
  }),
);

/** What is known of an annotated protein. */
export const knownProteinSchema = z
  .object({
    accession: z.string(),
    gene: z.string().nullable(),
    organism: z.string().nullable(),
    annotations: annotationsSchema,
  })
  .openapi("KnownProtein");

export const examplesSchema = z
  .object({
    proteins: z.array(
      z.object({
        symbol: z.string(),
        accession: z.string(),
        title: z.string(),
        residues: z.int(),
        sequence: z.string(),
        compartments: z.array(z.string()).openapi({ description: "As annotated; empty where nothing is" }),
      }),
    ),
  })
  .openapi("Examples");

export const suggestionQuery = z.object({
  query: z.string().max(100).default("").openapi({ example: "fib" }),
  organism: z.string().max(50).optional(),
  limit: z.coerce.number().int().min(1).max(50).default(10),
});

export const suggestionsSchema = z
  .object({
    proteins: z.array(
      z.object({
        symbol: z.string(),
        accession: z.string(),
        organism: z.string().nullable(),
        residues: z.int(),
        compartments: z.array(z.string()),
      }),
    ),
  })
  .openapi("Suggestions");

export const foundProteinSchema = z
  .object({
    id: z.string(),
    accession: z.string(),
    gene: z.string().nullable(),
    organism: z.string().nullable(),
    sequence: z.string(),
    known: orNull(knownProteinSchema),
  })
  .openapi("FoundProtein");

export const parseRequest = z
  .object({
    text: z.string().min(1).openapi({ description: "FASTA, or bare residues", example: ">mine\nMKTAYIAKQR" }),
    allowNucleotides: z.boolean().default(false),
  })
  .openapi("ParseRequest");

export const parsedSchema = z
  .object({
    proteins: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        gene: z.string().nullable(),
        sequence: z.string(),
        residues: z.int(),
        omitted: z
          .object({ first: z.int(), last: z.int() })
          .nullable()
          .openapi({ description: "One-based range that the language model is not shown" }),
        known: orNull(knownProteinSchema),
        sentence: z.string().nullable().openapi({ description: "What is known, in words" }),
      }),
    ),
    refused: z.array(
      z.object({
        id: z.string(),
        line: z.int().nullable().openapi({ description: "From 1" }),
        column: z.int().nullable().openapi({ description: "From 1" }),
        reason: z.string(),
      }),
    ),
  })
  .openapi("ParsedProteins");

export const localizeRequest = z
  .object({
    sequence: z.string().min(1),
    homologs: z
      .boolean()
      .default(true)
      .openapi({ description: "false: from the sequence alone, as mutants need it" }),
  })
  .openapi("LocalizeRequest");

export const localizedSchema = z
  .object({
    residues: z.int(),
    shown: z.int(),
    omitted: z.object({ first: z.int(), last: z.int() }).nullable(),
    known: orNull(knownProteinSchema),
    near: z
      .object({ protein: orNull(knownProteinSchema), sharedKmers: z.number() })
      .nullable()
      .openapi({ description: "The annotated protein that it is a mutant, an isoform or a fragment of" }),
    compartment: z.string(),
    balancedCompartment: z.string(),
    probabilities: probabilitiesSchema.openapi({ description: "Multi-label: each compartment by itself" }),
    posterior: probabilitiesSchema.openapi({
      description: "All compartments equally frequent; sums to 1",
    }),
    target: z
      .array(z.object({ compartment: z.string(), share: z.number() }))
      .openapi({ description: "What its images are conditioned on, the largest share first" }),
    nearestHomolog: z.number().nullable(),
    sentences: z.array(z.string()),
  })
  .openapi("LocalizedProtein");
