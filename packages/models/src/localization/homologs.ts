// What is known of a protein's relatives: annotated proteins that share stretches of residues with it. A language model
// of a few million parameters recognises few families; looking them up helps it where a family is known, and says next
// to nothing where none is. Likeness is the cosine between the sets of k-mers of two sequences, every k-mer weighted by
// how few proteins hold it (tf-idf, Salton & Buckley 1988, https://doi.org/10.1016/0306-4573(88)90021-0).

const residues = "ACDEFGHIKLMNPQRSTVWY";
const residueCodes = Int8Array.from({ length: 128 }, (_, code) =>
  residues.indexOf(String.fromCharCode(code)),
);

/** Residues in a row that count as shared. */
export const kmerLength = 5;
// The first three residues of a k-mer tell the list it stands in, the other two stand in the entry, beside the protein that
// holds it. Lists by whole k-mers would be so many that memory is filled at random.
const [listCount, restCount] = [20 ** 3, 20 ** 2];
const restBits = 9;
/** As `rest` of an entry: counts for nothing. */
const struckOut = restCount;

export interface HomologsConfig {
  /** In the order of the localization head's. */
  readonly labels: readonly string[];
  /** The nearest that are asked. */
  readonly neighbours: number;
  /** Weight of the frequencies of the labels among the relatives' votes, whose weights are their squared likeness. */
  readonly priorWeight: number;
  /** How often relatives are believed: holds what they say of a label from below. */
  readonly trust: number;
  /** Of the logarithm, added to the head's logits. */
  readonly scale: number;
}

/** What `calibrate`'s proteins of the small atlas were told best by. */
export const homologDefaults: Omit<HomologsConfig, "labels"> = {
  neighbours: 100,
  priorWeight: 0.0025,
  trust: 0.9,
  scale: 2,
};

export interface AnnotatedProteins {
  /** One-letter residues of all proteins, one after another, in ASCII. */
  readonly sequences: Uint8Array;
  /** Where each protein ends, [proteins]. */
  readonly ends: Int32Array;
  /** How a protein is shared out among the labels, [proteins, labels]; rows of zeros tell nothing. */
  readonly shares: Float32Array;
}

export interface Homologs {
  /**
   * What its relatives say of a protein, a logit for each label: the logarithm of how much more frequent the label is among
   * their votes than among all proteins. Zeros where there are none. `others` leaves out proteins of the same k-mers: a protein
   * is no relative of its own where a network is trained on what relatives say.
   */
  score(sequence: string, options?: { readonly others?: boolean }): HomologScore;
}

export interface HomologScore {
  /** [labels] */
  readonly logits: Float32Array;
  /** Likeness of the nearest, in [0, 1]: at 1 the protein itself is known. */
  readonly nearest: number;
}

/** Likeness from which two proteins count as one; roundings stay below. */
const same = 1 - 1e-6;

