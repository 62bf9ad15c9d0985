// Nuclei: the library, images that are uploaded,
// masks that are painted.

import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { writePng } from "@proteoscope/formats";
import { notFound, RefusedError } from "../../problem.ts";
import { describeUpload, type StoredUpload } from "../../work/stored-upload.ts";
import { receiveFile } from "../receive-file.ts";
import { json, problems } from "../respond.ts";
import {
  imageProblemSchema,
  librarySchema,
  paintedRequest,
  uploadedSchema,
  uploadQuery,
} from "../schemas/nuclei.ts";
import type { Services } from "../services.ts";

const fileBody = {
  required: true,
  description: "The bytes of a TIFF, OME-TIFF, PNG or .npy file, or of an OME-Zarr in a zip archive",
  content: { "application/octet-stream": { schema: { type: "string", format: "binary" } as const } },
};

const libraryRoute = createRoute({
  method: "get",
  path: "/api/v1/nuclei",
  tags: ["nuclei"],
  summary: "The nuclei that ship with the model",
  responses: { 200: json(librarySchema, "The library"), ...problems() },
});

const uploadRoute = createRoute({
  method: "post",
  path: "/api/v1/nuclei",
  tags: ["nuclei"],
  summary:
    "Reads and segments an image of nuclei; where a choice is missing, the problem says what the image holds",
  request: { query: uploadQuery, body: fileBody },
  responses: {
    201: json(uploadedSchema, "The nuclei, and pictures of them"),
    ...problems(400, 413),
    422: {
      description: "The image cannot be read so: `field` says what to choose, `image` what there is",
      content: { "application/problem+json": { schema: imageProblemSchema } },
    },
  },
});

const paintedRoute = createRoute({
  method: "post",
  path: "/api/v1/nuclei/painted",
  tags: ["nuclei"],
  summary: "Nuclei that were painted as a mask",
  request: { body: { required: true, content: { "application/json": { schema: paintedRequest } } } },
  responses: {
    201: json(uploadedSchema, "The nuclei, and pictures of them"),
    ...problems(400, 413),
    422: {
      description: "The mask holds no nuclei",
      content: { "application/problem+json": { schema: imageProblemSchema } },
    },
  },
});

const findRoute = createRoute({
  method: "get",
  path: "/api/v1/nuclei/{id}",
  tags: ["nuclei"],
  summary: "An uploaded image as it was read",
  request: { params: z.object({ id: z.string().regex(/^upload:[0-9a-f]{64}$/) }) },
  responses: { 200: json(uploadedSchema, "The nuclei, and pictures of them"), ...problems(404, 422) },
});

/** An uploaded image that is kept. @throws RefusedError (not found). */
export async function findUpload({ files }: Pick<Services, "files">, digest: string): Promise<StoredUpload> {
  const bytes = await files.read(`${digest}.json`).catch(() => undefined);
  const stored = bytes && (JSON.parse(new TextDecoder().decode(bytes)) as StoredUpload);
  if (stored?.found?.nuclei === undefined)
    throw notFound("there is no such image of nuclei: upload it again", "nuclei");
  return stored;
}

/** Adds the routes. */
export function addNucleiRoutes(app: OpenAPIHono, services: Services): void {
  const { worker, files, limits } = services;
  app.openapi(libraryRoute, async (c) => c.json((await worker.ready()).library, 200));
  app.openapi(uploadRoute, async (c) => {
    const { name, ...options } = c.req.valid("query");
    const file = await receiveFile(c, files, limits.uploadBytes);
    return c.json(await worker.calls.upload({ file, name: baseName(name), options }), 201);
  });
  app.openapi(paintedRoute, async (c) => {
    const { width, height, mask, pixelSizeMicrons } = c.req.valid("json");
    const bytes = Buffer.from(mask, "base64");
    if (bytes.length !== width * height)
      throw new RefusedError(`a mask of ${width} x ${height} has a byte per pixel, got ${bytes.length}`, {
        ...{ status: 422, kind: "usage", field: "mask" },
      });
    const data = Uint8Array.from(bytes, (value) => (value === 0 ? 0 : 200));
    const file = await files.put(writePng({ width, height, channels: 1, depth: 8, data }), "png");
    const { model } = await worker.ready();
    const options = { pixelSizeMicrons: pixelSizeMicrons ?? model.pixelSizeMicrons };
    return c.json(await worker.calls.upload({ file, name: "painted", options }), 201);
  });
  app.openapi(findRoute, async (c) => {
    const digest = c.req.valid("param").id.slice("upload:".length);
    return c.json(describeUpload(digest, await findUpload(services, digest)), 200);
  });
}

/** The name of a file without folders and control characters; it is a name for people, never a path. */
export function baseName(name: string): string {
  return (
    name
      .split(/[\\/]/)
      .at(-1)!
      .replace(/\p{Cc}/gu, "")
      .slice(0, 100) || "upload"
  );
}
