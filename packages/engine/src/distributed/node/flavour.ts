/**
 * What differs between the implementations of MPI: the names of their libraries and the constants of their headers. The
 * functions are the same in all (MPI 4.1, appendix A).
 */

/** A handle of MPI, as the implementation passes it. */
export type Handle = unknown;

/** An implementation of MPI. */
export interface MpiFlavour {
  readonly name: string;
  /** File names of the library by platform, to be tried in order. */
  readonly files: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>>;
  /** A symbol that its library has and others lack. */
  readonly marker: string;
  /** The C type of a handle. */
  readonly handleType: "void *" | "int";
  /** MPI_COMM_WORLD, MPI_FLOAT and MPI_SUM; `symbolOf` gives the address of a global variable of the library. */
  handles(symbolOf: (name: string) => unknown): {
    readonly world: Handle;
    readonly float: Handle;
    readonly sum: Handle;
  };
  /** The value of MPI_IN_PLACE, which stands for the address of the receive buffer. */
  readonly inPlace: bigint;
}
