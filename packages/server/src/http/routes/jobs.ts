// Jobs: asked, listed, looked at,
// cancelled, cleared.

import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { cancelJob, deleteEndedJobs, deleteJob, findJob, findJobByKey, listJobs } from "../../db/jobs.ts";
import { describeJob, summarizeJob } from "../../jobs/describe-job.ts";
import { requestDigest } from "../../jobs/job-queue.ts";
import { checkQueue, prepareJob } from "../../jobs/prepare-job.ts";
import { notFound, RefusedError } from "../../problem.ts";
import { json, problems } from "../respond.ts";
import { jobRequest } from "../schemas/job-requests.ts";
import { clearedSchema, jobSchema, jobsQuery, jobsSchema } from "../schemas/jobs.ts";
import type { Services } from "../services.ts";

/** The id of a job in a path. */
export const jobParams = z.object({
  id: z.uuid().openapi({ example: "01933c5e-9f3a-7c1e-8a54-0123456789ab" }),
});

const submitRoute = createRoute({
  method: "post",
  path: "/api/v1/jobs",
  tags: ["jobs"],
  summary: "Asks for a job; the same idempotency key with the same request gives the same job",
  request: {
    headers: z.object({
      "idempotency-key": z
        .string()
        .regex(/^[\x21-\x7e]{1,128}$/)
        .optional(),
    }),
    body: { required: true, content: { "application/json": { schema: jobRequest } } },
  },
  responses: {
    202: {
      ...json(jobSchema, "The job, which waits for a worker"),
      headers: z.object({ location: z.string() }),
    },
    ...problems(400, 404, 409, 413, 422),
  },
});

const listRoute = createRoute({
  method: "get",
  path: "/api/v1/jobs",
  tags: ["jobs"],
  summary: "Jobs, the newest first",
  request: { query: jobsQuery },
  responses: { 200: json(jobsSchema, "A page of jobs"), ...problems(422) },
});

const findRoute = createRoute({
  method: "get",
  path: "/api/v1/jobs/{id}",
  tags: ["jobs"],
  summary: "A job with its request and result",
  request: { params: jobParams },
  responses: { 200: json(jobSchema, "The job"), ...problems(404, 422) },
});

const removeRoute = createRoute({
  method: "delete",
  path: "/api/v1/jobs/{id}",
  tags: ["jobs"],
  summary: "Cancels a job that waits or runs, whose last preview stays; removes one that has ended",
  request: { params: jobParams },
  responses: {
    200: json(jobSchema, "The cancelled job"),
    204: { description: "The job is removed" },
    ...problems(404, 422),
  },
});

const clearRoute = createRoute({
  method: "delete",
  path: "/api/v1/jobs",
  tags: ["jobs"],
  summary: "Removes all jobs that have ended",
  responses: { 200: json(clearedSchema, "Their number"), ...problems() },
});

/** Adds the routes. */
export function addJobRoutes(app: OpenAPIHono, services: Services): void {
  const { database, queue } = services;
  app.openapi(submitRoute, async (c) => {
    if (services.isDraining())
      throw new RefusedError("the server ends: ask again in a moment", {
        ...{ status: 503, kind: "unavailable", retryAfterSeconds: 10 },
      });
    const key = c.req.valid("header")["idempotency-key"] ?? null;
    const asked = await prepareJob(services, c.req.valid("json"));
    const earlier = key === null ? undefined : await findJobByKey(database, key);
    if (earlier === undefined) await checkQueue(services);
    const job = earlier ?? (await (await queue()).submit({ ...asked, key }));
    if (job.digest !== requestDigest(asked))
      throw new RefusedError("this idempotency key belongs to another request", {
        ...{ status: 409, kind: "conflict", field: "idempotency-key" },
      });
    return c.json(describeJob(job), 202, { location: `/api/v1/jobs/${job.id}` });
  });
  app.openapi(listRoute, async (c) => {
    const { cursor: before, limit, ...filter } = c.req.valid("query");
    const found = await listJobs(database, { ...filter, before, limit: limit + 1 });
    const page = found.slice(0, limit);
    const next = found.length > limit ? (page.at(-1)?.number ?? null) : null;
    return c.json({ jobs: page.map(summarizeJob), next }, 200);
  });
  app.openapi(findRoute, async (c) => {
    const job = await findJob(database, c.req.valid("param").id);
    if (job === undefined) throw notFound("there is no such job");
    return c.json(describeJob(job), 200);
  });
  app.openapi(removeRoute, async (c) => {
    const { id } = c.req.valid("param");
    if (await cancelJob(database, id)) {
      const job = await findJob(database, id);
      if (job !== undefined) return c.json(describeJob(job), 200);
    } else if (!(await deleteJob(database, id))) throw notFound("there is no such job");
    return c.body(null, 204);
  });
  app.openapi(clearRoute, async (c) => c.json({ cleared: await deleteEndedJobs(database) }, 200));
}
