// The window of a long protein for a model with a limited length: both ends, without the middle. Sorting signals are at
// the termini (signal and transit peptides in front, KDEL, SKL and CAAX behind), so neither end is left out.

/** A long protein without its middle. */
export interface SequenceWindow {
  /** The residues of the window, at most `maxResidues`. */
  readonly sequence: string;
  /** The residues that are left out, [begin, end) of the whole sequence counted from 0; undefined where none are. */
  readonly omitted: { readonly begin: number; readonly end: number } | undefined;
}

/**
 * Cuts the middle out of a sequence that is longer than `maxResidues`; the first half of the window is longer by one where
 * the window is odd. @throws RangeError for a window of less than two residues.
 */
export function windowSequence(sequence: string, maxResidues: number): SequenceWindow {
  if (!Number.isInteger(maxResidues) || maxResidues < 2) {
    throw new RangeError(`a window needs room for 2 residues or more, got ${maxResidues}`);
  }
  if (sequence.length <= maxResidues) return { sequence, omitted: undefined };
  const begin = Math.ceil(maxResidues / 2);
  const end = sequence.length - Math.floor(maxResidues / 2);
  return { sequence: sequence.slice(0, begin) + sequence.slice(end), omitted: { begin, end } };
}
