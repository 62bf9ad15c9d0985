// Annotation transfer by k-mer nearest neighbours: the labels of annotated proteins that share stretches of residues with
// a protein. A language model of a few million parameters recognises few families; a search for homologs helps it where a
// family is known, and changes next to nothing where none is. The similarity is the cosine between the k-mer sets of two
// sequences, every k-mer weighted by its inverse document frequency (Salton & Buckley 1988,
// https://doi.org/10.1016/0306-4573(88)90021-0).

const residues = "ACDEFGHIKLMNPQRSTVWY";
const residueCodes = Int8Array.from({ length: 128 }, (_, code) =>
  residues.indexOf(String.fromCharCode(code)),
);

/** Length of the k-mers in residues. */
export const kmerLength = 5;
// The first three residues of a k-mer choose its list, the other two are in the entry, with the index of the protein that
// contains it. Lists by whole k-mers would be so many that memory is filled in random order.
const [listCount, restCount] = [20 ** 3, 20 ** 2];
const restBits = 9;
/** The `rest` of an entry that does not count. */
const struckOut = restCount;

/** How labels are transferred from homologs. */
export interface HomologsConfig {
  /** Names of the compartments, in the order of the localization head's logits. */
  readonly labels: readonly string[];
  /** Number of nearest homologs that vote (k). */
  readonly neighbours: number;
  /** Prior strength: weight of the label frequencies among the votes, whose weights are squared similarities. */
  readonly priorWeight: number;
  /** Smoothing in [0, 1): bounds the logit of a label that no homolog has from below, by scale * log(1 - trust). */
  readonly trust: number;
  /** Factor of the logarithm that is added to the head's logits. */
  readonly scale: number;
}

/** The values with the best predictions on the calibration proteins of the small atlas. */
export const homologDefaults: Omit<HomologsConfig, "labels"> = {
  neighbours: 100,
  priorWeight: 0.0025,
  trust: 0.9,
  scale: 2,
};

/** The reference set of proteins with known labels. */
export interface AnnotatedProteins {
  /** One-letter residues of all proteins, one after another, in ASCII. */
  readonly sequences: Uint8Array;
  /** Index in `sequences` at which each protein ends, [proteins]. */
  readonly ends: Int32Array;
  /** Distribution of each protein over the labels, [proteins, labels]; a row of zeros is a protein without labels. */
  readonly shares: Float32Array;
}

/** An index of annotated proteins. */
export interface Homologs {
  /**
   * Transfers labels to a protein: per label the logarithm of its frequency among the votes of the nearest homologs relative
   * to its frequency among all proteins, zeros where there are no homologs. `others` leaves out proteins with the same
   * k-mers, for training: there, a protein must not be its own homolog.
   */
  score(sequence: string, options?: { readonly others?: boolean }): HomologScore;
}

/** The result of a search. */
export interface HomologScore {
  /** Logits to add to those of the localization head, [labels]. */
  readonly logits: Float32Array;
  /** Similarity of the nearest homolog in [0, 1]; at 1 the protein itself is annotated. */
  readonly nearest: number;
  /** The nearest homologs, the most similar first, at most `candidateCount`. */
  readonly candidates: readonly Homolog[];
}

/** An annotated protein that shares k-mers with a sequence. */
export interface Homolog {
  /** Its index among the annotated proteins. */
  readonly protein: number;
  /** Cosine between the weighted k-mer sets, in (0, 1]. */
  readonly similarity: number;
}

/** Number of nearest homologs that a search returns. */
const candidateCount = 20;

/** Similarity from which two proteins count as the same; rounding errors are smaller. */
const same = 1 - 1e-6;

/** Indexes proteins by k-mer, with four bytes per residue. @throws RangeError for more than eight million proteins. */
export function openHomologs(config: HomologsConfig, proteins: AnnotatedProteins): Homologs {
  const { neighbours, priorWeight, trust, scale, labels } = config;
  const { shares } = proteins;
  const index = indexKmers(proteins);
  const frequencies = labelFrequencies(shares, labels.length);
  return {
    score(sequence, { others = false } = {}) {
      const found = neighboursOf(index, sequence).filter(({ similarity }) => !others || similarity < same);
      const votes = new Float64Array(labels.length);
      for (const { protein, similarity } of found.slice(0, neighbours))
        for (let label = 0; label < labels.length; label++)
          votes[label]! += similarity ** 2 * shares[protein * labels.length + label]!;
      const weight = votes.reduce((sum, x) => sum + x, 0);
      const logits = Float32Array.from(votes, (vote, label) => {
        const frequency = frequencies[label]!;
        if (frequency === 0) return 0;
        const expected = weight * frequency;
        const surplus = (vote - expected) / (expected + priorWeight * frequency);
        return scale * Math.log1p(trust * surplus);
      });
      const nearest = Math.min(1, found[0]?.similarity ?? 0);
      return { logits, nearest, candidates: found.slice(0, candidateCount) };
    },
  };
}

