// Every route, status and example, checked by the specification that the server publishes.

import { setTimeout as sleep } from "node:timers/promises";
import { readPng, writePng } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Job, JobRequest } from "../api.ts";
import { openTestServer, type TestServer } from "../testing/test-server.ts";
import { knownSequence } from "../testing/tiny-model-files.ts";

interface Specification {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

interface Operation {
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>;
  readonly parameters?: readonly { readonly name: string; readonly schema: object }[];
}

let server: TestServer;
let specification: Specification;
const seen = new Set<string>();
beforeAll(async () => {
  server = await openTestServer();
  specification = await (await server.ask("/openapi.json")).json();
});
afterAll(() => server.close());

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
  expect(result.error, `${method} ${route} ${status} ${JSON.stringify(body).slice(0, 300)}`).toBeUndefined();
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

const protein = { id: "short", sequence: "MKTAYIAKQRQISFVKSHFS" };
const nuclei = ["library:0"];
const generateShort: JobRequest = {
  kind: "generate",
  request: { proteins: [protein, { name: "known" }], nuclei, samples: 2, steps: 3, seed: 5 },
};

describe("the specification", () => {
  it("has an operation for every route, each with a summary and its problems", () => {
    const operations = Object.entries(specification.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
    );
    expect(operations.length).toBeGreaterThanOrEqual(23);
    for (const { name, operation } of operations) {
      expect((operation as { summary?: string }).summary, name).toMatch(/\w/);
      expect(Object.keys(operation.responses), name).toEqual(
        expect.arrayContaining(["401", "403", "421", "429", "500", "503"]),
      );
    }
  });

  it("has no example that its own schema refuses", () => {
    let examples = 0;
    const visit = (schema: unknown): void => {
      if (typeof schema !== "object" || schema === null) return;
      const { example } = schema as { example?: unknown };
      if (example !== undefined && ("type" in schema || "anyOf" in schema)) {
        examples++;
        expect(parserOf(schema).safeParse(example).error, JSON.stringify(schema)).toBeUndefined();
      }
      for (const value of Object.values(schema)) visit(value);
    };
    visit(specification);
    expect(examples).toBeGreaterThan(5);
  });
});

describe("the routes of what there is", () => {
  it.each([
    ["/healthz", "/healthz"],
    ["/readyz", "/readyz"],
    ["/metrics", "/metrics"],
    ["/api/v1/meta", "/api/v1/meta"],
    ["/api/v1/models", "/api/v1/models"],
    ["/api/v1/doctor", "/api/v1/doctor"],
    ["/api/v1/proteins/examples", "/api/v1/proteins/examples"],
    ["/api/v1/proteins", "/api/v1/proteins?query=kno"],
    ["/api/v1/proteins/{name}", "/api/v1/proteins/known"],
    ["/api/v1/nuclei", "/api/v1/nuclei"],
    ["/api/v1/jobs", "/api/v1/jobs"],
  ])("%s answers as it says", async (route, path) => {
    expect((await checked(route, path)).status).toBe(200);
  });

  it("finds proteins by the beginning of a name, and what is known of them", async () => {
    const { body } = await checked("/api/v1/proteins", "/api/v1/proteins?query=KN");
    expect(body.proteins).toEqual([
      expect.objectContaining({ symbol: "KNOWN", accession: "P00001", compartments: ["golgi_apparatus"] }),
    ]);
    const found = await checked("/api/v1/proteins/{name}", "/api/v1/proteins/p00001");
    expect(found.body).toMatchObject({ gene: "KNOWN", sequence: knownSequence });
    expect((await checked("/api/v1/proteins/{name}", "/api/v1/proteins/nobody")).status).toBe(404);
    expect((await checked("/api/v1/proteins", "/api/v1/proteins?limit=0")).body).toMatchObject({
      field: "limit",
    });
  });

  it("reads FASTA record by record, and says where a residue is wrong", async () => {
    const text = `>good one GN=ABC\nMKTAYIAK\n>bad\nMKTJ\n`;
    const { body } = await checked("/api/v1/proteins/parse", "/api/v1/proteins/parse", json({ text }));
    expect(body.proteins).toMatchObject([{ id: "good", title: "one GN=ABC", gene: "ABC", residues: 8 }]);
    expect(body.refused).toMatchObject([{ id: "bad", line: 4, column: 4 }]);
    const bare = await checked(
      "/api/v1/proteins/parse",
      "/api/v1/proteins/parse",
      json({ text: knownSequence }),
    );
    expect(bare.body.proteins[0]).toMatchObject({ known: { gene: "KNOWN" }, sentence: expect.any(String) });
  });

  it("predicts compartments from a sequence, with and without what is known", async () => {
    const localize = (body: object) =>
      checked("/api/v1/proteins/localize", "/api/v1/proteins/localize", json(body));
    const { body } = await localize({ sequence: knownSequence });
    expect(body).toMatchObject({ residues: 20, known: { gene: "KNOWN" } });
    expect((await localize({ sequence: knownSequence, homologs: false })).body.known).toBeNull();
    expect((await localize({ sequence: "MKJ" })).body).toMatchObject({ status: 422, field: "sequence" });
    expect((await localize({})).status).toBe(422);
    const broken = { method: "POST", body: "{", headers: { "content-type": "application/json" } };
    const path = "/api/v1/proteins/localize";
    expect((await checked(path, path, broken)).body).toMatchObject({ status: 400, kind: "usage" });
  });
});

/** A field with two round nuclei of 14 micrometres, 8 bits. */
function fieldPng(): Uint8Array {
  const [width, height] = [120, 100];
  const data = Uint8Array.from({ length: width * height }, (_, pixel) => {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return Math.min(Math.hypot(x - 35, y - 40), Math.hypot(x - 85, y - 60)) < 7
      ? 200
      : 10 + ((pixel * 7) % 5);
  });
  return writePng({ width, height, channels: 1, depth: 8, data });
}

describe("the routes of nuclei", () => {
  const upload = (query: string, body: Uint8Array | string) =>
    checked("/api/v1/nuclei", `/api/v1/nuclei?${query}`, {
      ...{ method: "POST", body: body as BodyInit },
      headers: { "content-type": "application/octet-stream" },
    });

  it("shows what it found in an image before anything is generated", async () => {
    const { status, body } = await upload("name=../field.png&pixelSizeMicrons=1", fieldPng());
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: "field.png", width: 120, height: 100, sourcePixelSizeMicrons: 1 });
    expect(body.nuclei.map(({ x, y }: { x: number; y: number }) => [Math.round(x), Math.round(y)])).toEqual([
      [35, 40],
      [85, 60],
    ]);
    const outlines = await server.ask(body.outlines);
    const picture = readPng(new Uint8Array(await outlines.arrayBuffer()));
    const alpha = (x: number, y: number) => picture.data[4 * (y * 120 + x) + 3];
    expect([alpha(35, 40), alpha(5, 5)]).toEqual([0, 0]);
    expect(Array.from({ length: 30 }, (_, x) => alpha(35 + x, 40))).toContain(255);
    const again = await checked("/api/v1/nuclei/{id}", `/api/v1/nuclei/${body.id}`);
    expect(again.body).toEqual(body);
  });

