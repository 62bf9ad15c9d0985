// Calls of the server's API: JSON in and out, every refusal as
// the problem that the server describes.
import type * as Api from "@proteoscope/server/api";
import { ProblemError } from "./problems.ts";

/** Where the API lies on the server that served the page. */
export const apiPath = "/api/v1";

/** A call of the API. @throws ProblemError for every answer that is no success. */
export async function callApi<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(`${apiPath}${path}`, init).catch(() => {
    throw problem("The server does not answer", "it may be starting again: try once more in a moment");
  });
  if (response.status === 204) return undefined as T;
  const body = (await response.json().catch(() => ({}))) as T & Partial<Api.Problem>;
  if (response.ok) return body;
  const { title = `The server answers ${response.status}`, detail = "", kind = "failure", field } = body;
  throw new ProblemError({ title, detail, kind, field: field ?? null });
}

function problem(title: string, detail: string): ProblemError {
  return new ProblemError({ title, detail, kind: "unavailable", field: null });
}
