// Jobs: their state, what they are at, what they gave,
// and the events of a running one.

import { z } from "@hono/zod-openapi";
import { fileAddress, orNull, problemSchema } from "./common.ts";
import {
  compareRequest,
  generateRequest,
  jobKinds,
  mutateRequest,
  retrieveRequest,
  scanRequest,
} from "./job-requests.ts";
import { compareResult, generateResult, mutateResult, retrieveResult, scanResult } from "./results.ts";

export const jobStates = ["queued", "running", "done", "failed", "cancelled"] as const;

export const progressSchema = z
  .object({
    phase: z.string(),
    done: z.number(),
    total: z.number(),
    unit: z.string(),
    note: z.string().nullable(),
    ratePerSecond: z.number().nullable(),
    etaSeconds: z.number().nullable(),
  })
  .openapi("Progress");

/** What an image looks like before it is finished. */
export const previewSchema = z
  .object({
    protein: z.string(),
    cell: z.int().openapi({ description: "Place among the cells of the job" }),
    sample: z.int(),
    step: z.int(),
    steps: z.int(),
    image: fileAddress,
  })
  .openapi("Preview");

const shared = {
  id: z.uuid(),
  state: z.enum(jobStates),
  label: z.string().openapi({ description: "The proteins, for lists" }),
  model: z.string().openapi({ description: "The first 16 digits of the `sha256` of its model" }),
  queuePosition: z.int().nullable().openapi({ description: "From 1; null where it does not wait" }),
  progress: orNull(progressSchema),
  preview: orNull(previewSchema),
  created: z.iso.datetime(),
  started: z.iso.datetime().nullable(),
  finished: z.iso.datetime().nullable(),
  attempts: z
    .int()
    .openapi({ description: "How often it was begun; more than 1 where a process was killed" }),
  error: orNull(problemSchema),
  command: z
    .string()
    .nullable()
    .openapi({ description: "The command that makes the same; null where there is none" }),
};

const ofKind = <const Kind extends string, Request extends z.ZodType, Result extends z.ZodType>(
  kind: Kind,
  request: Request,
  result: Result,
) => z.object({ ...shared, kind: z.literal(kind), request, result: orNull(result) });

export const jobSchema = z
  .discriminatedUnion("kind", [
    ofKind("generate", generateRequest, generateResult),
    ofKind("mutate", mutateRequest, mutateResult),
    ofKind("scan", scanRequest, scanResult),
    ofKind("compare", compareRequest, compareResult),
    ofKind("retrieve", retrieveRequest, retrieveResult),
  ])
  .openapi("Job");

/** A job in a list: without its request and result. */
export const jobSummary = z
  .object({
    ...shared,
    kind: z.enum(jobKinds),
    thumbnail: orNull(fileAddress),
  })
  .openapi("JobSummary");

export const jobsQuery = z.object({
  state: z.enum(jobStates).optional(),
  kind: z.enum(jobKinds).optional(),
  query: z.string().max(100).optional().openapi({ description: "Part of a protein's name" }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .optional()
    .openapi({ description: "`next` of the page before" }),
});

export const jobsSchema = z.object({ jobs: z.array(jobSummary), next: z.int().nullable() }).openapi("Jobs");

export const clearedSchema = z.object({ cleared: z.int() }).openapi("Cleared");

export const exportFormats = ["zip", "png", "ome-tiff", "ome-zarr", "npy", "csv", "json"] as const;

export const exportQuery = z.object({ format: z.enum(exportFormats) });

/**
 * The events of GET /jobs/{id}/events by name. `id` is the job's version: a client that reconnects with Last-Event-ID gets
 * what has changed since; what was overwritten meanwhile is not repeated.
 */
export const jobEvents = {
  state: z.object({
    state: z.enum(jobStates),
    queuePosition: z.int().nullable(),
    error: orNull(problemSchema),
  }),
  progress: progressSchema,
  preview: previewSchema,
  result: z.union([generateResult, mutateResult, scanResult, compareResult, retrieveResult]),
} as const;
