// What a model with a limited window sees of a long protein: both ends, with the middle left out. Sorting signals
// sit at the termini (signal and transit peptides in front, KDEL, SKL and CAAX behind), so neither end is given up.

export interface SequenceWindow {
  /** The residues that are shown, at most `maxResidues`. */
  readonly sequence: string;
  /** The residues that are left out: [begin, end) of the whole sequence, counted from 0; undefined if none are. */
  readonly omitted: { readonly begin: number; readonly end: number } | undefined;
}

/** The first half and the last half of the window, joined; the first is longer by one where the window is odd. */
export function windowSequence(sequence: string, maxResidues: number): SequenceWindow {
  if (!Number.isInteger(maxResidues) || maxResidues < 2) {
    throw new RangeError(`a window needs room for 2 residues or more, got ${maxResidues}`);
  }
  if (sequence.length <= maxResidues) return { sequence, omitted: undefined };
  const begin = Math.ceil(maxResidues / 2);
  const end = sequence.length - Math.floor(maxResidues / 2);
  return { sequence: sequence.slice(0, begin) + sequence.slice(end), omitted: { begin, end } };
}
