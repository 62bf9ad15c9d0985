// The side of the server: a process that does its work, so that the server answers meanwhile. Where it ends, by a kill or for
// want of memory, what it was at is said to have ended, and another one is started.

import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { ProteoscopeError } from "@proteoscope/formats";
import { type JobOutput, type JobReporter, type JobWork, ProcessEndedError } from "../jobs/run-job.ts";
import { RefusedError } from "../problem.ts";
import type { WorkCalls, WorkDescription } from "../work/work.ts";
import type { Answer, Order } from "./messages.ts";
import { openPendingCalls, type PendingCalls } from "./pending-calls.ts";

/** The process that works for a server. */
export interface WorkerProcess extends JobWork {
  readonly calls: WorkCalls;
  /** Its description once it is ready; it waits for the next process where one has ended. @throws where none starts. */
  ready(): Promise<WorkDescription>;
  readonly isReady: boolean;
  /** How many processes have been started. */
  readonly started: number;
  readonly pid: number | undefined;
  close(): Promise<void>;
}

/** How processes are started and watched. */
export interface WorkerProcessOptions {
  /** Starts a process with a channel of messages (`serialization: "advanced"`) that calls `serveParent`. */
  spawn(): ChildProcess;
  /** Called with one line when a process ends. */
  readonly onNotice: (line: string) => void;
}

/** Calls that are answered at once: more of them are refused, for each takes memory. */
const mostCalls = 16;
/** A cancelled call that does not end meanwhile is ended with its process. */
const cancelPatienceMs = 15_000;
const mostPauseMs = 10_000;

/** Starts a process and keeps one running until it is closed. */
export function openWorkerProcess(options: WorkerProcessOptions): WorkerProcess {
  const pending = openPendingCalls();
  const keeper = keepProcess(options, pending);
  const call: Call = async (method, params, { reporter, signal } = {}) => {
    await keeper.ready();
    signal?.throwIfAborted();
    const { number, result } = pending.add(reporter);
    const caller = keeper.child();
    const send = (order: Order): void => void caller?.send(order, () => undefined);
    send({ call: number, method, params });
    let patience: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      send({ cancel: number });
      patience = setTimeout(() => caller?.kill("SIGKILL"), cancelPatienceMs);
    };
    signal?.addEventListener("abort", cancel, { once: true });
    return result.finally(() => {
      clearTimeout(patience);
      signal?.removeEventListener("abort", cancel);
    });
  };
  return {
    calls: limitCalls(call, () => keeper.isReady()),
    run: async ({ kind, request, inputs }, reporter, signal) =>
      (await call("job", { kind, request, inputs }, { reporter, signal })) as JobOutput,
    ready: keeper.ready,
    get isReady() {
      return keeper.isReady();
    },
    get started() {
      return keeper.started();
    },
    get pid() {
      return keeper.child()?.pid;
    },
    close: keeper.close,
  };
}

type Call = (
  method: Extract<Order, { method: unknown }>["method"],
  params: unknown,
  options?: { readonly reporter?: JobReporter; readonly signal?: AbortSignal },
) => Promise<unknown>;

/** One process after the other. */
function keepProcess({ spawn, onNotice }: WorkerProcessOptions, pending: PendingCalls) {
  let [started, failures] = [0, 0];
  let child: ChildProcess | undefined;
  let isClosed = false;
  let description: WorkDescription | undefined;
  let waiting = defer<WorkDescription>();
  const onExit = async (reason: string): Promise<void> => {
    const wasReady = description !== undefined;
    description = undefined;
    if (wasReady) waiting = defer();
    else if (started === 1)
      waiting.reject(
        new ProteoscopeError("the process that does the work does not start; it has said why", {
          kind: "failure",
        }),
      );
    pending.end(`the worker process ended (${reason})`);
    if (isClosed) return;
    onNotice(`the worker process ended (${reason}); another one is started`);
    if (!wasReady) failures++;
    const pauseMs = failures === 0 ? 0 : Math.min(mostPauseMs, 250 * 2 ** failures);
    await sleep(pauseMs, undefined, { ref: false });
    if (!isClosed) start();
  };
  const start = (): void => {
    started++;
    child = spawn();
    child.on("message", (answer: Answer) => {
      if (!("ready" in answer)) return pending.onAnswer(answer);
      description = answer.ready;
      failures = 0;
      waiting.resolve(answer.ready);
    });
    child.on("error", () => undefined); // a message that could not be sent: the exit says why
    child.once("exit", (code, signal) => void onExit(String(signal ?? code)));
  };
  start();
  return {
    ready: () => waiting.promise,
    isReady: () => description !== undefined,
    started: () => started,
    child: () => child,
    async close() {
      isClosed = true;
      waiting.reject(new Error("the server ends"));
      const ending = child;
      if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
      const ended = new Promise<void>((resolve) => ending.once("exit", () => resolve()));
      if (ending.connected) ending.disconnect();
      const kill = setTimeout(() => ending.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(kill);
    },
  };
}

/** The calls of a server, which do not wait for a process and are not many at a time. */
function limitCalls(call: Call, isReady: () => boolean): WorkCalls {
  let answering = 0;
  const unavailable = (message: string, retryAfterSeconds: number) =>
    new RefusedError(message, { status: 503, kind: "unavailable", retryAfterSeconds });
  const ask = async (method: keyof WorkCalls, params: unknown): Promise<never> => {
    if (!isReady()) throw unavailable("the model is being loaded: try again", 2);
    if (answering >= mostCalls) throw unavailable("the server is busy: try again", 2);
    answering++;
    try {
      return (await call(method, params)) as never;
    } catch (error) {
      if (!(error instanceof ProcessEndedError)) throw error;
      throw unavailable("what was asked ended the process that does the work: try again", 5);
    } finally {
      answering--;
    }
  };
  return {
    localize: (params) => ask("localize", params),
    upload: (params) => ask("upload", params),
    retrieveImage: (params) => ask("retrieveImage", params),
    proteinMap: (params) => ask("proteinMap", params),
    export: (params) => ask("export", params),
  };
}

/** A promise with what settles it; nobody needs to listen to its rejection. */
function defer<Value>() {
  let resolve!: (value: Value) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<Value>((...settle) => {
    [resolve, reject] = settle;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
