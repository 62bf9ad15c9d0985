// Failures as the page shows them: one sentence, the kind, and the field of the request that is at fault. They cross the border
// of a worker and of HTTP as plain data (RFC 9457).
import type { Problem } from "./types.ts";

/** A failure that was foreseen, with what to show. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** Any thrown value as a problem; an error of the microscope's packages brings its kind and field. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const { name, message, kind, field } = error as Partial<
    Record<"name" | "message" | "kind" | "field", unknown>
  >;
  const detail = typeof message === "string" && message !== "" ? message : String(error);
  return {
    title: titles[String(kind)] ?? (name === "FormatError" ? titles.data! : "This did not work"),
    detail,
    kind: typeof kind === "string" ? kind : name === "FormatError" ? "data" : "failure",
    field: typeof field === "string" ? field : null,
  };
}

const titles: Readonly<Record<string, string>> = {
  usage: "The request cannot be met",
  data: "The data is not what it should be",
  notFound: "There is no such thing",
  device: "The device does not work here",
};

/** Whether an error is the reason of an abort and no failure. */
export function isAbort(error: unknown): boolean {
  return (error as { name?: unknown } | null)?.name === "AbortError";
}
