// One progress line for slow work: what is done, how fast, how long it will take.
// Silent for the first two seconds, so that quick commands stay quiet. A terminal sees one line redrawn;
// a log file gets a line now and then and one at the end.
import { printable } from "@proteoscope/formats/printable";
import type { ProgressEvent } from "@proteoscope/microscope";

/** Notes may hold ids of a file, of any length. */
const longestLine = 300;

export interface Progress {
  /** Shows how much is done by now, in units of `total`, and optionally what is being worked on. */
  update(done: number, note?: string): void;
  /** Ends the line; safe to call more than once. */
  close(): void;
}

export interface ProgressOptions {
  readonly stream: { write(text: string): unknown; isTTY?: boolean; columns?: number };
  /** Plural noun of what is counted. */
  readonly unit?: string;
  /** How much was done before this run, as of an interrupted one: the rate is that of the rest. Default 0. */
  readonly from?: number;
  readonly delayMs?: number;
  /** Time between two redraws on a terminal. */
  readonly redrawMs?: number;
  /** Time between two lines in a log. */
  readonly logMs?: number;
  readonly nowMs?: () => number;
}

/** Starts the line for work of `total` units; a total of Infinity shows the rate but no end. */
export function startProgress(label: string, total: number, options: ProgressOptions): Progress {
  const { stream, unit = "steps", from = 0, delayMs = 2000, redrawMs = 100, logMs = 10_000 } = options;
  const nowMs = options.nowMs ?? (() => performance.now());
  const startMs = nowMs();
  let shownMs = -Infinity;
  let line = "";
  let closed = false;
  const show = (): void => {
    stream.write(stream.isTTY ? `\r${line.slice(0, (stream.columns ?? 80) - 1)}\u001b[K` : `${line}\n`);
  };
  return {
    update(done, note) {
      const elapsedMs = nowMs() - startMs;
      if (closed || elapsedMs < delayMs) return;
      const described = describe(label, { done, from, total, unit, elapsedMs }) + (note ? `  ${note}` : "");
      const text = printable(described, longestLine);
      const isLast = done >= total;
      if (text === line || (!isLast && elapsedMs - shownMs < (stream.isTTY ? redrawMs : logMs))) return;
      line = text;
      shownMs = elapsedMs;
      show();
    },
    close() {
      if (!closed && stream.isTTY && line !== "") stream.write("\n");
      closed = true;
    },
  };
}

/** Says what is under way where it takes longer than two seconds, and how much is left is not known. */
export async function sayWhenSlow<T>(
  stream: Pick<ProgressOptions["stream"], "write">,
  what: string,
  work: Promise<T>,
  delayMs = 2000,
): Promise<T> {
  const timer = setTimeout(() => stream.write(`${printable(what, longestLine)}\n`), delayMs);
  return work.finally(() => clearTimeout(timer));
}

/** Shows the progress events of long work, one line per phase. `close` ends the last line. */
export function showProgress(stream: ProgressOptions["stream"]) {
  let current: { readonly phase: string; readonly line: Progress } | undefined;
  const close = (): void => current?.line.close();
  const show = ({ phase, done, total, unit, note }: ProgressEvent): void => {
    if (current?.phase !== phase) {
      close();
      current = { phase, line: startProgress(phase, total, { stream, unit }) };
    }
    current.line.update(done, note);
  };
  return { show, close };
}

/** `90 s` as `1m30s`, for people. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
}

interface State {
  readonly done: number;
  readonly from: number;
  readonly total: number;
  readonly unit: string;
  readonly elapsedMs: number;
}

function describe(label: string, { done, from, total, unit, elapsedMs }: State): string {
  const perSecond = ((done - from) / elapsedMs) * 1000;
  const rate = `${perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(2)} ${unit}/s`;
  if (!Number.isFinite(total)) return `${label}  ${done} ${unit}  ${rate}  ${formatDuration(elapsedMs)}`;
  const percent = total > 0 ? Math.min(100, Math.floor((done / total) * 100)) : 100;
  const left =
    done >= total
      ? `in ${formatDuration(elapsedMs)}`
      : `ETA ${perSecond > 0 ? formatDuration((1000 * (total - done)) / perSecond) : "?"}`;
  return `${label}  ${done}/${total} ${unit}  ${percent}%  ${rate}  ${left}`;
}
