// The side of the server: a process that does its work, so that the server answers meanwhile. Where it ends, by a kill or for
// want of memory, what it was at is said to have ended, and another one is started.

import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type JobOutput, type JobReporter, type JobWork, ProcessEndedError } from "../jobs/run-job.ts";
import { ProblemError, RefusedError } from "../problem.ts";
import type { WorkCalls, WorkDescription } from "../work/work.ts";
import type { Answer, Order } from "./messages.ts";

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
  /** Called with one line when a process ends or does not start. */
  readonly onNotice: (line: string) => void;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly reporter: JobReporter | undefined;
}

/** Calls that are answered at once: more of them are refused, for each takes memory. */
const mostCalls = 16;
/** A cancelled job that does not end meanwhile is ended with its process. */
const cancelPatienceMs = 15_000;
const mostPauseMs = 10_000;

/** Starts a process and keeps one running until it is closed. */
export function openWorkerProcess({ spawn, onNotice }: WorkerProcessOptions): WorkerProcess {
  const pending = new Map<number, Pending>();
  let [started, nextCall, failures] = [0, 0, 0];
  let child: ChildProcess | undefined;
  let isClosed = false;
  let description: WorkDescription | undefined;
  let waiting = defer<WorkDescription>();

  const onAnswer = (answer: Answer): void => {
    if ("ready" in answer) {
      description = answer.ready;
      failures = 0;
      waiting.resolve(answer.ready);
    } else {
      const call = pending.get(answer.call);
      if ("progress" in answer) call?.reporter?.onProgress(answer.progress);
      else if ("preview" in answer) call?.reporter?.onPreview(answer.preview);
      else {
        pending.delete(answer.call);
        if ("result" in answer) call?.resolve(answer.result);
        else call?.reject(new ProblemError(answer.problem));
      }
    }
  };
  const start = (): void => {
    started++;
    const process = spawn();
    child = process;
    process.on("message", onAnswer);
    process.on("error", () => undefined); // a message that could not be sent: its end is told below
    process.once("exit", async (code, signal) => {
      const wasReady = description !== undefined;
      description = undefined;
      if (wasReady) waiting = defer();
      else if (started === 1) waiting.reject(new Error("the worker process does not start"));
      for (const { reject } of pending.values())
        reject(new ProcessEndedError(`the worker process ended (${signal ?? code})`));
      pending.clear();
      if (isClosed) return;
      onNotice(`the worker process ended (${signal ?? code}); another one is started`);
      if (!wasReady) failures++;
      await sleep(failures === 0 ? 0 : Math.min(mostPauseMs, 250 * 2 ** failures), undefined, { ref: false });
      if (!isClosed) start();
    });
  };
  const send = (order: Order): void => void child?.send(order, () => undefined);
  const call = async (
    method: Extract<Order, { method: unknown }>["method"],
    params: unknown,
    { reporter, signal }: { readonly reporter?: JobReporter; readonly signal?: AbortSignal } = {},
  ): Promise<unknown> => {
    await waiting.promise;
    signal?.throwIfAborted();
    const number = nextCall++;
    const result = new Promise<unknown>((resolve, reject) =>
      pending.set(number, { resolve, reject, reporter }),
    );
    send({ call: number, method, params });
    const caller = child;
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
  let answering = 0;
  const ask = async (method: keyof WorkCalls, params: unknown): Promise<never> => {
    if (description === undefined || answering >= mostCalls)
      throw new RefusedError(
        description === undefined ? "the model is being loaded: try again" : "the server is busy: try again",
        { status: 503, kind: "unavailable", retryAfterSeconds: 2 },
      );
    answering++;
    try {
      return (await call(method, params)) as never;
    } catch (error) {
      if (!(error instanceof ProcessEndedError)) throw error;
      throw new RefusedError("what was asked ended the process that does the work: try again", {
        ...{ status: 503, kind: "unavailable", retryAfterSeconds: 5 },
      });
    } finally {
      answering--;
    }
  };
  start();
  return {
    calls: {
      localize: (params) => ask("localize", params),
      upload: (params) => ask("upload", params),
      retrieveImage: (params) => ask("retrieveImage", params),
      export: (params) => ask("export", params),
    },
    run: async (job, reporter, signal) =>
      (await call(
        "job",
        { kind: job.kind, request: job.request, inputs: job.inputs },
        { reporter, signal },
      )) as JobOutput,
    ready: () => waiting.promise,
    get isReady() {
      return description !== undefined;
    },
    get started() {
      return started;
    },
    get pid() {
      return child?.pid;
    },
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
