/**
 * The worker thread in which a process calls MPI: one operation after another, in the order in which they were asked for.
 */
import { parentPort } from "node:worker_threads";
import { openMpiLibrary } from "./mpi-library.ts";

/** An operation; its values come along and go back with the reply. */
export interface MpiRequest {
  readonly id: number;
  readonly operation: "allReduce" | "allGather" | "broadcast" | "barrier" | "finalize";
  readonly values: Float32Array<ArrayBuffer>;
  readonly root: number;
}

/** The first message, when the group is joined; then one for each request. */
export type MpiReply =
  | { readonly joined: { readonly rank: number; readonly size: number } }
  | { readonly id: number; readonly values: Float32Array<ArrayBuffer> }
  | { readonly id: number | undefined; readonly error: string };

const port = parentPort!;
const reply = (message: MpiReply, moved: ArrayBuffer[] = []): void => port.postMessage(message, moved);
const fail = (id: number | undefined, error: unknown): void =>
  reply({ id, error: error instanceof Error ? error.message : String(error) });

try {
  const mpi = openMpiLibrary();
  const run = ({ operation, values, root }: MpiRequest): Float32Array<ArrayBuffer> => {
    if (operation === "allGather") {
      const gathered = new Float32Array(mpi.size * values.length);
      mpi.allGather(values, gathered);
      return gathered;
    }
    if (operation === "allReduce") mpi.allReduce(values);
    else if (operation === "broadcast") mpi.broadcast(values, root);
    else if (operation === "barrier") mpi.barrier();
    else mpi.finalize();
    return values;
  };
  port.on("message", (request: MpiRequest) => {
    try {
      const values = run(request);
      reply({ id: request.id, values }, [values.buffer]);
    } catch (error) {
      fail(request.id, error);
    }
  });
  reply({ joined: { rank: mpi.rank, size: mpi.size } });
} catch (error) {
  fail(undefined, error);
}
