// Changes that are made to a protein in the residue grid, as the page keeps them: a list in the order in which they were made,
// each with the short form that `proteoscope mutate` reads. Positions are those of the unchanged protein, from 1.

/** One change. */
export type Edit =
  | { readonly kind: "substitute"; readonly at: number; readonly to: string }
  | { readonly kind: "delete"; readonly first: number; readonly last: number }
  | { readonly kind: "insert"; readonly before: number; readonly residues: string }
  | { readonly kind: "signal"; readonly name: string; readonly where: "N" | "C" | number };

/** The letters that a residue can be replaced by. */
export const residueLetters = "ACDEFGHIKLMNPQRSTVWY";

/** The short form of a change of a sequence. */
export function formOf(edit: Edit, sequence: string): string {
  switch (edit.kind) {
    case "substitute":
      return `${sequence[edit.at - 1]}${edit.at}${edit.to}`;
    case "delete":
      return edit.first === edit.last ? `del:${edit.first}` : `del:${edit.first}-${edit.last}`;
    case "insert":
      return `ins:${edit.before}:${edit.residues}`;
    case "signal":
      return `signal:${edit.name}@${edit.where}`;
  }
}

/** The variant that all changes make together; null where there is none. */
export function variantOf(edits: readonly Edit[], sequence: string): string | null {
  return edits.length === 0 ? null : edits.map((edit) => formOf(edit, sequence)).join("+");
}

/** What the grid shows of a residue. */
export interface ResidueMark {
  readonly deleted: boolean;
  /** The residue that stands in its place; null where it is unchanged. */
  readonly substitute: string | null;
  /** What is inserted before it. */
  readonly inserted: string | null;
}

/** The marks of residues that are changed, by position from 1. */
export function marksOf(edits: readonly Edit[]): ReadonlyMap<number, ResidueMark> {
  const marks = new Map<number, ResidueMark>();
  const mark = (at: number, change: Partial<ResidueMark>): void => {
    const before = marks.get(at) ?? { deleted: false, substitute: null, inserted: null };
    marks.set(at, { ...before, ...change });
  };
  for (const edit of edits) {
    if (edit.kind === "substitute") mark(edit.at, { substitute: edit.to });
    else if (edit.kind === "delete")
      for (let at = edit.first; at <= edit.last; at++) mark(at, { deleted: true });
    else if (edit.kind === "insert") mark(edit.before, { inserted: edit.residues });
    else if (typeof edit.where === "number") mark(edit.where, { inserted: edit.name });
  }
  return marks;
}

/** The changes with one more. A change of a residue that is changed already takes its place; null where the two cannot stand together. */
export function addEdit(edits: readonly Edit[], edit: Edit): readonly Edit[] | null {
  const overlapping = edits.filter((other) => overlap(other, edit));
  const replaced = overlapping.filter((other) => covers(edit, other));
  if (replaced.length < overlapping.length) return null;
  return [...edits.filter((other) => !replaced.includes(other)), edit];
}

function stretchOf(edit: Edit): readonly [first: number, last: number] | null {
  if (edit.kind === "substitute") return [edit.at, edit.at];
  if (edit.kind === "delete") return [edit.first, edit.last];
  return null;
}

function overlap(a: Edit, b: Edit): boolean {
  const [first, second] = [stretchOf(a), stretchOf(b)];
  return first !== null && second !== null && first[0] <= second[1] && second[0] <= first[1];
}

function covers(outer: Edit, inner: Edit): boolean {
  const [first, second] = [stretchOf(outer)!, stretchOf(inner)!];
  return first[0] <= second[0] && first[1] >= second[1];
}
