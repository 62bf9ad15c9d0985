// Errors as problems (RFC 9457). What the library foresaw is said in its own words, with kind and field; of all else a client
// learns that the server failed, and the log what happened: no stack, path or version leaves this process.

import { type ErrorKind, FormatError, type ProteoscopeError } from "@proteoscope/formats";
import type { ImageProblem, Problem } from "./api.ts";

/** What a server refuses by itself: a limit, a foreign origin, a conflict, not being ready. */
export type RefusalKind = ErrorKind | "limit" | "forbidden" | "conflict" | "unavailable";

/** More about a refusal. */
export interface RefusalDetails {
  readonly status: number;
  readonly kind: RefusalKind;
  readonly field?: string | undefined;
  /** Seconds after which the same request may be met. */
  readonly retryAfterSeconds?: number | undefined;
}

/** A request that the server refuses. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";

  constructor(
    message: string,
    readonly details: RefusalDetails,
  ) {
    super(message);
  }
}

/** A problem that another process has named, or that has members of its own. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(readonly problem: Problem | ImageProblem) {
    super(problem.detail);
  }
}

/** The refusal of something that is not there. */
export function notFound(message: string, field?: string): RefusedError {
  return new RefusedError(message, { status: 404, kind: "notFound", field });
}

const statusByKind: Readonly<Record<ErrorKind, number>> = {
  usage: 422,
  data: 422,
  notFound: 404,
  device: 503,
  failure: 500,
};

const titles: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Token needed",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  408: "Too slow",
  409: "Conflict",
  411: "Length needed",
  413: "Too large",
  415: "Unsupported media type",
  421: "Wrong host",
  422: "Cannot be met",
  429: "Too many",
  431: "Headers too large",
  500: "Server failure",
  503: "Not available",
};

/** The errors whose messages are for who runs the server: they name files of the model, or of the machine. */
const ofTheServer = new Set(["CheckpointError", "WeightsError", "TensorError", "DeviceError"]);

/** Whether an error was foreseen, so that its message is for the client. */
export function isForeseen(error: unknown): boolean {
  return error instanceof RefusedError || error instanceof ProblemError || kindOf(error) !== undefined;
}

/** The kind of an error whose message is for the client. */
function kindOf(error: unknown): Exclude<ErrorKind, "failure"> | undefined {
  const { kind, name = "" } = (error ?? {}) as Partial<ProteoscopeError>;
  if (error instanceof FormatError) return "data";
  return kind === "failure" || ofTheServer.has(name) ? undefined : kind;
}

/** The problem of anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof RefusedError) {
    const { status, kind, field } = error.details;
    return makeProblem(status, kind, error.message, field);
  }
  const kind = kindOf(error);
  if (kind === undefined)
    return makeProblem(500, "failure", "the server failed at this request; its log says more");
  const { field, message } = error as ProteoscopeError;
  return makeProblem(statusByKind[kind], kind, withoutPaths(message), field);
}

/** A problem of its parts. */
export function makeProblem(status: number, kind: RefusalKind, detail: string, field?: string): Problem {
  const title = titles[status] ?? "Problem";
  return { type: "about:blank", title, status, detail, kind, ...(field === undefined ? {} : { field }) };
}

/** The text with the last part of each path alone. */
export function withoutPaths(text: string): string {
  return text
    .replace(/(^|[\s"'(])(?:\/[^\s/"':]+)+\/([^\s/"':]+)/g, "$1$2")
    .replace(/(^|[\s"'(])[A-Za-z]:\\(?:[^\s\\"']+\\)*([^\s\\"':]+)/g, "$1$2")
    .slice(0, 2000);
}
