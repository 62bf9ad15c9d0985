/**
 * Constants of MPICH's binary interface (mpi.h of the MPICH ABI Compatibility Initiative, which Intel MPI, MVAPICH and
 * Cray MPICH follow): handles are integers.
 */
import type { MpiFlavour } from "./flavour.ts";

/** MPICH and those that share its binary interface. */
export const mpich: MpiFlavour = {
  name: "MPICH",
  files: { linux: ["libmpi.so.12", "libmpich.so.12", "libmpich.so"], darwin: ["libmpi.12.dylib"] },
  marker: "MPIR_Allreduce_impl",
  handleType: "int",
  handles: () => ({ world: 0x44000000, float: 0x4c00040a, sum: 0x58000003 }),
  inPlace: -1n,
};
