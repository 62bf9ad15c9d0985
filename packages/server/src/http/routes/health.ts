// What those ask who watch a server: whether it lives,
// whether it can work, its figures.

import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { countJobs } from "../../db/jobs.ts";
import { json, problems } from "../respond.ts";
import { healthSchema } from "../schemas/meta.ts";
import type { Services } from "../services.ts";

const healthRoute = createRoute({
  method: "get",
  path: "/healthz",
  tags: ["server"],
  summary: "Whether the server lives",
  responses: { 200: json(healthSchema, "It does"), ...problems() },
});

const readyRoute = createRoute({
  method: "get",
  path: "/readyz",
  tags: ["server"],
  summary: "Whether the server can take jobs: model loaded, database there, not about to end",
  responses: { 200: json(healthSchema, "It can"), ...problems(), 503: json(healthSchema, "It cannot") },
});

const metricsRoute = createRoute({
  method: "get",
  path: "/metrics",
  tags: ["server"],
  summary: "Figures for Prometheus",
  responses: {
    200: { description: "Text format 0.0.4", content: { "text/plain": { schema: z.string() } } },
    ...problems(),
  },
});

/** Adds the routes. */
export function addHealthRoutes(app: OpenAPIHono, services: Services): void {
  const { database, metrics, worker, watcher } = services;
  app.openapi(healthRoute, (c) => c.json({ status: "ok" as const }, 200));
  app.openapi(readyRoute, async (c) => {
    if (services.isDraining()) return c.json({ status: "draining" as const }, 503);
    const isThere = await database.query("select 1").then(
      () => true,
      () => false,
    );
    if (!worker.isReady || !isThere) return c.json({ status: "starting" as const }, 503);
    return c.json({ status: "ok" as const }, 200);
  });
  app.openapi(metricsRoute, async (c) => {
    const counts = await countJobs(database);
    for (const state of ["queued", "running", "done", "failed", "cancelled"] as const)
      metrics.jobs.set({ state }, counts[state] ?? 0);
    metrics.streams.set(watcher.size);
    metrics.workerStarts.set(worker.started);
    return c.text(await metrics.registry.metrics(), 200, { "content-type": metrics.registry.contentType });
  });
}
