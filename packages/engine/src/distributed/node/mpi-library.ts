/**
 * The few functions of MPI that training needs, called in the system's own library.
 *
 * All calls are blocking and belong to the thread that opens the library (MPI_THREAD_FUNNELED).
 */
import koffi from "koffi";
import type { MpiFlavour } from "./flavour.ts";
import { mpich } from "./mpich.ts";
import { openMpi } from "./open-mpi.ts";

/** An opened library; every function throws Error where MPI returns an error code. */
export interface MpiLibrary {
  readonly rank: number;
  readonly size: number;
  /** Replaces values by their sum over the ranks. */
  allReduce(values: Float32Array): void;
  /** Gathers the values of all ranks into `gathered`, size times as long. */
  allGather(values: Float32Array, gathered: Float32Array): void;
  broadcast(values: Float32Array, root: number): void;
  barrier(): void;
  finalize(): void;
}

const threadFunneled = 1;
const flavours = [openMpi, mpich];

/**
 * Loads MPI and joins the group of processes that `mpirun` or `srun` has started.
 * @throws Error where there is no library, with what to install.
 */
export function openMpiLibrary(): MpiLibrary {
  const { library, flavour } = load();
  const { handleType: handle } = flavour;
  const { world, float, sum } = flavour.handles((name) => library.symbol(name, "void *"));
  const declare = (name: string, parameters: readonly string[]) => {
    const call = library.func(name, "int", [...parameters]) as (...args: unknown[]) => number;
    return (...args: unknown[]) => {
      const code = call(...args);
      if (code !== 0) throw new Error(`${flavour.name}: ${name} failed with code ${code}`);
    };
  };
  const numberOf = (name: string): number => {
    const result = new Int32Array(1);
    declare(name, [handle, "_Out_ int *"])(world, result);
    return result[0]!;
  };
  declare("MPI_Init_thread", ["void *", "void *", "int", "_Out_ int *"])(
    ...[null, null, threadFunneled, new Int32Array(1)],
  );
  const allReduce = declare("MPI_Allreduce", [
    ...["intptr_t", "_Inout_ float *", "int", handle, handle, handle],
  ]);
  const allGather = declare("MPI_Allgather", [
    ...["float *", "int", handle, "_Out_ float *", "int", handle, handle],
  ]);
  const broadcast = declare("MPI_Bcast", ["_Inout_ float *", "int", handle, "int", handle]);
  const barrier = declare("MPI_Barrier", [handle]);
  const finalize = declare("MPI_Finalize", []);
  return {
    rank: numberOf("MPI_Comm_rank"),
    size: numberOf("MPI_Comm_size"),
    allReduce: (values) => allReduce(flavour.inPlace, values, values.length, float, sum, world),
    allGather: (values, gathered) =>
      allGather(values, values.length, float, gathered, values.length, float, world),
    broadcast: (values, root) => broadcast(values, values.length, float, root, world),
    barrier: () => barrier(world),
    finalize: () => finalize(),
  };
}

/** Symbols are global, because Open MPI's plug-ins look for them there. */
function load(): { library: ReturnType<typeof koffi.load>; flavour: MpiFlavour } {
  for (const flavour of flavours)
    for (const file of flavour.files[process.platform] ?? []) {
      const library = attempt(() => koffi.load(file, { global: true }));
      if (library === undefined) continue;
      const found = flavours.find(
        ({ marker }) => attempt(() => library.symbol(marker, "void *")) !== undefined,
      );
      return { library, flavour: found ?? flavour };
    }
  throw new Error("no MPI library is installed: install Open MPI (Debian: openmpi-bin) or MPICH");
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
