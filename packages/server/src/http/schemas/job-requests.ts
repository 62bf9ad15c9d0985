// What a job is asked to do. Names and limits are those of the commands;
// `settings` are those of a generation.

import { z } from "@hono/zod-openapi";
import { seedSchema } from "./common.ts";
import { nucleusId } from "./nuclei.ts";

/** Limits of one request, which /meta lists. */
export const requestLimits = {
  bodyBytes: 2 * 2 ** 20,
  uploadBytes: 128 * 2 ** 20,
  residues: 40_000,
  proteins: 64,
  images: 512,
  queuedJobs: 1000,
} as const;

/** A protein by its sequence, or by the name of an annotated one. */
export const proteinInput = z
  .union([
    z.strictObject({
      id: z.string().min(1).max(200),
      sequence: z.string().min(1).max(requestLimits.residues),
      gene: z.string().max(50).optional(),
      description: z.string().max(1000).optional(),
    }),
    z.strictObject({ name: z.string().min(1).max(50), organism: z.string().max(50).optional() }),
  ])
  .openapi("ProteinInput");

const settings = {
  samples: z.int().min(1).max(64).optional().openapi({ description: "Images per protein and nucleus" }),
  steps: z.int().min(1).max(1000).optional(),
  sampler: z.enum(["ddim", "ddpm", "dpm++"]).optional(),
  guidance: z.number().min(0).max(100).optional(),
  seed: seedSchema.optional(),
};

const cells = { nuclei: z.array(nucleusId).min(1).max(64), ...settings };

export const generateRequest = z
  .strictObject({
    proteins: z.array(proteinInput).min(1).max(requestLimits.proteins),
    ...cells,
    cellLine: z.string().max(50).optional(),
    expression: z.number().optional(),
  })
  .openapi("GenerateRequest");

export const mutateRequest = z
  .strictObject({
    protein: proteinInput,
    variants: z
      .array(z.string().min(1).max(500))
      .min(1)
      .max(32)
      .openapi({ example: ["R175H", "del:2-25", "signal:NLS@C"] }),
    draws: z.int().min(20).max(10_000).default(400),
    ...cells,
  })
  .openapi("MutateRequest");

export const scanRequest = z
  .strictObject({
    protein: proteinInput,
    mode: z.enum(["delete", "alanine", "substitute", "shuffle", "fragment"]).default("delete"),
    windowResidues: z.int().min(1).max(1000).default(25),
    strideResidues: z.int().min(1).max(1000).default(5),
    draws: z.int().min(20).max(100_000).optional(),
    seed: seedSchema.default(0),
    images: z
      .strictObject({ ...cells, draws: z.int().min(5).max(1000).default(40) })
      .optional()
      .openapi({ description: "Generates images of every window as well" }),
  })
  .openapi("ScanRequest");

/** A generated sample of a finished job. */
export const sampleReference = z
  .strictObject({ job: z.uuid(), cell: z.int().min(0), sample: z.int().min(0).default(0) })
  .openapi("SampleReference");

export const compareRequest = z
  .strictObject({
    images: z
      .array(sampleReference)
      .min(2)
      .max(9)
      .openapi({ description: "Each is compared with the first" }),
  })
  .openapi("CompareRequest");

export const retrieveRequest = z
  .strictObject({
    protein: proteinInput,
    cells: z.int().min(1).max(16).default(4),
    steps: settings.steps,
    sampler: settings.sampler,
    seed: seedSchema.default(0),
    top: z.int().min(1).max(200).default(20),
  })
  .openapi("RetrieveRequest");

const ofKind = <const Kind extends string, Request extends z.ZodType>(kind: Kind, request: Request) =>
  z.strictObject({ kind: z.literal(kind), request });

export const jobRequest = z
  .discriminatedUnion("kind", [
    ofKind("generate", generateRequest),
    ofKind("mutate", mutateRequest),
    ofKind("scan", scanRequest),
    ofKind("compare", compareRequest),
    ofKind("retrieve", retrieveRequest),
  ])
  .openapi("JobRequest");

export const jobKinds = ["generate", "mutate", "scan", "compare", "retrieve"] as const;
