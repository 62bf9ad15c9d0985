// Which sequences may be trained on. One DeepLoc 2.0 homology partition is held out from everything (test), another one is
// for calibration and early stopping; OpenCell's validation and test proteins stay unseen, and so does everything that
// resembles any of these. Records of one protein or of one cluster are in one split, whatever table they are in.
//
// Limit: a cluster has sequences of about 60 % identity. DeepLoc's partitions are stricter (30 %), but an OpenCell protein
// without a partition may have a remote homolog among the held-out ones.

import type { Crop, Protein, SequenceSplit } from "./records.ts";

export type { SequenceSplit } from "./records.ts";

/** Which of DeepLoc's homology partitions, 0 to 4, are held out. */
export interface SplitOptions {
  /** The partition that is held out from everything; default 4. */
  testPartition?: number;
  /** The partition for calibration; default 3. */
  calibrationPartition?: number;
}

/** The split of each record, in their order. */
export function splitSequences(proteins: readonly Protein[], options: SplitOptions = {}): SequenceSplit[] {
  const { testPartition = 4, calibrationPartition = 3 } = options;
  const isUnseen = (protein: Protein) => protein.split === "val" || protein.split === "test";
  const own = proteins.map((protein): SequenceSplit => {
    if (protein.assigned !== undefined) return protein.assigned;
    if (isUnseen(protein)) return "opencell";
    if (isExternal(protein)) return "external";
    if (protein.leakOf.length > 0) return "unused";
    if (protein.partition === testPartition) return "test";
    return protein.partition === calibrationPartition ? "calibration" : "train";
  });
  const groups = groupOfEach(proteins);
  const inGroup = new Map<number, Set<SequenceSplit>>();
  own.forEach((split, index) => {
    const members = inGroup.get(groups[index]!) ?? new Set();
    inGroup.set(groups[index]!, members.add(split));
  });
  return own.map((split, index) => {
    const members = inGroup.get(groups[index]!)!;
    const rank = precedence.indexOf(split);
    const resembles = (other: SequenceSplit) => members.has(other) && precedence.indexOf(other) < rank;
    return precedence.some(resembles) ? "unused" : split;
  });
}

// Where a group spans several splits, the first of these has its members, and those of the others are not used.
const precedence: readonly SequenceSplit[] = ["opencell", "test", "calibration", "train", "external"];

function isExternal({ source }: Protein): boolean {
  return source === "hpa-test" || source === "deeploc2-hpa-test";
}

/** Whether a crop may be trained on: its field is in the training split and its protein, if known, is not held out. */
export function isTrainingCrop(crop: Crop, splitOfUniprot: ReadonlyMap<string, SequenceSplit>): boolean {
  const split = crop.uniprot === undefined ? undefined : splitOfUniprot.get(crop.uniprot);
  return crop.split === "train" && (split === undefined || split === "train");
}

/** Splits by UniProt accession; where two records of one accession differ, neither is for training. */
export function splitsByUniprot(
  proteins: readonly Protein[],
  splits: readonly SequenceSplit[],
): Map<string, SequenceSplit> {
  const result = new Map<string, SequenceSplit>();
  for (const [index, { uniprot }] of proteins.entries()) {
    if (uniprot === undefined) continue;
    const known = result.get(uniprot);
    const split = splits[index]!;
    result.set(uniprot, known === undefined || known === split ? split : known === "train" ? split : known);
  }
  return result;
}

// Union-find over everything that makes two records one protein or close homologs.
function groupOfEach(proteins: readonly Protein[]): number[] {
  const parent = proteins.map((_, index) => index);
  const find = (index: number): number => {
    let root = index;
    while (parent[root] !== root) root = parent[root]!;
    while (parent[index] !== root) [index, parent[index]] = [parent[index]!, root];
    return root;
  };
  const firstByKey = new Map<string, number>();
  for (const [index, protein] of proteins.entries()) {
    for (const key of keysOf(protein)) {
      const first = firstByKey.get(key);
      if (first === undefined) firstByKey.set(key, index);
      else parent[find(index)] = find(first);
    }
  }
  return proteins.map((_, index) => find(index));
}

function keysOf({ id, ensg, uniprot, sequence, cluster, sameAs }: Protein): string[] {
  return [
    `id ${id}`,
    `sequence ${sequence}`,
    ...(ensg === undefined ? [] : [`ensg ${ensg}`]),
    ...(uniprot === undefined ? [] : [`uniprot ${uniprot}`]),
    ...(cluster === undefined ? [] : [`cluster ${cluster}`]),
    ...(sameAs === undefined ? [] : [`id ${sameAs}`]),
  ];
}
