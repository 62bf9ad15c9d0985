/**
 * The collective operations of MPI (MPI 4.1, chapter 6) for training on several processes, which `mpirun` or `srun` has
 * started. The library is called in a thread of its own, so that this one stays free.
 *
 * A process that dies ends the others: the launcher kills them, as MPI's standard error handler does.
 */
import { Worker } from "node:worker_threads";
import type { Collective } from "../collective.ts";
import type { MpiReply, MpiRequest } from "./mpi-worker.ts";

/** Processes that a launcher has started together. */
export interface LaunchedProcesses {
  /** Their number; 1 where there is no launcher. */
  readonly size: number;
  /** The number of them on this machine, which share its cores. */
  readonly onThisMachine: number;
}

/** What the environment says of the launcher: Open MPI's mpirun, MPICH's mpiexec (Hydra), or Slurm's srun. */
export function launchedProcesses(env: Readonly<Record<string, string | undefined>>): LaunchedProcesses {
  const { OMPI_COMM_WORLD_SIZE, PMI_SIZE, SLURM_STEP_NUM_TASKS } = env;
  const { OMPI_COMM_WORLD_LOCAL_SIZE, MPI_LOCALNRANKS, SLURM_STEP_TASKS_PER_NODE } = env;
  const size = Number(OMPI_COMM_WORLD_SIZE ?? PMI_SIZE ?? SLURM_STEP_NUM_TASKS ?? 1);
  const tasksPerNode = SLURM_STEP_TASKS_PER_NODE && /^\d+/.exec(SLURM_STEP_TASKS_PER_NODE)?.[0];
  return {
    size,
    onThisMachine: Number(OMPI_COMM_WORLD_LOCAL_SIZE ?? MPI_LOCALNRANKS ?? tasksPerNode ?? size),
  };
}

/**
 * Joins the processes of the launcher.
 * @throws Error where there is no MPI library, or where it knows of another number of processes than the launcher.
 */
export async function openMpi(expectedSize: number): Promise<Collective> {
  const calls = new MpiCalls();
  const { rank, size } = await calls.joined;
  if (size !== expectedSize) {
    await calls.close();
    throw new Error(
      `MPI joins ${size} processes where the launcher started ${expectedSize}: ` +
        "start with the mpirun of the same MPI, or with srun --mpi=pmix",
    );
  }
  return {
    rank,
    size,
    allReduce: async (values, { transfer = false } = {}) => {
      if (transfer) return calls.makeOn("allReduce", values as Float32Array<ArrayBuffer>);
      values.set(await calls.make("allReduce", values));
      return values;
    },
    allGather: (values) => calls.make("allGather", values),
    broadcast: async (values, root) => values.set(await calls.make("broadcast", values, root)),
    barrier: async () => void (await calls.make("barrier", none)),
    close: () => calls.close(),
  };
}

const none = new Float32Array(0);

/** Calls of the worker thread, which answers them in their order. */
class MpiCalls {
  /** Resolves when the group is joined. */
  readonly joined: Promise<{ readonly rank: number; readonly size: number }>;
  private readonly worker = startWorker();
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;
  private failure: Error | undefined;

  constructor() {
    this.joined = new Promise((resolve, reject) => {
      this.worker.on("message", (reply: MpiReply) => {
        if ("joined" in reply) resolve(reply.joined);
        else if (reply.id === undefined) reject(new Error("error" in reply ? reply.error : ""));
        else this.settle(reply.id, reply);
      });
      const end = (reason: Error) => {
        reject(reason);
        this.fail(reason);
      };
      this.worker.on("error", end);
      this.worker.on("exit", (code) => end(new Error(`MPI's worker thread ended (code ${code})`)));
    });
  }

  /** Runs an operation on a copy of the values. */
  make(
    operation: MpiRequest["operation"],
    values: Float32Array,
    root = 0,
  ): Promise<Float32Array<ArrayBuffer>> {
    return this.makeOn(operation, new Float32Array(values), root);
  }

  /** Runs an operation on the values themselves, whose buffer is moved to the worker and back. */
  makeOn(
    operation: MpiRequest["operation"],
    values: Float32Array<ArrayBuffer>,
    root = 0,
  ): Promise<Float32Array<ArrayBuffer>> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      this.waiting.set(id, { resolve, reject });
      this.worker.ref();
      const request: MpiRequest = { id, operation, values, root };
      this.worker.postMessage(request, [values.buffer]);
    });
  }

  async close(): Promise<void> {
    if (this.failure !== undefined) return;
    await this.make("finalize", none);
    this.failure = new Error("MPI is closed");
    await this.worker.terminate();
  }

  private settle(id: number, reply: Exclude<MpiReply, { readonly joined: object }>): void {
    const { resolve, reject } = this.waiting.get(id)!;
    this.waiting.delete(id);
    if (this.waiting.size === 0) this.worker.unref();
    if ("error" in reply) reject(new Error(reply.error));
    else resolve(reply.values);
  }

  private fail(reason: Error): void {
    this.failure ??= reason;
    for (const { reject } of this.waiting.values()) reject(reason);
    this.waiting.clear();
  }
}

interface Waiting {
  readonly resolve: (values: Float32Array<ArrayBuffer>) => void;
  readonly reject: (reason: Error) => void;
}

/** From source the worker is TypeScript and needs a loader; in the package it is plain JavaScript. */
function startWorker(): Worker {
  const entry = import.meta.url.endsWith(".ts") ? "./mpi-worker-from-source.mjs" : "./mpi-worker.js";
  return new Worker(new URL(entry, import.meta.url), { execArgv: [] });
}
