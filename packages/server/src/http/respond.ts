// Problems as responses,
// and as the specification lists them.

import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ImageProblem, Problem } from "../api.ts";
import { problemOf, RefusedError } from "../problem.ts";
import { problemSchema } from "./schemas/common.ts";

/** A problem as response. */
export function respondProblem(
  c: Context,
  problem: Problem | ImageProblem,
  headers: Record<string, string> = {},
) {
  return c.body(JSON.stringify(problem), problem.status as ContentfulStatusCode, {
    ...{ "content-type": "application/problem+json", "cache-control": "no-store" },
    ...headers,
  });
}

/** What was thrown, as response. */
export function respondError(c: Context, error: unknown) {
  const seconds = error instanceof RefusedError ? error.details.retryAfterSeconds : undefined;
  return respondProblem(c, problemOf(error), seconds === undefined ? {} : { "retry-after": String(seconds) });
}

const reasons: Readonly<Record<number, string>> = {
  400: "The request cannot be read",
  401: "A token is needed",
  403: "The request comes from another site",
  404: "There is no such thing",
  409: "The idempotency key belongs to another request",
  413: "The request is too large",
  421: "The request names another host",
  422: "The request cannot be met; `field` says why",
  429: "Too many requests, jobs or streams",
  500: "The server failed",
  503: "The server starts, ends, or is busy",
};

/** What any route can answer. */
const everywhere = [401, 403, 421, 429, 500, 503];

/** The problems of a route, for the specification. */
export function problems(...statuses: readonly number[]) {
  return Object.fromEntries(
    [...everywhere, ...statuses].map((status) => [
      status,
      {
        description: reasons[status]!,
        content: { "application/problem+json": { schema: problemSchema } },
      },
    ]),
  );
}

/** A JSON response of the specification. */
export function json<Schema>(schema: Schema, description: string) {
  return { description, content: { "application/json": { schema } } };
}
