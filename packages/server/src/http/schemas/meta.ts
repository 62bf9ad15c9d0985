// What the page says and offers before anything is asked: the device, the model with its limits, defaults, signals, limits of
// the server.

import { z } from "@hono/zod-openapi";

const settingsSchema = z.object({
  samples: z.int(),
  steps: z.int(),
  sampler: z.string(),
  guidance: z.number(),
  seed: z.int(),
});

export const modelSchema = z
  .object({
    name: z.string(),
    sha256: z.string().openapi({ description: "Digest of the digests of all files of the model" }),
    pixelSizeMicrons: z.number(),
    cropPixels: z.int().openapi({ description: "Side of a generated image" }),
    windowResidues: z
      .int()
      .openapi({ description: "Residues that the language model is shown; longer proteins by both ends" }),
    compartments: z
      .array(z.string())
      .openapi({ description: "Compartments that are predicted from sequences" }),
    imageCompartments: z
      .array(z.string())
      .openapi({ description: "Compartments that images are generated of and classified by" }),
    cellLines: z.array(z.string()),
    takesExpression: z.boolean(),
    mostSteps: z.record(z.string(), z.int()).openapi({ description: "By sampling method" }),
    limits: z.array(z.string()).openapi({ description: "What the model cannot do, in sentences" }),
  })
  .openapi("Model");

export const metaSchema = z
  .object({
    name: z.literal("proteoscope"),
    device: z.string(),
    model: modelSchema,
    defaults: z.object({ generate: settingsSchema, experiment: settingsSchema }).openapi({
      description: "`experiment`: of mutate and scan, which compare many images and take fewer steps each",
    }),
    samplers: z.array(z.string()),
    scanModes: z.array(z.string()),
    signals: z.array(
      z.object({
        name: z.string(),
        residues: z.string(),
        leadsTo: z.string(),
        terminus: z.enum(["N", "C"]).nullable(),
        source: z.string(),
      }),
    ),
    jobKinds: z.array(z.string()),
    exportFormats: z.array(z.string()),
    canRetrieve: z
      .boolean()
      .openapi({ description: "Whether the server was started with an index of images" }),
    realCrops: z
      .string()
      .nullable()
      .openapi({ description: "Name of the data set of recorded crops; null without one" }),
    limits: z.object({
      bodyBytes: z.int(),
      uploadBytes: z.int(),
      residues: z.int().openapi({ description: "Most residues of one protein" }),
      proteins: z.int().openapi({ description: "Most proteins of one job" }),
      images: z.int().openapi({ description: "Most images of one job" }),
      queuedJobs: z.int(),
    }),
  })
  .openapi("Meta");

export const modelsSchema = z.object({ models: z.array(modelSchema) }).openapi("Models");

export const doctorSchema = z
  .object({
    node: z.string(),
    platform: z.string(),
    cores: z.int(),
    memoryMb: z.object({ total: z.number(), free: z.number() }),
    devices: z.array(z.object({ device: z.string(), available: z.boolean(), detail: z.string() })),
    database: z.enum(["PGlite", "PostgreSQL"]),
    workers: z.int().openapi({ description: "Workers that were heard of in the last ten seconds" }),
    queued: z.int(),
    running: z.int(),
  })
  .openapi("Doctor");

export const healthSchema = z.object({ status: z.enum(["ok", "starting", "draining"]) }).openapi("Health");