/** Lists the proteins by k-mer: four bytes a residue. @throws RangeError for more than eight million proteins. */
export function openHomologs(config: HomologsConfig, proteins: AnnotatedProteins): Homologs {
  const { neighbours, priorWeight, trust, scale } = config;
  const labels = config.labels.length;
  const { sequences, ends, shares } = proteins;
  const count = ends.length;
  if (count >= 2 ** (32 - restBits)) throw new RangeError(`${count} proteins are too many to compare with`);
  const each = (visit: (kmers: Int32Array, protein: number) => void) => {
    for (let protein = 0; protein < count; protein++)
      visit(kmersOf(sequences.subarray(ends[protein - 1] ?? 0, ends[protein])), protein);
  };
  const starts = new Uint32Array(listCount + 1);
  each((kmers) => {
    for (let i = 0; i < kmers.length; i++) starts[listOf(kmers[i]!) + 1]!++;
  });
  for (let list = 0; list < listCount; list++) starts[list + 1]! += starts[list]!;
  const next = starts.slice();
  const entries = new Uint32Array(starts[listCount]!);
  each((kmers, protein) => {
    for (let i = 0; i < kmers.length; i++)
      entries[next[listOf(kmers[i]!)]!++] = (protein << restBits) | restIn(kmers[i]!);
  });
  const weights = Float64Array.from(
    { length: count + 1 },
    (_, held) => Math.log(1 + count / (held + 1)) ** 2,
  );
  const squares = new Float64Array(count);
  for (let list = 0; list < listCount; list++) {
    const own = entries.subarray(starts[list], starts[list + 1]);
    const holders = countHolders(own);
    for (let i = 0; i < own.length; i++) {
      const rest = restIn(own[i]!);
      if (rest !== struckOut) squares[own[i]! >>> restBits]! += weights[holders[rest]!]!;
    }
  }
  const frequencies = new Float64Array(labels);
  for (let i = 0; i < shares.length; i++) frequencies[i % labels]! += shares[i]!;
  const total = frequencies.reduce((sum, x) => sum + x, 0);
  for (let label = 0; label < labels; label++) frequencies[label]! /= total;

  const shared = new Float64Array(count);
  const nearestOf = (sequence: string): Neighbour[] => {
    shared.fill(0);
    let square = 0;
    for (const kmer of new Set(kmersOf(new TextEncoder().encode(sequence)))) {
      const [list, rest] = [listOf(kmer), restIn(kmer)];
      const holders: number[] = [];
      for (let place = starts[list]!; place < starts[list + 1]!; place++)
        if (restIn(entries[place]!) === rest) holders.push(entries[place]! >>> restBits);
      const weight = weights[holders.length]!;
      square += weight;
      for (const protein of holders) shared[protein]! += weight;
    }
    const found: Neighbour[] = [];
    for (let protein = 0; protein < count; protein++)
      if (shared[protein]! > 0)
        found.push({ protein, similarity: shared[protein]! / Math.sqrt(square * squares[protein]!) });
    return found.sort((a, b) => b.similarity - a.similarity);
  };
  return {
    score(sequence, { others = false } = {}) {
      const found = nearestOf(sequence).filter(({ similarity }) => !others || similarity < same);
      const votes = new Float64Array(labels);
      for (const { protein, similarity } of found.slice(0, neighbours))
        for (let label = 0; label < labels; label++)
          votes[label]! += similarity ** 2 * shares[protein * labels + label]!;
      const weight = votes.reduce((sum, x) => sum + x, 0);
      const logits = Float32Array.from(votes, (vote, label) => {
        const frequency = frequencies[label]!;
        if (frequency === 0) return 0;
        const expected = weight * frequency;
        const surplus = (vote - expected) / (expected + priorWeight * frequency);
        return scale * Math.log1p(trust * surplus);
      });
      return { logits, nearest: Math.min(1, found[0]?.similarity ?? 0) };
    },
  };
}

interface Neighbour {
  readonly protein: number;
  readonly similarity: number;
}

const listOf = (kmer: number) => kmer >>> restBits;
const restIn = (kmerOrEntry: number) => kmerOrEntry & ((1 << restBits) - 1);

/** How many proteins hold each k-mer of a list, of which a protein's second and later entries are struck out. */
function countHolders(entries: Uint32Array): Uint32Array {
  const holders = new Uint32Array(restCount);
  const last = new Int32Array(restCount).fill(-1);
  for (let i = 0; i < entries.length; i++) {
    const protein = entries[i]! >>> restBits;
    const rest = restIn(entries[i]!);
    if (last[rest] === protein) entries[i] = (protein << restBits) | struckOut;
    else holders[rest]!++;
    last[rest] = protein;
  }
  return holders;
}

/** The k-mers of a sequence in its order, as list and rest; none holds a letter that is no residue of the twenty. */
function kmersOf(sequence: Uint8Array): Int32Array {
  const kmers = new Int32Array(sequence.length);
  let found = 0;
  let known = 0;
  let [a, b, c, d, e] = [0, 0, 0, 0, 0]; // the last five residues
  for (let i = 0; i < sequence.length; i++) {
    const code = residueCodes[sequence[i]!] ?? -1;
    known = code < 0 ? 0 : known + 1;
    a = b;
    b = c;
    c = d;
    d = e;
    e = code;
    if (known >= kmerLength) kmers[found++] = ((a * 400 + b * 20 + c) << restBits) | (d * 20 + e);
  }
  return kmers.subarray(0, found);
}
