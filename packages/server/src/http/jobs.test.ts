// The routes of jobs, from what is refused to what a finished job has, checked by the specification that the
// server publishes.

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job, JobRequest } from "../api.ts";
import { type CheckedClient, fieldPng, openCheckedClient } from "../testing/checked-client.ts";
import { openTestServer, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
let client: CheckedClient;
beforeAll(async () => {
  server = await openTestServer();
  client = await openCheckedClient(server);
});
afterAll(() => server.close());

const checked: CheckedClient["checked"] = (...asked) => client.checked(...asked);
const submit: CheckedClient["submit"] = (...job) => client.submit(...job);
const finished: CheckedClient["finished"] = (id) => client.finished(id);

const protein = { id: "short", sequence: "MKTAYIAKQRQISFVKSHFS" };
const nuclei = ["library:0"];
const generateShort: JobRequest = {
  kind: "generate",
  request: { proteins: [protein, { name: "known" }], nuclei, samples: 2, steps: 3, seed: 5 },
};

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
    const { sha256 } = (await server.services.worker.ready()).model;
    expect(first.jobs.map(({ model }: { model: string }) => model)).toEqual(
      Array(2).fill(sha256.slice(0, 16)),
    );
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
    expect(job).toMatchObject({ state: "done", attempts: 1, error: null });
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

  it("send their events, again to whoever comes back", async () => {
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
    expect(client.unasked(/\/(jobs|files|retrieve)\b/)).toEqual([]);
  });
});
