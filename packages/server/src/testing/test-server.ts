// A server of a test's own: the tiny model in this process,
// an embedded database in memory, files in a temporary folder.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { openRuntime } from "@proteoscope/engine/node";
import { loadHomologs, memoryFolder } from "@proteoscope/models";
import { pino } from "pino";
import { openFileStore } from "../files/file-store.ts";
import { createApp } from "../http/app.ts";
import { createMetrics } from "../http/metrics.ts";
import { requestLimits } from "../http/schemas/job-requests.ts";
import type { Services } from "../http/services.ts";
import { jobQueueName, openJobQueue } from "../jobs/job-queue.ts";
import { jobSource } from "../jobs/run-job.ts";
import { takeJobs } from "../jobs/take-jobs.ts";
import { openJobWatcher } from "../jobs/watch-jobs.ts";
import type { WorkerProcess } from "../process/worker-process.ts";
import { openProteinLookup } from "../proteins.ts";
import { startBoss } from "../queue.ts";
import { openWorkTools, type WorkTools } from "../work/tools.ts";
import { describeWork, jobWork, workCalls } from "../work/work.ts";
import { openMemoryDatabase } from "./memory-database.ts";
import { knownSequence, tinyModelFiles } from "./tiny-model-files.ts";

export interface TestServer {
  readonly services: Services;
  readonly app: OpenAPIHono;
  readonly log: string[];
  /** Sends a request to this host. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** Sends JSON. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Starts to take jobs. */
  work(): void;
  close(): Promise<void>;
}

/** Opens a server without a socket; jobs wait until `work` is called. */
export async function openTestServer(changes: Partial<Services> = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), "proteoscope-server-"));
  const [files, database] = [await openFileStore(folder), await openMemoryDatabase()];
  const runtime = await openRuntime({ device: "cpu", threads: 1 });
  const model = memoryFolder(tinyModelFiles(), "tiny");
  const tools = await openWorkTools({ runtime, folder: model, files, software: { test: "1" } });
  const worker = await localWorker(tools);
  const boss = await startBoss(database);
  const queue = await openJobQueue(database, boss, jobQueueName(tools.microscope.model.checksums), true);
  const stop = new AbortController();
  const watcher = openJobWatcher(database);
  const log: string[] = [];
  const services: Services = {
    ...{ database, files, watcher, worker },
    queue: async () => queue,
    proteins: openProteinLookup(await loadHomologs(model), [
      { symbol: "KNOWN", accession: "P00001", title: "a known protein", sequence: knownSequence },
    ]),
    limits: {
      ...requestLimits,
      ...{ streams: 8, streamsPerAddress: 4, requestsPerTenSeconds: 10_000, worksPerTenSeconds: 1000 },
    },
    metrics: createMetrics(),
    log: pino({ base: null }, { write: (line: string) => void log.push(line) }),
    access: { hosts: new Set(["localhost"]), isBehindProxy: false },
    isDraining: () => false,
    ...changes,
  };
  const app = createApp(services);
  const ask: TestServer["ask"] = async (path, init = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has("host")) headers.set("host", "localhost");
    return app.request(path, { ...init, headers });
  };
  let taking: Promise<void> = Promise.resolve();
  return {
    ...{ services, app, log, ask },
    post: (path, body, headers = {}) =>
      ask(path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      }),
    work() {
      taking = takeJobs(database, boss, [jobSource(database, queue.name, worker)], { signal: stop.signal });
    },
    async close() {
      stop.abort();
      watcher.close();
      await taking;
      await boss.stop({ graceful: false, wait: true });
      await tools.close();
      await runtime.close();
      await database.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The work of a process, in this one. */
async function localWorker(tools: WorkTools): Promise<WorkerProcess> {
  const description = await describeWork(tools);
  return {
    calls: workCalls(tools),
    run: jobWork(tools).run,
    ready: async () => description,
    ...{ isReady: true, started: 1, pid: process.pid },
    close: async () => undefined,
  };
}
