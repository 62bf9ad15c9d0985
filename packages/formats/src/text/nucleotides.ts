// Recognises a nucleotide sequence that was given in place of a protein. A, C, G, T, U and N are amino acids too, so the
// letters give no certainty, and a model takes DNA for a strange protein.
//
// A sequence is taken for DNA or RNA when it has at least 20 letters (N and X, which both alphabets use for "any", not
// counted), at least 90 % of them are nucleotides, and A, C, G and T (or U) all occur. Cysteine is too rare for that in
// proteins of low complexity (poly-GA, antifreeze proteins of A and T), and a random protein of 20 residues meets
// it about once in 10^10. Shorter sequences pass: among peptides the letters decide nothing.

const minLength = 20;
const minShare = 0.9;
const nucleotides = "ACGTU";

/** What an upper-case sequence looks like, if it is no protein. Looks at as few letters as decide it. */
export function recognizeNucleotides(sequence: string): "DNA" | "RNA" | undefined {
  const maxOthers = (1 - minShare) * sequence.length;
  let counted = 0;
  let others = 0;
  for (const letter of sequence) {
    if (letter === "N" || letter === "X") continue;
    counted++;
    if (!nucleotides.includes(letter) && ++others > maxOthers) return undefined;
  }
  const has = (letter: string): boolean => sequence.includes(letter);
  if (counted < minLength || others > (1 - minShare) * counted) return undefined;
  if (!has("A") || !has("C") || !has("G")) return undefined;
  if (has("T")) return "DNA";
  return has("U") ? "RNA" : undefined;
}
