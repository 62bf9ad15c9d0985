// Requests to the Hugging Face Hub: with the token, with patience for what passes by itself (broken connections, 429, 5xx,
// silence) and one clear line for what does not. Redirects lead to other hosts, where fetch leaves the token out.
import { setTimeout as sleep } from "node:timers/promises";
import { ProteoscopeError } from "@proteoscope/formats";

/** Where the Hub is and how it is asked. */
export interface HubAccess {
  /** Address of the Hub or a mirror, such as https://huggingface.co, without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** Pause before the second attempt, 1000 when absent; each later pause is twice as long. */
  readonly retryDelayMs?: number;
  /** Called before each pause, with what failed and how long the pause is. */
  readonly onPause?: ((reason: string, pauseMs: number) => void) | undefined;
  /** A connection that is silent for longer is given up; 60,000 when absent. */
  readonly silenceMs?: number;
}

/** A failure that may be over at the next attempt. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  /** How long the server asks its clients to wait, if it does. */
  readonly pauseMs: number | undefined;

  constructor(message: string, { pauseMs, cause }: { pauseMs?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause });
    this.pauseMs = pauseMs;
  }
}

const attemptsWithoutProgress = 5;
const longestPauseMs = 120_000;

/**
 * Repeats `work` while it fails with a TransientError. `progress` measures how far it has come; coming further starts the
 * count of failures anew. @throws ProteoscopeError (failure, field `endpoint`) after five failures in a row.
 */
export async function retry<T>(
  work: () => Promise<T>,
  { endpoint, signal, retryDelayMs = 1000, onPause }: HubAccess,
  progress: () => number = () => 0,
): Promise<T> {
  let failures = 0;
  let furthest = progress();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TransientError)) throw error;
      failures = progress() > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, progress());
      if (failures === attemptsWithoutProgress)
        throw new ProteoscopeError(
          `${new URL(endpoint).host}: ${error.message}, ${failures} times in a row; try again later: what is here already is kept`,
          { kind: "failure", field: "endpoint", cause: error },
        );
      const pauseMs = Math.min(error.pauseMs ?? retryDelayMs * 2 ** (failures - 1), longestPauseMs);
      onPause?.(`${new URL(endpoint).host}: ${error.message}`, pauseMs);
      await sleep(pauseMs, undefined, { signal });
    }
  }
}

/** A response and the reader of its body, which ends when the signal aborts or the server is silent. */
export interface HubResponse {
  readonly response: Response;
  /** Pieces of the body. @throws TransientError when the connection breaks. */
  pieces(): AsyncGenerator<Uint8Array>;
}

/**
 * Sends one request.
 * @throws TransientError for what may pass; ProteoscopeError (failure, notFound) for a refusal, with the field `token`
 *   where another token may help.
 */
export async function requestHub(
  url: URL,
  { token, signal, endpoint, silenceMs = 60_000 }: HubAccess,
  {
    method = "GET",
    headers = {},
    expected = [200],
  }: { method?: "GET" | "HEAD"; headers?: Record<string, string>; expected?: readonly number[] } = {},
): Promise<HubResponse> {
  const silence = new AbortController();
  const ended = AbortSignal.any([signal, silence.signal]);
  const guarded = async <T>(work: Promise<T>): Promise<T> => {
    const timer = setTimeout(() => silence.abort(), silenceMs);
    try {
      return await work;
    } catch (cause) {
      signal.throwIfAborted();
      const reason = silence.signal.aborted ? `silent for ${silenceMs / 1000} s` : describeBreak(cause);
      throw new TransientError(reason, { cause });
    } finally {
      clearTimeout(timer);
    }
  };
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await guarded(
    fetch(url, {
      method,
      headers: { ...authorization, "accept-encoding": "identity", "user-agent": "proteoscope", ...headers },
      signal: ended,
    }),
  );
  if (!expected.includes(response.status)) {
    await response.body?.cancel();
    throw refusal(response, { endpoint, hasToken: token !== undefined });
  }
  if (endpoint.startsWith("https:") && !response.url.startsWith("https:")) {
    await response.body?.cancel();
    throw new ProteoscopeError(`${url.href} leads to ${response.url}, which is not https`, {
      kind: "failure",
    });
  }
  return {
    response,
    async *pieces() {
      const reader = response.body?.getReader();
      if (reader === undefined) return;
      try {
        for (;;) {
          const { done, value } = await guarded(reader.read());
          if (done) return;
          yield value;
        }
      } finally {
        await reader.cancel().catch(() => undefined);
      }
    },
  };
}

function refusal(response: Response, { endpoint, hasToken }: { endpoint: string; hasToken: boolean }): Error {
  const { status, headers, url } = response;
  if (status === 429 || status >= 500) {
    const seconds = Number(headers.get("retry-after") ?? Number.NaN);
    const pauseMs = seconds >= 0 ? seconds * 1000 : undefined;
    return new TransientError(`the server answers ${status}`, { pauseMs });
  }
  const reason = {
    RepoNotFound: "there is no such model",
    RevisionNotFound: "the model has no such revision",
    EntryNotFound: "the model has no such file",
    GatedRepo: `its licence is to be accepted first, at ${endpoint}`,
  }[headers.get("x-error-code") ?? ""];
  if (status === 404)
    return new ProteoscopeError(`${url}: ${reason ?? "not found"} (404)`, { kind: "notFound" });
  const isTokenAtFault = (status === 401 || status === 403) && reason === undefined;
  if (!isTokenAtFault)
    return new ProteoscopeError(`${url}: ${reason ?? "the server refuses"} (${status})`, { kind: "failure" });
  const fault = hasToken ? "the token does not open it" : "there is no such model, or it asks for a token";
  return new ProteoscopeError(`${url}: ${fault} (${status})`, { kind: "failure", field: "token" });
}

/** fetch says "fetch failed" and keeps the reason as cause. */
function describeBreak(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  const code = cause?.code ?? "";
  const reasons: Record<string, string> = {
    ECONNREFUSED: "nobody answers",
    ENOTFOUND: "there is no such host, or no network",
    EAI_AGAIN: "there is no such host, or no network",
    ECONNRESET: "the connection broke",
    UND_ERR_SOCKET: "the connection broke",
  };
  return reasons[code] ?? (cause?.message || message);
}
