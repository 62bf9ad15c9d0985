// What the page shows beside
// what it generates.

import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { writePng } from "@proteoscope/formats";
import { notFound } from "../../problem.ts";
import { addressOf } from "../../work/stored-images.ts";
import { json, problems } from "../respond.ts";
import { cropsQuery, modelSizeSchema, proteinMapSchema, realCropsSchema } from "../schemas/references.ts";
import type { Services } from "../services.ts";

const sizeRoute = createRoute({
  method: "get",
  path: "/api/v1/models/size",
  tags: ["server"],
  summary: "What the model takes, known before it is loaded",
  responses: { 200: json(modelSizeSchema, "Bytes"), ...problems(404) },
});

const mapRoute = createRoute({
  method: "get",
  path: "/api/v1/protein-map",
  tags: ["proteins"],
  summary: "The annotated proteins in the plane; the first request starts it, and it takes a minute",
  responses: { 200: json(proteinMapSchema, "How far it is, or the map"), ...problems() },
});

const cropsRoute = createRoute({
  method: "get",
  path: "/api/v1/crops",
  tags: ["images"],
  summary: "Recorded crops of a compartment, each with its source and licence",
  request: { query: cropsQuery },
  responses: {
    200: json(realCropsSchema, "Crops of different proteins, as far as there are"),
    ...problems(404, 422),
  },
});

/** Adds the routes. */
export function addReferenceRoutes(app: OpenAPIHono, services: Services): void {
  const { worker, files, crops: source, modelSize } = services;
  app.openapi(sizeRoute, (c) => {
    if (modelSize === undefined) throw notFound("the files of the model were not measured", "model");
    return c.json(modelSize, 200);
  });
  app.openapi(mapRoute, async (c) => c.json(await worker.calls.proteinMap({}), 200));
  app.openapi(cropsRoute, async (c) => {
    const { compartment, count } = c.req.valid("query");
    if (source === undefined)
      throw notFound("this server was started without recorded crops: serve --crops gives them", "crops");
    const { total, crops } = await source.find(compartment, count);
    const keep = async (data: Uint8Array, size: { readonly height: number; readonly width: number }) =>
      addressOf(await files.put(writePng({ ...size, channels: 1, depth: 8, data }), "png"));
    const kept = await Promise.all(
      crops.map(async ({ protein, nucleus, compartments, ...crop }) => ({
        ...{ ...crop, compartments: [...compartments] },
        protein: await keep(protein, crop),
        nucleus: await keep(nucleus, crop),
      })),
    );
    return c.json({ dataSet: source.name, compartment, total, crops: kept }, 200);
  });
}
