// The server as a value: all routes over their services. What listens, and tests, give it requests.
//
//     const app = createApp(services);
//     const response = await app.request("/healthz", { headers: { host: "localhost" } });

import { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { routePath } from "hono/route";
import { isForeseen, makeProblem, problemOf, RefusedError } from "../problem.ts";
import { checkOrigin, checkToken, limitRate, securityHeaders } from "./guards.ts";
import { servePage } from "./page-files.ts";
import { respondError, respondProblem } from "./respond.ts";
import { addEventRoute } from "./routes/events.ts";
import { addFileRoutes } from "./routes/files.ts";
import { addHealthRoutes } from "./routes/health.ts";
import { addJobRoutes } from "./routes/jobs.ts";
import { addMetaRoutes } from "./routes/meta.ts";
import { addNucleiRoutes } from "./routes/nuclei.ts";
import { addProteinRoutes } from "./routes/proteins.ts";
import { addReferenceRoutes } from "./routes/references.ts";
import { addRetrieveRoute } from "./routes/retrieve.ts";
import type { Services } from "./services.ts";

/** Makes the server of its services. */
export function createApp(services: Services): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      const [issue] = result.error.issues;
      const field = issue?.path.map(String).join(".") || result.target;
      const detail = `${field}: ${issue?.message ?? "not as the specification says"}`.slice(0, 500);
      return respondProblem(c, makeProblem(422, "usage", detail, field));
    },
  });
  app.use(logRequests(services));
  app.use(securityHeaders);
  app.use(checkOrigin(services.access));
  app.use(checkToken(services.access));
  app.use(limitRate(services.access, services.limits));
  app.use(limitBodies(services.limits.bodyBytes));
  for (const add of [addHealthRoutes, addMetaRoutes, addProteinRoutes, addNucleiRoutes]) add(app, services);
  for (const add of [addJobRoutes, addEventRoute, addFileRoutes]) add(app, services);
  for (const add of [addRetrieveRoute, addReferenceRoutes]) add(app, services);
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "proteoscope",
      version: "1",
      description: "A virtual microscope: from a protein's sequence and nuclei to fluorescence images.",
    },
  });
  if (services.page !== undefined) app.use(servePage(services.page));
  app.notFound((c) => respondProblem(c, makeProblem(404, "notFound", "there is nothing at this address")));
  app.onError((error, c) => {
    const known = error instanceof HTTPException ? fromHono(error) : error;
    if (!isForeseen(known)) services.log.error({ err: known, path: c.req.path }, "a request failed");
    services.metrics.refusals.inc({ kind: problemOf(known).kind });
    return respondError(c, known);
  });
  return app;
}

/** What Hono itself refuses: JSON that cannot be parsed, a wrong content type. */
function fromHono({ status }: HTTPException): RefusedError {
  const detail =
    status === 400 ? "the body is no JSON as the specification says" : "the request cannot be read";
  return new RefusedError(detail, { status, kind: "usage" });
}

/** One line in the log and one observation per request; paths without their queries, in which tokens may be. */
function logRequests({ log, metrics }: Services): MiddlewareHandler {
  return async (c, next) => {
    const start = performance.now();
    await next();
    const [ms, { status }] = [performance.now() - start, c.res];
    const route = status === 404 || status === 421 ? "other" : routePath(c, -1);
    metrics.requests.observe({ method: c.req.method, route, status }, ms / 1000);
    log.info({ method: c.req.method, path: c.req.path, status, ms: Math.round(ms * 10) / 10 }, "request");
  };
}

/** Limits bodies that are read into memory, by the length that they announce; files go to the disk and are counted there. */
function limitBodies(maxSize: number): MiddlewareHandler {
  return async (c, next) => {
    const isFile = c.req.method === "POST" && /^\/api\/v1\/(nuclei|retrieve\/image)$/.test(c.req.path);
    if (!isFile && c.req.header("transfer-encoding") !== undefined)
      throw new RefusedError("the length of the body must be given", { status: 411, kind: "usage" });
    if (!isFile && Number(c.req.header("content-length") ?? 0) > maxSize)
      throw new RefusedError(`the body has more than ${Math.round(maxSize / 1024)} KiB`, {
        ...{ status: 413, kind: "limit" },
      });
    await next();
  };
}
