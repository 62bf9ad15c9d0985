import { afterEach, describe, expect, it, vi } from "vitest";
import { callApi } from "./call-api.ts";

afterEach(() => vi.unstubAllGlobals());
const answer = (response: Response | Error) =>
  vi.stubGlobal("fetch", async () => {
    if (response instanceof Error) throw response;
    return response;
  });

describe("a call of the server", () => {
  it("gives the JSON of an answer, and nothing where there is none", async () => {
    answer(Response.json({ a: 1 }));
    expect(await callApi("/meta")).toEqual({ a: 1 });
    answer(new Response(null, { status: 204 }));
    expect(await callApi("/jobs/1", { method: "DELETE" })).toBeUndefined();
  });

  it("throws the problem that the server describes", async () => {
    const problem = {
      type: "about:blank",
      title: "Too many",
      status: 429,
      detail: "wait",
      kind: "limit",
      field: "jobs",
    };
    answer(Response.json(problem, { status: 429 }));
    await expect(callApi("/jobs")).rejects.toMatchObject({
      problem: { title: "Too many", detail: "wait", kind: "limit", field: "jobs" },
    });
  });

  it("says what happened where a proxy answers in its own words, or nobody", async () => {
    answer(new Response("<html>", { status: 502 }));
    await expect(callApi("/jobs")).rejects.toMatchObject({ problem: { title: "The server answers 502" } });
    answer(new TypeError("failed"));
    await expect(callApi("/jobs")).rejects.toMatchObject({ problem: { kind: "unavailable" } });
  });
});
