// The types of the server's API, for the page and for other clients: what the routes take and give, inferred from the schemas
// that they are checked with.

import type { z } from "@hono/zod-openapi";
import type { problemSchema } from "./http/schemas/common.ts";
import type { jobRequest, proteinInput, sampleReference } from "./http/schemas/job-requests.ts";
import type {
  jobEvents,
  jobSchema,
  jobSummary,
  jobsSchema,
  previewSchema,
  progressSchema,
} from "./http/schemas/jobs.ts";
import type { doctorSchema, metaSchema, modelSchema } from "./http/schemas/meta.ts";
import type {
  imageAxes,
  imageProblemSchema,
  librarySchema,
  paintedRequest,
  uploadedSchema,
  uploadQuery,
} from "./http/schemas/nuclei.ts";
import type {
  examplesSchema,
  foundProteinSchema,
  knownProteinSchema,
  localizedSchema,
  localizeRequest,
  parsedSchema,
  parseRequest,
  suggestionsSchema,
} from "./http/schemas/proteins.ts";
import type { modelSizeSchema, proteinMapSchema, realCropsSchema } from "./http/schemas/references.ts";
import type {
  cellSchema,
  compareResult,
  generateResult,
  mutateResult,
  retrieveResult,
  sampleSchema,
  scanResult,
} from "./http/schemas/results.ts";

export type Problem = z.infer<typeof problemSchema>;
export type Meta = z.infer<typeof metaSchema>;
export type Model = z.infer<typeof modelSchema>;
export type Doctor = z.infer<typeof doctorSchema>;
export type KnownProtein = z.infer<typeof knownProteinSchema>;
export type Examples = z.infer<typeof examplesSchema>;
export type Suggestions = z.infer<typeof suggestionsSchema>;
export type FoundProtein = z.infer<typeof foundProteinSchema>;
export type ParseRequest = z.input<typeof parseRequest>;
export type ParsedProteins = z.infer<typeof parsedSchema>;
export type LocalizeRequest = z.input<typeof localizeRequest>;
export type LocalizedProtein = z.infer<typeof localizedSchema>;
export type NucleusLibrary = z.infer<typeof librarySchema>;
export type UploadQuery = z.input<typeof uploadQuery>;
export type ImageAxes = z.infer<typeof imageAxes>;
export type UploadedNuclei = z.infer<typeof uploadedSchema>;
export type ImageProblem = z.infer<typeof imageProblemSchema>;
export type PaintedNuclei = z.input<typeof paintedRequest>;
export type ProteinInput = z.input<typeof proteinInput>;
export type SampleReference = z.input<typeof sampleReference>;
/** The body of POST /jobs: a kind and its request; what has a default may be left out. */
export type JobRequest = z.input<typeof jobRequest>;
export type Job = z.infer<typeof jobSchema>;
export type JobSummary = z.infer<typeof jobSummary>;
export type Jobs = z.infer<typeof jobsSchema>;
export type Progress = z.infer<typeof progressSchema>;
export type Preview = z.infer<typeof previewSchema>;
/** The data of each event of GET /jobs/{id}/events, by the event's name. */
export type JobEvents = { readonly [Name in keyof typeof jobEvents]: z.infer<(typeof jobEvents)[Name]> };
export type Sample = z.infer<typeof sampleSchema>;
export type Cell = z.infer<typeof cellSchema>;
export type GenerateResult = z.infer<typeof generateResult>;
export type MutateResult = z.infer<typeof mutateResult>;
export type ScanResult = z.infer<typeof scanResult>;
export type CompareResult = z.infer<typeof compareResult>;
export type ModelSize = z.infer<typeof modelSizeSchema>;
export type ProteinMapState = z.infer<typeof proteinMapSchema>;
export type RealCrops = z.infer<typeof realCropsSchema>;
export type RetrieveResult = z.infer<typeof retrieveResult>;
