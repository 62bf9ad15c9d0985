// Long proteins for a language model that was trained on shorter ones: windows that overlap by half. Each residue takes its
// embedding from the window whose middle is nearest to it, so that no residue is read at the border of a window unless it
// is at the end of its protein.

/** How long proteins are read. */
export interface WindowPolicy {
  /** Largest number of residues that the language model is given at once. */
  readonly windowResidues: number;
}

/** Residues of ESM2's training: 1024 tokens with <cls> and <eos>. */
export const defaultWindowResidues = 1022;

/** A part of a protein, and the residues of which its embeddings are taken, [begin, end) counted from 0. */
export interface ResidueWindow {
  readonly begin: number;
  readonly end: number;
  readonly takenBegin: number;
  readonly takenEnd: number;
}

/** The windows of a protein; together they take each residue once. @throws RangeError for windows of less than 2 residues. */
export function windowsOf(residues: number, { windowResidues }: WindowPolicy): ResidueWindow[] {
  if (!Number.isInteger(windowResidues) || windowResidues < 2)
    throw new RangeError(`a window has room for 2 residues or more, got ${windowResidues}`);
  if (residues <= windowResidues) return [{ begin: 0, end: residues, takenBegin: 0, takenEnd: residues }];
  const stride = Math.floor(windowResidues / 2);
  const count = Math.ceil((residues - windowResidues) / stride) + 1;
  const begins = Array.from({ length: count }, (_, index) =>
    Math.min(index * stride, residues - windowResidues),
  );
  const border = (index: number) => Math.ceil((begins[index - 1]! + windowResidues + begins[index]!) / 2);
  return begins.map((begin, index) => ({
    ...{ begin, end: begin + windowResidues },
    takenBegin: index === 0 ? 0 : border(index),
    takenEnd: index === count - 1 ? residues : border(index + 1),
  }));
}
