import { FormatError, ProteoscopeError } from "@proteoscope/formats";
import { expect, it } from "vitest";
import { isAbort, ProblemError, problemOf } from "./problems.ts";

it("an error of the packages brings its kind and field, any other its message", () => {
  expect(problemOf(new ProteoscopeError("no such step", { kind: "usage", field: "steps" }))).toEqual({
    ...{ title: "The request cannot be met", detail: "no such step", kind: "usage", field: "steps" },
  });
  expect(problemOf(new FormatError("tiff", "cut off"))).toMatchObject({
    title: "The data is not what it should be",
    kind: "data",
  });
  expect(problemOf("odd")).toEqual({
    ...{ title: "This did not work", detail: "odd", kind: "failure", field: null },
  });
});

it("a problem that came over a border stays as it is", () => {
  const problem = { title: "a", detail: "b", kind: "limit", field: null };
  expect(problemOf(new ProblemError(problem))).toBe(problem);
  expect(new ProblemError(problem).message).toBe("b");
});

it("an abort is no failure", () => {
  expect(isAbort(new DOMException("stop", "AbortError"))).toBe(true);
  expect(isAbort(new Error("no"))).toBe(false);
  expect(isAbort(null)).toBe(false);
});
