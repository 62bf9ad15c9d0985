// Requests whose answers are checked by the specification that the server publishes: the status is one of the route's, the
// body is as its schema says.

import { setTimeout as sleep } from "node:timers/promises";
import { writePng } from "@proteoscope/formats";
import { expect } from "vitest";
import { z } from "zod";
import type { Job, JobRequest } from "../api.ts";
import type { TestServer } from "./test-server.ts";

/** What these tests read of the specification. */
export interface Specification {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

interface Operation {
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>;
  readonly parameters?: readonly { readonly name: string; readonly schema: object }[];
}

/** What asks a server and checks its answers. */
export type CheckedClient = Awaited<ReturnType<typeof openCheckedClient>>;

/** Asks a server, and keeps which routes answered with which status. */
export async function openCheckedClient(server: TestServer) {
  const specification: Specification = await (await server.ask("/openapi.json")).json();
  const seen = new Set<string>();

  /** A schema of the specification with its references in place. */
  function inline(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map(inline);
    if (typeof schema !== "object" || schema === null) return schema;
    const { $ref } = schema as { $ref?: string };
    if ($ref !== undefined) return inline(specification.components.schemas[$ref.split("/").at(-1)!]);
    return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inline(value)]));
  }

  const parserOf = (schema: object) => z.fromJSONSchema(inline(schema) as never);

  /** Asks, and checks status and body by the specification of the route. */
  async function checked(route: string, path: string, init: RequestInit = {}) {
    const method = (init.method ?? "GET").toLowerCase();
    const operation = specification.paths[route]![method]!;
    const response = await server.ask(path, init);
    const { status } = response;
    expect(Object.keys(operation.responses), `${method} ${route}`).toContain(String(status));
    seen.add(`${method} ${route} ${status}`);
    const type = response.headers.get("content-type")?.split(";")[0] ?? "";
    const listed = operation.responses[status]!.content;
    if (listed === undefined) return { status, response, body: undefined as never };
    expect(Object.keys(listed), `${method} ${route} ${status}`).toContain(type);
    if (!/json$/.test(type)) return { status, response, body: undefined as never };
    const body = await response.json();
    const result = parserOf(listed[type]!.schema).safeParse(body);
    expect(
      result.error,
      `${method} ${route} ${status} ${JSON.stringify(body).slice(0, 300)}`,
    ).toBeUndefined();
    return { status, response, body };
  }

  const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
    ...{ method: "POST", body: JSON.stringify(body) },
    headers: { "content-type": "application/json", ...headers },
  });

  const submit = (job: JobRequest, headers?: Record<string, string>) =>
    checked("/api/v1/jobs", "/api/v1/jobs", json(job, headers));

  async function finished(id: string): Promise<Job> {
    for (;;) {
      const { body } = await checked("/api/v1/jobs/{id}", `/api/v1/jobs/${id}`);
      if ((body as Job).finished !== null) return body;
      await sleep(50);
    }
  }

  /** The routes that were not asked, among those whose paths match. */
  const unasked = (paths: RegExp): string[] => {
    const asked = new Set([...seen].map((entry) => entry.replace(/ \d+$/, "")));
    return Object.entries(specification.paths)
      .filter(([path]) => paths.test(path))
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
      .filter((route) => !asked.has(route));
  };

  return { specification, unasked, parserOf, checked, json, submit, finished };
}

/** A field with two round nuclei of 14 micrometres, 8 bits. */
export function fieldPng(): Uint8Array {
  const [width, height] = [120, 100];
  const data = Uint8Array.from({ length: width * height }, (_, pixel) => {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return Math.min(Math.hypot(x - 35, y - 40), Math.hypot(x - 85, y - 60)) < 7
      ? 200
      : 10 + ((pixel * 7) % 5);
  });
  return writePng({ width, height, channels: 1, depth: 8, data });
}