  it("says which choice is missing, and what there is to choose from", async () => {
    const { status, body } = await upload("name=a.png", fieldPng());
    expect(status).toBe(422);
    expect(body).toMatchObject({ field: "pixelSizeMicrons", image: { width: 120, pixelSizeMicrons: null } });
  });

  it("refuses what is no image, and nothing at all", async () => {
    expect((await upload("name=a", "no image")).body).toMatchObject({ status: 422, kind: "data" });
    expect((await upload("name=a", "")).body).toMatchObject({ status: 422, field: "file" });
    const unknown = `upload:${"0".repeat(64)}`;
    expect((await checked("/api/v1/nuclei/{id}", `/api/v1/nuclei/${unknown}`)).status).toBe(404);
  });

  it("takes a painted mask for nuclei", async () => {
    const [width, height] = [60, 50];
    const mask = Buffer.from(
      Uint8Array.from({ length: width * height }, (_, i) =>
        Math.hypot((i % width) - 30, Math.floor(i / width) - 25) < 7 ? 1 : 0,
      ),
    ).toString("base64");
    const paint = (body: object) => checked("/api/v1/nuclei/painted", "/api/v1/nuclei/painted", json(body));
    const { body } = await paint({ width, height, mask });
    expect(body.nuclei).toHaveLength(1);
    expect(body.nuclei[0].areaSquareMicrons).toBeGreaterThan(100);
    expect((await paint({ width, height: 40, mask })).body).toMatchObject({ status: 422, field: "mask" });
    expect(
      (await paint({ width, height, mask: Buffer.alloc(width * height).toString("base64") })).status,
    ).toBe(422);
  });
});