/**
 * Fraction of k-mers of the one of two sequences that has fewer which the other has as well: near 1 for a mutant, an isoform
 * or a fragment, less for an ortholog, whose substitutions are spread. 0 where one is shorter than a k-mer.
 */
export function containedShare(one: Uint8Array, other: Uint8Array): number {
  const [few, many] = [kmerSet(one), kmerSet(other)].sort((a, b) => a.size - b.size) as [
    Set<number>,
    Set<number>,
  ];
  if (few.size === 0) return 0;
  let shared = 0;
  for (const kmer of few) if (many.has(kmer)) shared++;
  return shared / few.size;
}

/** The residues of one annotated protein, in ASCII. */
export function residuesOf({ sequences, ends }: AnnotatedProteins, protein: number): Uint8Array {
  return sequences.subarray(ends[protein - 1] ?? 0, ends[protein]);
}

function labelFrequencies(shares: Float32Array, labels: number): Float64Array {
  const frequencies = new Float64Array(labels);
  for (let i = 0; i < shares.length; i++) frequencies[i % labels]! += shares[i]!;
  const total = frequencies.reduce((sum, x) => sum + x, 0);
  return frequencies.map((sum) => sum / total);
}

interface KmerIndex {
  /** Index in `entries` at which each list begins, and the end of the last, [lists + 1]. */
  readonly starts: Uint32Array;
  readonly entries: Uint32Array;
  /** Weight of a k-mer by the number of proteins that contain it, [proteins + 1]. */
  readonly weights: Float64Array;
  /** Squared length of each protein's vector of k-mers, [proteins]. */
  readonly squares: Float64Array;
}

function indexKmers({ sequences, ends }: AnnotatedProteins): KmerIndex {
  const count = ends.length;
  if (count >= 2 ** (32 - restBits)) throw new RangeError(`${count} proteins are too many to compare with`);
  const kmers = kmersOf(sequences, ends);
  const starts = new Uint32Array(listCount + 1);
  for (let i = 0; i < kmers.length; i++) if (kmers[i]! >= 0) starts[listOf(kmers[i]!) + 1]!++;
  for (let list = 0; list < listCount; list++) starts[list + 1]! += starts[list]!;
  const next = starts.slice();
  const entries = new Uint32Array(starts[listCount]!);
  for (let protein = 0, i = 0; protein < count; protein++)
    for (const end = ends[protein]!; i < end; i++)
      if (kmers[i]! >= 0) entries[next[listOf(kmers[i]!)]!++] = (protein << restBits) | restIn(kmers[i]!);
  const weights = Float64Array.from(
    { length: count + 1 },
    (_, holders) => Math.log(1 + count / (holders + 1)) ** 2,
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
  return { starts, entries, weights, squares };
}

/** All proteins that share a k-mer with a sequence, the most similar first. */
function neighboursOf({ starts, entries, weights, squares }: KmerIndex, sequence: string): Homolog[] {
  const shared = new Float64Array(squares.length);
  let square = 0;
  for (const kmer of kmerSet(new TextEncoder().encode(sequence))) {
    const [list, rest] = [listOf(kmer), restIn(kmer)];
    const holders: number[] = [];
    for (let index = starts[list]!; index < starts[list + 1]!; index++)
      if (restIn(entries[index]!) === rest) holders.push(entries[index]! >>> restBits);
    const weight = weights[holders.length]!;
    square += weight;
    for (const protein of holders) shared[protein]! += weight;
  }
  const found: Homolog[] = [];
  for (let protein = 0; protein < shared.length; protein++)
    if (shared[protein]! > 0)
      found.push({ protein, similarity: shared[protein]! / Math.sqrt(square * squares[protein]!) });
  return found.sort((a, b) => b.similarity - a.similarity);
}

/** The different k-mers of one sequence. */
function kmerSet(residues: Uint8Array): Set<number> {
  const kmers = new Set(kmersOf(residues, [residues.length]));
  kmers.delete(-1);
  return kmers;
}

const listOf = (kmer: number) => kmer >>> restBits;
const restIn = (kmerOrEntry: number) => kmerOrEntry & ((1 << restBits) - 1);

/** The number of proteins that contain each k-mer of a list; a protein's second and later entries are struck out. */
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

/**
 * The k-mer that ends at each residue of sequences that follow one another, as list and rest; -1 where a sequence has only
 * begun or a letter other than the twenty residues is in the way.
 */
function kmersOf(sequences: Uint8Array, ends: ArrayLike<number>): Int32Array {
  const kmers = new Int32Array(sequences.length).fill(-1);
  let [a, b, c, d, e] = [0, 0, 0, 0, 0]; // the last five residues
  for (let protein = 0, i = 0; protein < ends.length; protein++) {
    let known = 0;
    for (const end = ends[protein]!; i < end; i++) {
      const code = residueCodes[sequences[i]!] ?? -1;
      known = code < 0 ? 0 : known + 1;
      a = b;
      b = c;
      c = d;
      d = e;
      e = code;
      if (known >= kmerLength) kmers[i] = ((a * 400 + b * 20 + c) << restBits) | (d * 20 + e);
    }
  }
  return kmers;
}
