// The base of every error that these packages raise on purpose. It says what kind of failure it is and which field of a
// request is at fault, so that a command line chooses an exit code and names its option, and a server a status and its own
// field, without knowing the package that refused.

/**
 * `usage`: the request itself cannot be met; `data`: a file or a sequence is not what it should be; `notFound`: what was
 * named is not there; `device`: no such device; `failure`: anything else, such as a full disk.
 */
export type ErrorKind = "usage" | "data" | "notFound" | "device" | "failure";

/** Kind of the failure, the field at fault and the cause. */
export interface ProteoscopeErrorOptions extends ErrorOptions {
  readonly kind: ErrorKind;
  /** The field of the request that is at fault, as the library names it: `pixelSizeMicrons`. */
  readonly field?: string | undefined;
}

/** A failure that was foreseen: one line that says what is wrong, where, and what to do. */
export class ProteoscopeError extends Error {
  override readonly name: string = "ProteoscopeError";
  readonly kind: ErrorKind;
  readonly field: string | undefined;

  constructor(message: string, { kind, field, ...options }: ProteoscopeErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.field = field;
  }
}
