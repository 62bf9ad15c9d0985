// Questions to public data bases over HTTP: answers are kept on disk by their address, so that an import that is repeated asks
// nothing again; what passes by itself (broken connections, 429, 5xx, a cut answer) is asked again with growing pauses.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ProteoscopeError } from "@proteoscope/formats";
import { writeWhole } from "@proteoscope/formats/node";

/** How a data base is asked. */
export interface RestOptions {
  /** Folder of the answers. */
  readonly cacheFolder: string;
  readonly signal: AbortSignal;
  /** Pause before the second attempt; each later one is twice as long. Default 1000. */
  readonly retryDelayMs?: number | undefined;
  /** An answer that takes longer is given up and asked for again. Default 30,000. */
  readonly silenceMs?: number | undefined;
}

const attempts = 5;
const longestPauseMs = 60_000;
const mostBytes = 64 * 2 ** 20;

class PassingFault extends Error {
  readonly pauseMs: number | undefined;
  constructor(message: string, pauseMs?: number) {
    super(message);
    this.pauseMs = pauseMs;
  }
}

/**
 * The JSON at an address; undefined where the data base has nothing there (400 or 404), which is kept as well.
 * @throws ProteoscopeError (failure) after five attempts, or where access is refused; the signal's reason.
 */
export async function askJson(url: URL, options: RestOptions): Promise<unknown> {
  const { cacheFolder, signal, retryDelayMs = 1000 } = options;
  const file = join(cacheFolder, `${createHash("sha256").update(url.href).digest("hex")}.json`);
  const kept = await readKept(file, url);
  if (kept !== undefined) return kept.answer ?? undefined;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      const answer = await askOnce(url, options);
      await writeWhole(file, JSON.stringify({ url: url.href, answer: answer ?? null }));
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof PassingFault)) throw error;
      if (attempt === attempts)
        throw new ProteoscopeError(
          `${url.host}: ${error.message}, ${attempts} times in a row; try again later: what is here already is kept`,
          { kind: "failure", cause: error },
        );
      const pauseMs = error.pauseMs ?? retryDelayMs * 2 ** (attempt - 1);
      await sleep(Math.min(pauseMs, longestPauseMs), undefined, { signal });
    }
  }
}

/** A kept answer; a file that is damaged, or of another address, counts for nothing. */
async function readKept(file: string, url: URL): Promise<{ answer: unknown } | undefined> {
  try {
    const kept = JSON.parse(await readFile(file, "utf8")) as { url?: string; answer: unknown };
    return kept.url === url.href ? { answer: kept.answer } : undefined;
  } catch {
    return undefined;
  }
}

async function askOnce(url: URL, { signal, silenceMs = 30_000 }: RestOptions): Promise<unknown> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]);
  let text: string;
  try {
    const response = await fetch(url, {
      headers: { accept: "application/json", "user-agent": "proteoscope" },
      signal: ended,
    });
    const { status } = response;
    if (status === 404 || status === 400) {
      await response.body?.cancel();
      return undefined;
    }
    if (status === 429 || status >= 500) {
      await response.body?.cancel();
      const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
      throw new PassingFault(`the server answers ${status}`, seconds >= 0 ? 1000 * seconds : undefined);
    }
    if (!response.ok)
      throw new ProteoscopeError(`${url.host} answers ${status} for ${url.pathname}`, { kind: "failure" });
    text = await readBounded(response);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PassingFault || error instanceof ProteoscopeError) throw error;
    throw new PassingFault(ended.aborted ? `silent for ${silenceMs / 1000} s` : "the connection breaks");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new PassingFault("the answer is no JSON");
  }
}

async function readBounded(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.length;
    if (length > mostBytes)
      throw new ProteoscopeError(`${response.url} answers with more than ${mostBytes} bytes`, {
        kind: "failure",
      });
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
