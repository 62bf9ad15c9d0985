// The server of the page: the database and its lock, a process that does the work, the taking of jobs, and HTTP. It listens
// before the model is read, so that the page is there at once, and ends by letting the job at work wait for the next start. The
// model is read while the database is opened, so that the first picture begins early.

import { once } from "node:events";
import { createServer, type Server, STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { ProteoscopeError } from "@proteoscope/formats";
import { createFolder, lockFolder } from "@proteoscope/formats/node";
import type { RealCropSource } from "@proteoscope/microscope";
import type { LoadedHomologs } from "@proteoscope/models";
import type { Logger } from "pino";
import type { ModelSize } from "./api.ts";
import { type Database, openDatabase } from "./db/database.ts";
import { openPglite } from "./db/pglite.ts";
import { openFileStore } from "./files/file-store.ts";
import { createApp } from "./http/app.ts";
import { createMetrics } from "./http/metrics.ts";
import { requestLimits } from "./http/schemas/job-requests.ts";
import type { ServerLimits, Services } from "./http/services.ts";
import { type JobQueue, jobQueueName, openJobQueue } from "./jobs/job-queue.ts";
import { jobSource } from "./jobs/run-job.ts";
import { takeJobs } from "./jobs/take-jobs.ts";
import { openJobWatcher } from "./jobs/watch-jobs.ts";
import { makeProblem } from "./problem.ts";
import { openWorkerProcess, type WorkerProcessOptions } from "./process/worker-process.ts";
import { type ExampleProtein, openProteinLookup } from "./proteins.ts";
import { startBoss } from "./queue.ts";

/** How a server is started. */
export interface ServeOptions {
  /** Folder of files and of the embedded database. */
  readonly data: string;
  /** PostgreSQL; the embedded database where it is absent. */
  readonly databaseUrl?: string | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0 is any that is free. */
  readonly port: number;
  /** The address under which a proxy shows this server: `https://lab.example.org`. */
  readonly origin?: string | undefined;
  readonly token?: string | undefined;
  /** Folder of the built page. */
  readonly page?: string | undefined;
  /** Starts a process that calls `serveParent`, on the same folder of files. */
  readonly spawnWorker: WorkerProcessOptions["spawn"];
  /** The annotated proteins of the model, for names. */
  readonly homologs: LoadedHomologs | undefined;
  readonly examples: readonly ExampleProtein[];
  /** Recorded crops that are shown beside generated images. */
  readonly crops?: RealCropSource | undefined;
  readonly modelSize?: ModelSize | undefined;
  readonly log: Logger;
  readonly limits?: Partial<ServerLimits> | undefined;
}

/** A server that listens. */
export interface RunningServer {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Resolves when jobs are taken. @throws where the model cannot be read. */
  readonly ready: Promise<void>;
  /** Ends it: nothing new is taken, the job at work waits for the next start. */
  close(): Promise<void>;
}

/** Folder of stored files in a data folder; workers on other machines need the same. */
export function filesFolder(data: string): string {
  return join(data, "files");
}

/** What requests that are being answered have left when the server is asked to end. */
const drainMs = 2000;

const defaultLimits: ServerLimits = {
  ...requestLimits,
  ...{ streams: 256, streamsPerAddress: 64, requestsPerTenSeconds: 2000, worksPerTenSeconds: 100 },
};

/** Starts a server. @throws ProteoscopeError (usage) where another process has the data or the port. */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { host = "127.0.0.1", origin } = options;
  const hosts = new Set<string>();
  const { services, ready, stop, close } = await openServices(options, hosts);
  try {
    const server = listenTo(createApp(services).fetch);
    const port = await listen(server, host, options.port);
    for (const name of hostNames(host, port, origin)) hosts.add(name);
    return {
      ...{ url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`, ready },
      async close() {
        stop(); // event streams end, their clients come back to the next server
        const closed = new Promise((resolve) => server.close(resolve));
        const end = setTimeout(() => server.closeAllConnections(), drainMs);
        await closed;
        clearTimeout(end);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What the routes work with, and the taking of jobs, which begins when the model is read. */
async function openServices(options: ServeOptions, hosts: ReadonlySet<string>) {
  const { data, log, token, page, crops, modelSize } = options;
  const onNotice = (line: string): void => log.warn(line);
  const files = await openFileStore(filesFolder(data));
  const release = await lockData(data, options.databaseUrl);
  const worker = openWorkerProcess({ spawn: options.spawnWorker, onNotice });
  const database = await openData(data, options.databaseUrl).catch(async (error) => {
    await worker.close();
    await release();
    throw error;
  });
  const [stopping, watcher, metrics] = [new AbortController(), openJobWatcher(database), createMetrics()];
  const opening = openQueue(database, worker);
  let taking: Promise<void> = Promise.resolve();
  const ready = opening.then(({ queue }) => {
    const onJob = (state: string): void => metrics.finishedJobs.inc({ state });
    const source = jobSource(database, queue.name, worker, onJob);
    const { signal } = stopping;
    taking = takeJobs(database, queue.boss, [source], {
      signal,
      onNotice,
      ready: () => settled(worker.ready()),
      watchSent: queue.watchSent,
    });
    taking.catch((error: Error) => log.error({ err: error }, "jobs are not taken any more"));
  });
  ready.catch(() => undefined);
  const services: Services = {
    ...{ database, files, watcher, worker, metrics, log, page, crops, modelSize },
    queue: async () => (await opening).queue,
    proteins: openProteinLookup(options.homologs, options.examples),
    limits: { ...defaultLimits, ...options.limits },
    access: { hosts, token, isBehindProxy: options.origin !== undefined },
    isDraining: () => stopping.signal.aborted,
  };
  const stop = (): void => {
    stopping.abort();
    watcher.close();
  };
  const close = async (): Promise<void> => {
    stop();
    await settled(taking);
    await worker.close();
    await settled(opening.then(({ stopBoss }) => stopBoss()));
    await database.close();
    await release();
  };
  return { services, ready, stop, close };
}

/** Waits for a promise, however it ends. */
function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => undefined,
    () => undefined,
  );
}

const databaseFolder = (data: string): string => join(data, "database");

/** Holds the folder of the embedded database, which only one process may open; the result lets it go. */
async function lockData(data: string, url: string | undefined): Promise<() => Promise<void>> {
  if (url !== undefined) return async () => undefined;
  await createFolder(databaseFolder(data));
  const lock = await lockFolder(databaseFolder(data));
  return () => lock.release();
}

/** The database: PostgreSQL by its address, else the embedded one. */
function openData(data: string, url: string | undefined): Promise<Database> {
  return url === undefined
    ? openPglite({ dataDir: join(databaseFolder(data), "pglite") })
    : openDatabase(url);
}

/** Opens the queue; it is called by the checksums of the model, which is read meanwhile. */
async function openQueue(
  database: Database,
  worker: ReturnType<typeof openWorkerProcess>,
): Promise<{ readonly queue: JobQueue; stopBoss(): Promise<void> }> {
  const starting = startBoss(database);
  const stopBoss = async (): Promise<void> => (await starting).stop({ graceful: false, wait: true });
  try {
    const [boss, { checksums }] = await Promise.all([starting, worker.ready()]);
    const queue = await openJobQueue(database, boss, jobQueueName(checksums), database.kind === "PGlite");
    return { queue, stopBoss };
  } catch (error) {
    await settled(stopBoss());
    throw error;
  }
}

/** An HTTP server whose slow and malformed requests end in a problem as well. */
function listenTo(fetch: Parameters<typeof getRequestListener>[0]): Server {
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 300_000, maxHeaderSize: 16 * 1024, keepAliveTimeout: 10_000 },
    getRequestListener(fetch, { overrideGlobalObjects: false }),
  );
  server.maxConnections = 4000;
  server.setTimeout(120_000); // a connection on which nothing moves; event streams have heartbeats
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ""] ?? 400;
    const kind = status === 400 ? "usage" : "limit";
    const body = JSON.stringify(makeProblem(status, kind, STATUS_CODES[status]!.toLowerCase()));
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      "content-type: application/problem+json",
      `content-length: ${Buffer.byteLength(body)}`,
      "connection: close",
    ];
    socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  });
  return server;
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = {
      EADDRINUSE: `port ${port} is in use`,
      EACCES: `port ${port} needs more rights`,
      EADDRNOTAVAIL: `${host} is no address of this machine`,
    }[code ?? ""];
    if (reason === undefined) throw error;
    throw new ProteoscopeError(`${reason}: choose another`, { kind: "usage", field: "port", cause: error });
  }
  return (server.address() as AddressInfo).port;
}

/** The hosts that requests may name. */
function hostNames(host: string, port: number, origin: string | undefined): string[] {
  const isEverywhere = host === "0.0.0.0" || host === "::";
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const names = [
    ...["localhost", "127.0.0.1", "[::1]", host.includes(":") ? `[${host}]` : host],
    ...(isEverywhere
      ? [
          hostname(),
          ...addresses.map(({ address, family }) => (family === "IPv6" ? `[${address}]` : address)),
        ]
      : []),
  ].map((name) => name.toLowerCase());
  const withPort = names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
  return origin === undefined ? withPort : [...withPort, new URL(origin).host.toLowerCase()];
}
