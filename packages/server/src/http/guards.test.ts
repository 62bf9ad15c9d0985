// What a request passes before a route sees it, and what is said of those that do not pass.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Problem } from "../api.ts";
import { openTestServer, type TestServer } from "../testing/test-server.ts";
import { createApp } from "./app.ts";
import type { Services } from "./services.ts";

let server: TestServer;
let page: string;
beforeAll(async () => {
  server = await openTestServer();
  page = mkdtempSync(join(tmpdir(), "proteoscope-page-"));
  mkdirSync(join(page, "assets"));
  writeFileSync(join(page, "index.html"), "<!doctype html><title>page</title>");
  writeFileSync(join(page, "assets/a-1234.js"), "export {};");
});
afterAll(async () => {
  await server.close();
  rmSync(page, { recursive: true });
});

function ask(path: string, init: RequestInit & { services?: Partial<Services> } = {}) {
  const { services = {}, ...rest } = init;
  const app = createApp({ ...server.services, ...services });
  return app.request(path, { ...rest, headers: { host: "localhost", ...(rest.headers as object) } });
}

async function refusal(path: string, init: Parameters<typeof ask>[1] = {}): Promise<Problem> {
  const response = await ask(path, init);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = (await response.json()) as Problem;
  expect(problem.status).toBe(response.status);
  // Neither a stack, nor a path, nor a version.
  expect(problem.detail).not.toMatch(/\n|\.[jt]s\b|node_modules|\d+\.\d+\.\d+|\/\w+\//);
  return problem;
}

describe("requests", () => {
  it("to another host, or of another site, are refused", async () => {
    expect(await refusal("/healthz", { headers: { host: "evil.example" } })).toMatchObject({ status: 421 });
    expect(await refusal("/healthz", { headers: { host: "localhost:99" } })).toMatchObject({ status: 421 });
    for (const origin of ["https://evil.example", "null", "http://localhost:99"])
      expect(await refusal("/api/v1/jobs", { headers: { origin } }), origin).toMatchObject({ status: 403 });
    expect((await ask("/api/v1/jobs", { headers: { origin: "http://localhost" } })).status).toBe(200);
    const crossSite = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
    expect(await refusal("/api/v1/jobs", { headers: crossSite })).toMatchObject({ kind: "forbidden" });
  });

  it("need the token where there is one, in a header or from the address that was printed", async () => {
    const services = { access: { ...server.services.access, token: "secret" } };
    expect(await refusal("/api/v1/jobs", { services })).toMatchObject({ status: 401 });
    const wrong = { authorization: "Bearer secret2" };
    expect(await refusal("/api/v1/jobs", { services, headers: wrong })).toMatchObject({ status: 401 });
    expect((await ask("/healthz", { services })).status).toBe(200);
    const right = { authorization: "Bearer secret" };
    expect((await ask("/api/v1/jobs", { services, headers: right })).status).toBe(200);
    const first = await ask("/?token=secret&view=2", { services });
    expect([first.status, first.headers.get("location")]).toEqual([303, "/?view=2"]);
    const set = first.headers.get("set-cookie")!;
    expect(set).toMatch(/HttpOnly/);
    expect(set).toMatch(/SameSite=Strict/);
    const cookie = set.split(";")[0]!;
    expect((await ask("/api/v1/jobs", { services, headers: { cookie } })).status).toBe(200);
    expect(server.log.join("")).not.toMatch(/secret/);
  });

  it("are limited by their address, those that make work more strictly", async () => {
    const limits = { ...server.services.limits, requestsPerTenSeconds: 5, worksPerTenSeconds: 2 };
    const app = createApp({ ...server.services, limits });
    const headers = { host: "localhost", "content-type": "application/json" };
    const post = () => app.request("/api/v1/jobs", { method: "POST", body: "{}", headers });
    expect([(await post()).status, (await post()).status]).toEqual([422, 422]);
    const third = await post();
    expect([third.status, Number(third.headers.get("retry-after")) > 0]).toEqual([429, true]);
    expect(await third.json()).toMatchObject({ kind: "limit" });
    await app.request("/healthz", { headers });
    await app.request("/healthz", { headers });
    expect((await app.request("/healthz", { headers })).status).toBe(429);
  });

  it("may not have large bodies, nor bodies of a length that they do not say", async () => {
    const headers = { "content-type": "application/json", "content-length": String(3 * 2 ** 20) };
    const body = JSON.stringify({ text: "A" });
    expect(await refusal("/api/v1/proteins/parse", { method: "POST", body, headers })).toMatchObject({
      status: 413,
    });
    const chunked = { "content-type": "application/json", "transfer-encoding": "chunked" };
    expect(await refusal("/api/v1/proteins/parse", { method: "POST", body, headers: chunked })).toMatchObject(
      { status: 411 },
    );
    const limits = { ...server.services.limits, uploadBytes: 1000 };
    const large = { method: "POST", body: "x".repeat(2000), services: { limits } };
    expect(await refusal("/api/v1/nuclei?name=a", large)).toMatchObject({ status: 413, kind: "limit" });
  });

  it("for what is not there end in a problem, whatever they name", async () => {
    for (const path of [
      "/api/v1/nothing",
      "/api/v1/../../etc/passwd",
      "/nothing.js",
      "/%2e%2e/%2e%2e/etc/passwd",
    ])
      expect(await refusal(path), path).toMatchObject({ status: 404 });
    expect(await refusal("/api/v1/meta", { method: "POST" })).toMatchObject({ status: 404 });
  });

  it("that fail by a fault of the server say so, and the log says why", async () => {
    const database = {
      ...server.services.database,
      query: async () => Promise.reject(new Error("/srv/secret.ts broke")),
    };
    const problem = await refusal("/api/v1/jobs", { services: { database } });
    expect(problem).toMatchObject({ status: 500, kind: "failure" });
    expect(problem.detail).not.toMatch(/secret|broke/);
    expect(server.log.join("")).toMatch(/secret.ts broke/);
    expect((await ask("/readyz", { services: { database } })).status).toBe(503);
  });

  it("for jobs are refused while the server ends, and where too many wait", async () => {
    const request = { proteins: [{ id: "a", sequence: "MKTAYIAKQR" }], nuclei: ["library:0"] };
    const init = {
      ...{ method: "POST", body: JSON.stringify({ kind: "generate", request }) },
      headers: { "content-type": "application/json" },
    };
    const ending = { ...init, services: { isDraining: () => true } };
    expect(await refusal("/api/v1/jobs", ending)).toMatchObject({ status: 503, kind: "unavailable" });
    const limits = { ...server.services.limits, queuedJobs: 0 };
    expect(await refusal("/api/v1/jobs", { ...init, services: { limits } })).toMatchObject({ status: 429 });
    expect((await ask("/readyz", { services: { isDraining: () => true } })).status).toBe(503);
  });

  it("leave one line in the log each", async () => {
    const before = server.log.length;
    await ask("/healthz?x=1");
    const lines = server.log.slice(before).map((line) => JSON.parse(line));
    expect(lines).toEqual([
      expect.objectContaining({ method: "GET", path: "/healthz", status: 200, ms: expect.any(Number) }),
    ]);
  });
});

describe("event streams", () => {
  it("are limited for each address", async () => {
    const request = { protein: { id: "a", sequence: "MKTAYIAKQR" }, windowResidues: 3, draws: 20 };
    const { id } = (await (await server.post("/api/v1/jobs", { kind: "scan", request })).json()) as {
      id: string;
    };
    const open = [];
    for (let index = 0; index < 4; index++) {
      const response = await server.ask(`/api/v1/jobs/${id}/events`);
      expect(response.status).toBe(200);
      open.push(response);
    }
    expect((await server.ask(`/api/v1/jobs/${id}/events`)).status).toBe(429);
    for (const response of open) await response.body!.cancel();
    await server.ask(`/api/v1/jobs/${id}`, { method: "DELETE" });
    const next = await server.ask(`/api/v1/jobs/${id}/events`);
    expect(next.status).toBe(200);
    expect(await next.text()).toMatch(/"state":"cancelled"/);
  });
});

describe("the page", () => {
  it("is served with a policy that allows no inline script", async () => {
    const services = { page };
    const response = await ask("/", { services });
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    const policy = response.headers.get("content-security-policy")!;
    expect(policy).toMatch(/script-src 'self' 'wasm-unsafe-eval';/);
    expect(policy).toMatch(/default-src 'none'/);
    expect(await response.text()).toMatch(/<title>page/);
    expect((await ask("/gallery", { services })).status).toBe(404);
    const script = await ask("/assets/a-1234.js", { services });
    expect(script.headers.get("cache-control")).toMatch(/immutable/);
    const etag = response.headers.get("etag")!;
    expect((await ask("/", { services, headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await ask("/assets/nothing.js", { services })).status).toBe(404);
    expect((await ask("/..%2f..%2fetc%2fpasswd.txt", { services })).status).toBe(404);
  });
});
