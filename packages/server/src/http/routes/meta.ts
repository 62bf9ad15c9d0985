// What the page says and offers before
// anything is asked.

import { arch, availableParallelism, freemem, platform, release, totalmem } from "node:os";
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { generateDefaults, samplerNames } from "@proteoscope/microscope";
import { namedSignals, scanModes } from "@proteoscope/microscope/experiments";
import { countJobs } from "../../db/jobs.ts";
import { countWorkers } from "../../db/workers.ts";
import { experimentDefaults } from "../../work/experiments.ts";
import { json, problems } from "../respond.ts";
import { jobKinds } from "../schemas/job-requests.ts";
import { exportFormats } from "../schemas/jobs.ts";
import { doctorSchema, metaSchema, modelsSchema } from "../schemas/meta.ts";
import type { Services } from "../services.ts";

const metaRoute = createRoute({
  method: "get",
  path: "/api/v1/meta",
  tags: ["server"],
  summary: "Device, model, defaults, signals and limits",
  responses: { 200: json(metaSchema, "They"), ...problems() },
});

const modelsRoute = createRoute({
  method: "get",
  path: "/api/v1/models",
  tags: ["server"],
  summary: "The models of this server",
  responses: { 200: json(modelsSchema, "The one model that it works with"), ...problems() },
});

const doctorRoute = createRoute({
  method: "get",
  path: "/api/v1/doctor",
  tags: ["server"],
  summary: "The machine, its devices, the database and its workers",
  responses: { 200: json(doctorSchema, "What `proteoscope doctor` says, of the server"), ...problems() },
});

/** Adds the routes. */
export function addMetaRoutes(app: OpenAPIHono, services: Services): void {
  const { database, worker, limits, crops } = services;
  app.openapi(metaRoute, async (c) => {
    const { device, model, canRetrieve } = await worker.ready();
    const { bodyBytes, uploadBytes, residues, proteins, images, queuedJobs } = limits;
    return c.json(
      {
        ...{ name: "proteoscope" as const, device, model, canRetrieve, realCrops: crops?.name ?? null },
        defaults: { generate: { ...generateDefaults }, experiment: { ...experimentDefaults } },
        ...{ samplers: [...samplerNames], scanModes: [...scanModes], jobKinds: [...jobKinds] },
        exportFormats: [...exportFormats],
        signals: namedSignals.map(({ terminus = null, ...signal }) => ({ ...signal, terminus })),
        limits: { bodyBytes, uploadBytes, residues, proteins, images, queuedJobs },
      },
      200,
    );
  });
  app.openapi(modelsRoute, async (c) => c.json({ models: [(await worker.ready()).model] }, 200));
  app.openapi(doctorRoute, async (c) => {
    const toMb = (bytes: number) => Math.round(bytes / 2 ** 20);
    const counts = await countJobs(database);
    return c.json(
      {
        ...{ node: process.version, platform: `${platform()} ${release()} ${arch()}` },
        cores: availableParallelism(),
        memoryMb: { total: toMb(totalmem()), free: toMb(freemem()) },
        devices: [{ device: (await worker.ready()).device, available: true, detail: "in use" }],
        ...{ database: database.kind, workers: await countWorkers(database) },
        ...{ queued: counts.queued ?? 0, running: counts.running ?? 0 },
      },
      200,
    );
  });
}