describe("the routes of jobs", () => {
  it("refuse a job that cannot be met, by its field", async () => {
    const generate = (changes: object) =>
      submit({ ...generateShort, request: { ...generateShort.request, ...changes } } as JobRequest);
    const refusals = [
      [{ proteins: [{ id: "a", sequence: "MKJ" }] }, 422, "proteins.0"],
      [{ proteins: [{ name: "nobody" }] }, 404, "proteins.0"],
      [{ nuclei: ["library:99"] }, 404, "nuclei"],
      [{ nuclei: [`upload:${"0".repeat(64)}`] }, 404, "nuclei"],
      [{ nuclei: ["../../etc/passwd"] }, 422, "request.nuclei.0"],
      [{ steps: 1001 }, 422, "request.steps"],
      [{ sampler: "dpm++", steps: 1000 }, 422, "steps"],
      [{ cellLine: "HeLa" }, 422, "cellLine"],
      [{ expression: 1 }, 422, "expression"],
      [{ samples: 64, nuclei: Array(9).fill("library:0") }, 422, "samples"],
    ] as const;
    for (const [changes, status, field] of refusals)
      expect((await generate(changes)).body, JSON.stringify(changes)).toMatchObject({ status, field });
    const variants = ["R999H"];
    const mutate = await submit({ kind: "mutate", request: { protein, variants, nuclei } });
    expect(mutate.body).toMatchObject({ status: 422 });
    const scan = await submit({ kind: "scan", request: { protein, windowResidues: 25 } });
    expect(scan.body).toMatchObject({ status: 422, field: "windowResidues" });
    expect((await submit({ kind: "retrieve", request: { protein } })).status).toBe(404);
    const job = "01933c5e-9f3a-7c1e-8a54-0123456789ab";
    const compare = await submit({
      kind: "compare",
      request: {
        images: [
          { job, cell: 0 },
          { job, cell: 0 },
        ],
      },
    });
    expect(compare.body).toMatchObject({ status: 404, field: "images.0" });
    expect((await submit({ kind: "paint", request: {} } as never)).status).toBe(422);
    expect((await checked("/api/v1/jobs", "/api/v1/jobs")).body.jobs).toEqual([]);
  });

  it("give one job for one idempotency key", async () => {
    const key = { "idempotency-key": "click-1" };
    const [first, second] = [await submit(generateShort, key), await submit(generateShort, key)];
    expect(first.status).toBe(202);
    expect(first.response.headers.get("location")).toBe(`/api/v1/jobs/${first.body.id}`);
    expect(second.body.id).toBe(first.body.id);
    const other = { ...generateShort, request: { ...generateShort.request, seed: 6 } } as JobRequest;
    expect((await submit(other, key)).body).toMatchObject({ status: 409, field: "idempotency-key" });
    const third = await submit(other);
    expect(third.body).toMatchObject({ state: "queued", queuePosition: 2, label: "short, KNOWN" });
    const cancelled = await checked("/api/v1/jobs/{id}", `/api/v1/jobs/${third.body.id}`, {
      method: "DELETE",
    });
    expect(cancelled.body).toMatchObject({ state: "cancelled", queuePosition: null });
    const removed = await checked("/api/v1/jobs/{id}", `/api/v1/jobs/${third.body.id}`, { method: "DELETE" });
    expect(removed.status).toBe(204);
    const gone = await checked("/api/v1/jobs/{id}", `/api/v1/jobs/${third.body.id}`, { method: "DELETE" });
    expect(gone.status).toBe(404);
  });

  it("are listed page by page, the newest first", async () => {
    for (const name of ["A1", "B2", "C3"])
      await submit({
        kind: "scan",
        request: { protein: { ...protein, id: name }, windowResidues: 5, draws: 20 },
      });
    const list = async (query: string) => (await checked("/api/v1/jobs", `/api/v1/jobs?${query}`)).body;
    const first = await list("kind=scan&limit=2");
    expect(first.jobs.map(({ label }: { label: string }) => label)).toEqual(["C3", "B2"]);
    const rest = await list(`kind=scan&limit=2&cursor=${first.next}`);
    expect(rest).toMatchObject({ jobs: [{ label: "A1", queuePosition: 2 }], next: null });
    expect((await list("query=b2")).jobs).toHaveLength(1);
    expect((await list("state=done")).jobs).toEqual([]);
    expect(await list("cursor=nonsense")).toMatchObject({ status: 422, field: "cursor" });
  });

  it("do what they are asked, with files that never change", async () => {
    server.work();
    const { body: asked } = await submit({ ...generateShort });
    const job = await finished(asked.id);
    expect(job).toMatchObject({ state: "done", attempts: 1, error: null, command: null });
    const { cells, refused } = job.result as Extract<Job, { kind: "generate" }>["result"] & object;
    expect(refused).toEqual([]);
    expect(cells.map(({ name }) => name)).toEqual(["short", "KNOWN"]);
    const [cell] = cells;
    const planes = [cell!.nucleus, cell!.agreementMap!, ...cell!.samples.map((sample) => sample.protein)];
    for (const plane of planes) {
      const response = await checked("/api/v1/files/{name}", plane);
      const values = new Float32Array(await response.response.arrayBuffer());
      expect(values).toHaveLength(40 * 40);
      expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(response.response.headers.get("cache-control")).toMatch(/immutable/);
    }
    const etag = `"${cell!.nucleus.split("/").at(-1)}"`;
    const known = await checked("/api/v1/files/{name}", cell!.nucleus, {
      headers: { "if-none-match": etag },
    });
    expect(known.status).toBe(304);
    const missing = `/api/v1/files/${"0".repeat(64)}.png`;
    expect((await checked("/api/v1/files/{name}", missing)).status).toBe(404);
    expect((await checked("/api/v1/files/{name}", "/api/v1/files/..%2f..%2fetc%2fpasswd")).status).toBe(422);

    const images = [0, 1].map((sample) => ({ job: asked.id, cell: 0, sample }));
    const compared = await finished((await submit({ kind: "compare", request: { images } })).body.id);
    expect(compared).toMatchObject({ state: "done", result: { pairs: [{ refused: null }] } });
    const variants = ["del:2-5"];
    const request = { protein, variants, nuclei, samples: 1, steps: 2, draws: 20 };
    const mutated = await finished((await submit({ kind: "mutate", request })).body.id);
    expect(mutated).toMatchObject({ state: "done", result: { variants: [{ name: "del:2-5" }] } });
    const scans = (await checked("/api/v1/jobs", "/api/v1/jobs?kind=scan")).body.jobs;
    const scanned = await finished(scans[0].id);
    expect((scanned.result as { windows: object[] }).windows[0]).toMatchObject({
      variant: "del:2-6",
      images: null,
    });

    for (const [id, formats] of [
      [asked.id, ["zip", "png", "ome-tiff", "ome-zarr", "npy", "csv", "json"]],
      [compared.id, ["zip", "csv", "json"]],
      [mutated.id, ["zip", "csv", "json"]],
      [scanned.id, ["zip", "csv", "json"]],
    ] as const)
      for (const format of formats) {
        const response = await server.ask(`/api/v1/jobs/${id}/export?format=${format}`);
        expect(response.status, format).toBe(200);
        expect((await response.arrayBuffer()).byteLength, format).toBeGreaterThan(50);
      }
    const route = "/api/v1/jobs/{id}/export";
    expect((await checked(route, `/api/v1/jobs/${scanned.id}/export?format=npy`)).status).toBe(422);
    expect((await checked(route, `/api/v1/jobs/${scanned.id}/export?format=exe`)).status).toBe(422);
  });

  it("tell their events, again to whoever comes back", async () => {
    const { body } = await submit({
      kind: "generate",
      request: { proteins: [protein], nuclei, samples: 1, steps: 20 },
    });
    const read = async (headers: Record<string, string>) => {
      const response = await server.ask(`/api/v1/jobs/${body.id}/events`, { headers });
      expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
      const blocks = (await response.text()).split("\n\n").filter((block) => /^event/m.test(block));
      return blocks.map((block) => ({
        event: /^event: (.*)$/m.exec(block)![1],
        id: /^id: (.*)$/m.exec(block)?.[1],
        data: JSON.parse(/^data: (.*)$/m.exec(block)![1]!),
      }));
    };
    const events = await read({});
    expect(events.at(-1)).toMatchObject({ event: "result", data: { cells: [{ protein: "short" }] } });
    expect(events.map(({ event }) => event)).toContain("preview");
    expect(events.findLast(({ event }) => event === "state")!.data.state).toBe("done");
    const preview = events.findLast(({ event }) => event === "preview")!.data;
    expect(preview).toMatchObject({ cell: 0, sample: 0, steps: 20 });
    expect((await server.ask(preview.image)).status).toBe(200);
    const again = await read({ "last-event-id": "1" });
    expect(again.at(-1)!.id).toBe(events.at(-1)!.id);
    expect(
      (await checked("/api/v1/jobs/{id}/events", `/api/v1/jobs/${crypto.randomUUID()}/events`)).status,
    ).toBe(404);
  });

  it("keep the last preview when they are cancelled", async () => {
    const request = { proteins: [protein], nuclei, samples: 1, steps: 1000 };
    const { body } = await submit({ kind: "generate", request });
    const look = async () => (await checked("/api/v1/jobs/{id}", `/api/v1/jobs/${body.id}`)).body as Job;
    while ((await look()).preview === null) await sleep(50);
    const { body: job } = await checked("/api/v1/jobs/{id}", `/api/v1/jobs/${body.id}`, { method: "DELETE" });
    expect(job).toMatchObject({ state: "cancelled", result: null, preview: { step: expect.any(Number) } });
    const next = await finished((await submit({ ...generateShort })).body.id);
    expect(next.state).toBe("done");
    const { body: unchanged } = await checked("/api/v1/jobs/{id}", `/api/v1/jobs/${body.id}`);
    expect(unchanged).toMatchObject({ state: "cancelled", preview: { image: expect.any(String) } });
    const early = `/api/v1/jobs/${body.id}/export?format=zip`;
    expect((await checked("/api/v1/jobs/{id}/export", early)).status).toBe(409);
    expect(
      (await checked("/api/v1/jobs", "/api/v1/jobs", { method: "DELETE" })).body.cleared,
    ).toBeGreaterThan(3);
  });

  it("find nothing without an index of images", async () => {
    const init = { method: "POST", body: fieldPng() as BodyInit };
    const { body } = await checked("/api/v1/retrieve/image", "/api/v1/retrieve/image?name=a.png", init);
    expect(body).toMatchObject({ status: 404, detail: expect.stringMatching(/retrieve --build/) });
  });

  it("were all asked for by these tests", () => {
    const routes = Object.entries(specification.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const asked = new Set([...seen].map((entry) => entry.replace(/ \d+$/, "")));
    expect(routes.filter((route) => !asked.has(route))).toEqual([]);
    expect(seen.size).toBeGreaterThan(40);
  });
});
