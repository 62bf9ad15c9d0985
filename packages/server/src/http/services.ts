// What the routes work with,
// made by the server that listens and by tests.

import type { RealCropSource } from "@proteoscope/microscope";
import type { Logger } from "pino";
import type { ModelSize } from "../api.ts";
import type { Database } from "../db/database.ts";
import type { FileStore } from "../files/file-store.ts";
import type { JobQueue } from "../jobs/job-queue.ts";
import type { JobWatcher } from "../jobs/watch-jobs.ts";
import type { WorkerProcess } from "../process/worker-process.ts";
import type { ProteinLookup } from "../proteins.ts";
import type { Metrics } from "./metrics.ts";

/** Limits of a server; what exceeds one is refused with a problem of kind "limit". */
export interface ServerLimits {
  readonly bodyBytes: number;
  readonly uploadBytes: number;
  readonly residues: number;
  readonly proteins: number;
  /** Images of one job. */
  readonly images: number;
  readonly queuedJobs: number;
  /** Event streams of all clients, and of one address. */
  readonly streams: number;
  readonly streamsPerAddress: number;
  /** Requests of one address in ten seconds, and of them those that make jobs or upload files. */
  readonly requestsPerTenSeconds: number;
  readonly worksPerTenSeconds: number;
}

/** What the routes work with. */
export interface Services {
  readonly database: Database;
  readonly files: FileStore;
  /** The queue of the model's jobs, once the model is read. */
  readonly queue: () => Promise<JobQueue>;
  readonly watcher: JobWatcher;
  readonly worker: WorkerProcess;
  readonly proteins: ProteinLookup;
  readonly limits: ServerLimits;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Hosts and origins that requests may name, and the token that they must have. */
  readonly access: Access;
  /** Folder of the built page; without one the server has the API alone. */
  readonly page?: string | undefined;
  /** Recorded crops; absent where the server was started without a data set. */
  readonly crops?: RealCropSource | undefined;
  /** What the model takes; absent where its files were not measured. */
  readonly modelSize?: ModelSize | undefined;
  /** Whether the server is about to end. */
  isDraining(): boolean;
}

/** Who may ask. */
export interface Access {
  /** "localhost:8080"; a request to another host is a page's of elsewhere that was given our address. */
  readonly hosts: ReadonlySet<string>;
  readonly token?: string | undefined;
  /** Whether the address of a client is what a proxy on this machine says. */
  readonly isBehindProxy: boolean;
}
