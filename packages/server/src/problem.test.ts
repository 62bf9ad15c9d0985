import { FormatError, ProteoscopeError } from "@proteoscope/formats";
import { CheckpointError } from "@proteoscope/models";
import { describe, expect, it } from "vitest";
import { makeProblem, ProblemError, problemOf, RefusedError, withoutPaths } from "./problem.ts";

describe("problemOf", () => {
  it("says what the library foresaw, with kind and field", () => {
    const usage = new ProteoscopeError("at most 999 steps", { kind: "usage", field: "steps" });
    expect(problemOf(usage)).toEqual({
      ...{ type: "about:blank", title: "Cannot be met", status: 422 },
      ...{ detail: "at most 999 steps", kind: "usage", field: "steps" },
    });
    expect(problemOf(new FormatError("png", "is cut short"))).toMatchObject({ status: 422, kind: "data" });
    const missing = new ProteoscopeError("no such protein", { kind: "notFound" });
    expect(problemOf(missing)).toMatchObject({ status: 404 });
    expect("field" in problemOf(missing)).toBe(false);
  });

  it("says of faults of the server that there was one", () => {
    for (const error of [
      new Error("/srv/someone/secret"),
      new CheckpointError("/models/mini/unet: field"),
      new ProteoscopeError("the disk /dev/sda is full", { kind: "failure" }),
      "text",
      undefined,
    ])
      expect(problemOf(error)).toMatchObject({
        status: 500,
        kind: "failure",
        detail: expect.stringMatching(/its log/),
      });
    expect(problemOf(new Error("/srv/someone/secret")).detail).not.toMatch(/secret/);
  });

  it("passes on what another process has named", () => {
    const problem = makeProblem(429, "limit", "too many");
    expect(problemOf(new ProblemError(problem))).toBe(problem);
    const refused = new RefusedError("wait", { status: 503, kind: "unavailable", retryAfterSeconds: 2 });
    expect(problemOf(refused)).toMatchObject({ status: 503, kind: "unavailable", title: "Not available" });
  });
});

describe("withoutPaths", () => {
  it("keeps the last part of a path, and what is no path", () => {
    expect(withoutPaths("/srv/a/b.tif: is cut short")).toBe("b.tif: is cut short");
    expect(withoutPaths('cannot read "/srv/x/y" here')).toBe('cannot read "y" here');
    expect(withoutPaths("C:\\data\\own\\b.tif is cut short")).toBe("b.tif is cut short");
    for (const text of ["0.4 um/pixel, and/or 3", "1/3 of them", "p.Arg175His"])
      expect(withoutPaths(text)).toBe(text);
  });
});
