// Stored files, which never change,
// and what a finished job is exported as.

import { Readable } from "node:stream";
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { findJob } from "../../db/jobs.ts";
import { notFound, RefusedError } from "../../problem.ts";
import { problems } from "../respond.ts";
import { exportQuery } from "../schemas/jobs.ts";
import type { Services } from "../services.ts";
import { jobParams } from "./jobs.ts";

const binary = { schema: { type: "string", format: "binary" } as const };

const types: Readonly<Record<string, string>> = {
  png: "image/png",
  f32: "application/octet-stream",
  json: "application/json",
  csv: "text/csv; charset=utf-8",
  zip: "application/zip",
};

const fileRoute = createRoute({
  method: "get",
  path: "/api/v1/files/{name}",
  tags: ["files"],
  summary: "A file by the SHA-256 of its content",
  request: {
    params: z.object({
      name: z
        .string()
        .regex(/^[0-9a-f]{64}\.[a-z0-9.-]{1,12}$/)
        .openapi({ example: `${"0".repeat(64)}.png` }),
    }),
  },
  responses: {
    200: { description: "The file", content: { "application/octet-stream": binary, "image/png": binary } },
    304: { description: "The client has it" },
    ...problems(404, 422),
  },
});

const exportRoute = createRoute({
  method: "get",
  path: "/api/v1/jobs/{id}/export",
  tags: ["files"],
  summary: "The files of a finished job, as the commands write them",
  request: { params: jobParams, query: exportQuery },
  responses: {
    200: { description: "An archive, a table or a document", content: { "application/zip": binary } },
    ...problems(404, 409, 422),
  },
});

/** Adds the routes. */
export function addFileRoutes(app: OpenAPIHono, services: Services): void {
  const { database, files, worker } = services;
  app.openapi(fileRoute, async (c) => {
    const { name } = c.req.valid("param");
    const etag = `"${name}"`;
    if (c.req.header("if-none-match") === etag) return c.body(null, 304);
    return sendFile(c, files, name, { etag, "cache-control": "public, max-age=31536000, immutable" });
  });
  app.openapi(exportRoute, async (c) => {
    const { id } = c.req.valid("param");
    const job = await findJob(database, id);
    if (job === undefined) throw notFound("there is no such job");
    const { state, kind, request, result } = job;
    if (state !== "done")
      throw new RefusedError("only a finished job has files", { status: 409, kind: "conflict" });
    const { format } = c.req.valid("query");
    const { file, name } = await worker.calls.export({ id, kind, request, result, format });
    return sendFile(c, files, file, {
      "content-disposition": `attachment; filename="${name}"`,
      "cache-control": "no-store",
    });
  });
}

async function sendFile(
  c: Context,
  files: Services["files"],
  name: string,
  headers: Readonly<Record<string, string>>,
) {
  const file = await files.open(name);
  if (file === undefined) throw notFound("there is no such file");
  const type = types[name.slice(65)] ?? "application/octet-stream";
  const body = Readable.toWeb(file.stream) as ReadableStream<Uint8Array>;
  return c.body(body, 200, { ...headers, "content-type": type, "content-length": String(file.size) });
}
