// The proteins that look like an image that
// is dropped on the page.

import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { receiveFile } from "../receive-file.ts";
import { json, problems } from "../respond.ts";
import { retrieveResult } from "../schemas/results.ts";
import type { Services } from "../services.ts";
import { baseName } from "./nuclei.ts";

const imageQuery = z.object({
  name: z.string().min(1).max(200).default("image"),
  proteinChannel: z.string().max(100).optional(),
  nucleusChannel: z.string().max(100).optional(),
  pixelSizeMicrons: z.coerce.number().positive().optional(),
  scaling: z.enum(["range", "percentiles"]).optional(),
});

const imageRoute = createRoute({
  method: "post",
  path: "/api/v1/retrieve/image",
  tags: ["retrieval"],
  summary: "Proteins by how much their images look like an image of cells",
  request: {
    query: imageQuery,
    body: {
      required: true,
      description: "The bytes of a TIFF, OME-TIFF, PNG or .npy file, or of an OME-Zarr in a zip archive",
      content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
    },
  },
  responses: { 200: json(retrieveResult, "The ranking"), ...problems(400, 404, 413, 422) },
});

/** Adds the route. */
export function addRetrieveRoute(app: OpenAPIHono, { worker, files, limits }: Services): void {
  app.openapi(imageRoute, async (c) => {
    const { name, ...options } = c.req.valid("query");
    const file = await receiveFile(c, files, limits.uploadBytes);
    return c.json(await worker.calls.retrieveImage({ file, name: baseName(name), ...options }), 200);
  });
}
