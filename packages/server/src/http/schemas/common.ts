// What the schemas of several routes share: problems (RFC 9457), addresses of files, probabilities. Field names are those of
// the library, so that the field that an error names is the field of the request.

import { z } from "@hono/zod-openapi";

/** Address of a content-addressed file of this server, such as `/api/v1/files/<sha256>.png`. */
export const fileAddress = z
  .string()
  .regex(/^\/api\/v1\/files\/[0-9a-f]{64}\.[a-z0-9.-]{1,12}$/)
  .openapi({ example: `/api/v1/files/${"0".repeat(64)}.png` });

/** A probability per compartment, by name. */
export const probabilitiesSchema = z.record(z.string(), z.number());

/** A whole number from 0 up to what a double holds. */
export const seedSchema = z.int().min(0);

/** Why a request was refused or a job failed (RFC 9457); `kind` and `field` are those of the library's errors. */
export const problemSchema = z
  .object({
    type: z.string().openapi({ example: "about:blank" }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    kind: z.string().openapi({
      description:
        "usage, data, notFound, device, failure of the library; limit, forbidden, conflict, unavailable of the server",
    }),
    field: z.string().optional().openapi({ description: "The field of the request that is at fault" }),
  })
  .openapi("Problem");

/** A schema or null, as a choice of both: `nullable` of a schema that has a name is not specified so. */
export const orNull = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.null()]);
