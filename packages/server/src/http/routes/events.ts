// The events of a job, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). The id of an
// event is the version of the job, on the last event that a version gave, so that whoever comes back misses nothing.

import type { Socket } from "node:net";
import type { HttpBindings } from "@hono/node-server";
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { stream } from "hono/streaming";
import type { Job } from "../../api.ts";
import { findJob, type StoredJob } from "../../db/jobs.ts";
import { describeJob, eventsOf } from "../../jobs/describe-job.ts";
import { notFound, RefusedError } from "../../problem.ts";
import { addressOfClient } from "../guards.ts";
import { problems } from "../respond.ts";
import type { Services } from "../services.ts";
import { jobParams } from "./jobs.ts";

const eventsRoute = createRoute({
  method: "get",
  path: "/api/v1/jobs/{id}/events",
  tags: ["jobs"],
  summary: "Events of a job: state, progress, preview, result",
  request: {
    params: jobParams,
    headers: z.object({
      "last-event-id": z.string().max(100).optional().openapi({ description: "The last id that was seen" }),
    }),
  },
  responses: {
    200: {
      description: "Events whose data are the schemas of Job's fields; the stream ends with the job",
      content: { "text/event-stream": { schema: { type: "string" } } },
    },
    ...problems(404, 422),
  },
});

const heartbeatMs = 15_000;
/** A reader that takes nothing for so long is let go; it may come back with its last event. */
const patienceMs = 30_000;

/** Adds the route. */
export function addEventRoute(app: OpenAPIHono, services: Services): void {
  const { database, watcher, access } = services;
  const streams = new Map<string, number>();
  app.openapi(eventsRoute, async (c) => {
    const { id } = c.req.valid("param");
    const known = Number(c.req.valid("header")["last-event-id"]) || 0;
    const first = await findJob(database, id);
    if (first === undefined) throw notFound("there is no such job");
    const leave = enter(streams, addressOfClient(c, access), services.limits);
    c.header("content-type", "text/event-stream");
    c.header("cache-control", "no-store");
    c.header("x-accel-buffering", "no"); // proxies pass events on as they come
    return stream(c, async (out) => {
      const gone = new AbortController();
      out.onAbort(() => gone.abort());
      const write = async (text: string): Promise<void> => {
        const timer = setTimeout(() => socketOf(c)?.destroy(), patienceMs);
        await out.write(text).finally(() => clearTimeout(timer));
      };
      const heartbeat = setInterval(() => void write(":\n\n"), heartbeatMs);
      try {
        await write("retry: 2000\n\n");
        let shown: Job | undefined;
        const show = async (stored: StoredJob): Promise<void> => {
          const job = describeJob(stored);
          const events = eventsOf(job, shown);
          shown = job;
          const lines = events.map(([name, data], index) => {
            const number = index === events.length - 1 ? `id: ${stored.version}\n` : "";
            return `event: ${name}\n${number}data: ${JSON.stringify(data)}\n\n`;
          });
          if (lines.length > 0) await write(lines.join(""));
        };
        if (first.version > known || first.finished !== null) await show(first);
        if (first.finished !== null) return;
        for await (const job of watcher.watch(id, first.version, gone.signal)) {
          await show(job);
          if (job.finished !== null || gone.signal.aborted) return;
        }
      } finally {
        clearInterval(heartbeat);
        leave();
      }
    });
  });
}

/** Counts a stream; the result ends it. @throws RefusedError where there are too many. */
function enter(streams: Map<string, number>, address: string, limits: Services["limits"]): () => void {
  const own = streams.get(address) ?? 0;
  const all = [...streams.values()].reduce((sum, count) => sum + count, 0);
  if (own >= limits.streamsPerAddress || all >= limits.streams)
    throw new RefusedError("too many event streams are open: close some", {
      ...{ status: 429, kind: "limit", retryAfterSeconds: 5 },
    });
  streams.set(address, own + 1);
  let isOpen = true;
  return () => {
    if (!isOpen) return;
    isOpen = false;
    const left = streams.get(address)! - 1;
    if (left === 0) streams.delete(address);
    else streams.set(address, left);
  };
}

/** The connection of a request; none where it did not come over one. */
function socketOf(c: Context): Socket | undefined {
  return (c.env as Partial<HttpBindings> | undefined)?.incoming?.socket;
}
