/**
 * Constants of Open MPI's binary interface (mpi.h of versions 4 and 5): handles are addresses of global variables.
 */
import type { MpiFlavour } from "./flavour.ts";

/** Open MPI. */
export const openMpi: MpiFlavour = {
  name: "Open MPI",
  files: { linux: ["libmpi.so.40", "libmpi.so"], darwin: ["libmpi.40.dylib", "libmpi.dylib"] },
  marker: "ompi_mpi_comm_world",
  handleType: "void *",
  handles: (symbolOf) => ({
    world: symbolOf("ompi_mpi_comm_world"),
    float: symbolOf("ompi_mpi_float"),
    sum: symbolOf("ompi_mpi_op_sum"),
  }),
  inPlace: 1n,
};
