// The one error of this package: every reader either returns or throws a FormatError.
// Its message says what is wrong, where in the file, and what to do next, because it is
// shown to the user as it stands: on one line, short, and without anything that a terminal would obey.

import { printable } from "./printable.ts";

/** Where in a file the fault is, and what to do about it. */
export interface FormatErrorDetails {
  /** One-based line, for text formats. */
  line?: number | undefined;
  /** One-based column in that line; the text of the error names it where it helps. */
  column?: number | undefined;
  /** Byte offset in the file, for binary formats. */
  offset?: number | undefined;
  /** What the user can do; by default: fetch the file again. */
  hint?: string | undefined;
  /** The field of the reader's options that would let it read on: `allowNucleotides`. */
  field?: string | undefined;
  cause?: unknown;
}

const DAMAGED = "the file is damaged, incomplete or of another kind: fetch or write it again";

/** Readers shorten what they quote; this bounds the whole, whoever wrote it. */
const maxTextLength = 500;

/** A file that is refused: `format` names the reader, `what` the reason; `line`, `column` or `offset` the place. */
export class FormatError extends Error {
  readonly format: string;
  readonly what: string;
  readonly hint: string;
  readonly field?: string;
  readonly line?: number;
  readonly column?: number;
  readonly offset?: number;

  constructor(format: string, what: string, details: FormatErrorDetails = {}) {
    const { line, column, offset, hint = DAMAGED, field, cause } = details;
    const place = line !== undefined ? ` (line ${line})` : offset !== undefined ? ` (byte ${offset})` : "";
    const [safeWhat, safeHint] = [printable(what, maxTextLength), printable(hint, maxTextLength)];
    super(`${format}: ${safeWhat}${place}; ${safeHint}`, cause === undefined ? undefined : { cause });
    this.name = "FormatError";
    this.format = format;
    this.what = safeWhat;
    this.hint = safeHint;
    if (field !== undefined) this.field = field;
    if (line !== undefined) this.line = line;
    if (column !== undefined) this.column = column;
    if (offset !== undefined) this.offset = offset;
  }
}

/** Runs a library's decoder and turns whatever it throws into a FormatError. */
export function refuseOnThrow<T>(format: string, what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(format, `${what}: ${printable(reason, 200)}`, { cause });
  }
}
