// What the page shows beside what it generates: the map of annotated proteins, recorded crops of a compartment, and what the
// model takes.

import { z } from "@hono/zod-openapi";
import { fileAddress, orNull } from "./common.ts";

export const modelSizeSchema = z
  .object({
    name: z.string(),
    fileBytes: z.int(),
    memoryBytes: z.int().openapi({ description: "Estimate for the process that does the work" }),
  })
  .openapi("ModelSize");

export const proteinMapSchema = z
  .object({
    progress: orNull(z.object({ done: z.int(), total: z.int() })).openapi({
      description: "Proteins whose compartments are predicted already; null at the beginning and at the end",
    }),
    map: orNull(
      z.object({
        source: z.string().openapi({ description: "Where the annotations come from" }),
        compartments: z.array(z.string()),
        proteins: z.array(
          z.object({
            symbol: z.string(),
            accession: z.string(),
            annotated: z.array(z.string()),
            shares: z.array(z.number()).openapi({
              description: "Posterior from the sequence alone, in the order of `compartments`",
            }),
            place: z.tuple([z.number(), z.number()]).openapi({ description: "UMAP of the shares" }),
          }),
        ),
      }),
    ),
  })
  .openapi("ProteinMap");

export const cropsQuery = z.object({
  compartment: z.string().min(1).max(50).openapi({ example: "nucleolus" }),
  count: z.coerce.number().int().min(1).max(24).default(6),
});

export const realCropsSchema = z
  .object({
    dataSet: z.string().openapi({ description: "Name of the data set" }),
    compartment: z.string(),
    total: z.int().openapi({ description: "Crops of the compartment that have a licence" }),
    crops: z.array(
      z.object({
        protein: fileAddress.openapi({ description: ".png, grey" }),
        nucleus: fileAddress,
        height: z.int(),
        width: z.int(),
        pixelSizeMicrons: z.number(),
        gene: z.string().nullable(),
        compartments: z.array(z.string()),
        cellLine: z.string().nullable(),
        field: z.string(),
        source: z.string(),
        licence: z.string(),
      }),
    ),
  })
  .openapi("RealCrops");
