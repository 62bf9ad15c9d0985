// Variants of a protein in the short forms that people write, after HGVS (den Dunnen et al. 2016, doi:10.1002/humu.22981):
//
//   R175H, p.Arg175His       substitution                R196*, p.Arg196Ter     truncation behind residue 195
//   del:10-30, K10_R30del    deletion                    keep:26-69             everything else is removed
//   ins:5:GGSG, K4_R5insGGSG insertion before residue 5  K10_R12delinsAAA       replacement
//   fuse:N:SEQ, fuse:C:SEQ   fusion to an end            signal:NLS@C           fusion of a named signal (signals.ts)
//
// Several changes of one variant are joined with `+`. Positions are those of the wild type, counted from 1; a residue that is
// named is checked against the one that stands there.

import { ProteoscopeError, printable } from "@proteoscope/formats";
import { applyEdits, type Edit, firstChanged } from "./edits.ts";
import { namedSignals, type Terminus } from "./signals.ts";

/** A variant of a protein. */
export interface Variant {
  /** As it was given. */
  readonly name: string;
  /** What it changes, in words. */
  readonly description: string;
  readonly edits: readonly Edit[];
  readonly sequence: string;
}

/** The protein that a variant is of. */
export interface WildType {
  readonly id: string;
  readonly sequence: string;
}

interface Change {
  readonly edits: readonly Edit[];
  readonly description: string;
}

const threeLetters: ReadonlyMap<string, string> = new Map(
  (
    "Ala A Arg R Asn N Asp D Cys C Gln Q Glu E Gly G His H Ile I Leu L Lys K Met M Phe F Pro P Ser S Thr T Trp W Tyr Y Val V " +
    "Sec U Xaa X Ter *"
  )
    .split(" ")
    .flatMap((word, index, words) => (index % 2 === 0 ? [[word, words[index + 1]!] as const] : [])),
);

const residue = `[A-Z][a-z]{2}|[A-Z*]`;
const place = `(?<first>${residue})(?<firstAt>\\d+)(?:_(?<last>${residue})(?<lastAt>\\d+))?`;
const residues = "(?<insert>[A-Z]+)";
const letters = /^[ACDEFGHIKLMNPQRSTVWYXBUZO]*$/;
const forms =
  "a variant is R175H, p.Arg175His, R196*, del:10-30, keep:26-69, ins:5:GGSG, K10_R12delinsAAA, fuse:N:SEQ, fuse:C:SEQ, " +
  "signal:NLS@C or signal:NLS@120";

type Groups = Readonly<Record<string, string | undefined>>;
type Maker = (groups: Groups, context: Context) => Change;

/** Each form with what it makes; the first that matches is taken. */
const makers: readonly (readonly [form: RegExp, make: Maker])[] = [
  [new RegExp(`^(?<first>${residue})(?<firstAt>\\d+)(?<to>${residue})$`), makeSubstitution],
  [
    new RegExp(`^${place}del$`),
    ({ ...groups }, context) => makeReplacement({ ...groups, insert: "" }, context),
  ],
  [new RegExp(`^${place}delins${residues}$`), makeReplacement],
  [new RegExp(`^${place}ins${residues}$`), makeInsertionBetween],
  [/^del:(?<from>\d+)(?:-(?<to>\d+))?$/, makeDeletion],
  [/^keep:(?<from>\d+)-(?<to>\d+)$/, makeFragment],
  [new RegExp(`^ins:(?<at>\\d+):${residues}$`), makeInsertion],
  [new RegExp(`^fuse:(?<end>[NC]):${residues}$`), makeFusion],
  [/^signal:(?<signal>[A-Za-z0-9-]+)(?:@(?<where>N|C|\d+))?$/, makeSignal],
];

/**
 * Reads a variant of a protein.
 * @throws ProteoscopeError (usage) naming the variant, and the residue that stands where it names another.
 */
export function parseVariant(name: string, wildType: WildType): Variant {
  const context = new Context(name, wildType);
  const changes = name.split("+").map((part) => {
    const text = part.trim().replace(/^p\.\(?|\)$/g, "");
    for (const [form, make] of makers) {
      const groups = form.exec(text)?.groups;
      if (groups !== undefined) return make(groups, context);
    }
    throw context.error(`unknown form; ${forms}`);
  });
  const edits = changes.flatMap((change) => change.edits);
  const sequence = context.apply(edits);
  if (sequence === wildType.sequence) throw context.error("changes nothing");
  if (sequence === "") throw context.error("leaves no residue");
  return { name, edits, sequence, description: changes.map(({ description }) => description).join(", ") };
}

/** Residues that a variant may insert: each draw of the null inserts as many into another protein. */
const mostInserted = 5000;

/** A long sequence or name by its beginning and its length. */
export function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 24)}... (${text.length})`;
}

/** The wild type that positions refer to, and how errors name the variant. */
class Context {
  constructor(
    private readonly name: string,
    readonly wildType: WildType,
  ) {}

  error(message: string): ProteoscopeError {
    const name = this.name === "" ? "an empty variant" : printable(shorten(this.name));
    return new ProteoscopeError(`${name}: ${message}`, { kind: "usage", field: "variants" });
  }

  /** The wild type with edits. */
  apply(edits: readonly Edit[]): string {
    try {
      return applyEdits(this.wildType.sequence, edits);
    } catch (error) {
      throw error instanceof ProteoscopeError ? this.error(error.message) : error;
    }
  }

  get length(): number {
    return this.wildType.sequence.length;
  }

  /** A position as an index, and the residue there if one is named. */
  index(position: string, expected?: string): number {
    const { id, sequence } = this.wildType;
    const at = Number(position);
    const found = sequence[at - 1];
    if (found === undefined)
      throw this.error(`${printable(id)} has residues 1 to ${this.length}, not ${position}`);
    const letter = expected && this.letter(expected);
    if (letter !== undefined && letter !== found)
      throw this.error(
        `residue ${at} of ${printable(id)} is ${found}, not ${letter}${this.nearby(at, letter)}`,
      );
    return at - 1;
  }

  letter(text: string): string {
    const letter = text.length === 3 ? threeLetters.get(text) : text;
    if (letter === undefined) throw this.error(`"${text}" is no amino acid`);
    return letter;
  }

  inserted(text: string): string {
    if (!letters.test(text))
      throw this.error(`"${printable(shorten(text))}" has letters that are no residues`);
    if (text.length > mostInserted)
      throw this.error(`inserts ${text.length} residues, at most ${mostInserted} are compared`);
    return text;
  }

  /** Numbering often differs by the first methionine or by an isoform. */
  private nearby(at: number, letter: string): string {
    const offset = [1, -1].find((step) => this.wildType.sequence[at - 1 + step] === letter);
    return offset === undefined ? "" : ` (${letter} is at ${at + offset})`;
  }
}

function makeSubstitution({ first, firstAt, to }: Groups, context: Context): Change {
  const begin = context.index(firstAt!, first!);
  const letter = context.letter(to!);
  if (to === "X")
    throw context.error(
      `X once stood for a stop and now for an unknown residue: write ${first}${firstAt}* for a stop`,
    );
  if (letter !== "*")
    return {
      edits: [{ begin, end: begin + 1, insert: context.inserted(letter) }],
      description: `${context.letter(first!)} at ${firstAt} becomes ${letter}`,
    };
  return {
    edits: [{ begin, end: context.length, insert: "", terminus: "C" }],
    description: `ends behind residue ${begin}`,
  };
}

function makeReplacement({ first, firstAt, last, lastAt, insert }: Groups, context: Context): Change {
  const begin = context.index(firstAt!, first!);
  const end = (last === undefined ? begin : context.index(lastAt!, last)) + 1;
  return replace(begin, end, context.inserted(insert!), context);
}

function makeDeletion({ from, to = from }: Groups, context: Context): Change {
  return replace(context.index(from!), context.index(to!) + 1, "", context);
}

function replace(begin: number, end: number, insert: string, context: Context): Change {
  if (end <= begin) throw context.error("its range ends before it begins");
  const range = end - begin === 1 ? `residue ${end}` : `residues ${begin + 1} to ${end}`;
  const terminus = insert !== "" ? undefined : terminusOf(begin, end, context);
  return {
    edits: [{ begin, end, insert, terminus }],
    description: insert === "" ? `without ${range}` : `${shorten(insert)} in place of ${range}`,
  };
}

function terminusOf(begin: number, end: number, { wildType: { sequence } }: Context): Terminus | undefined {
  if (begin <= firstChanged(sequence)) return "N";
  return end === sequence.length ? "C" : undefined;
}

/** Removes both ends; the methionine that translation begins with stays. */
function makeFragment({ from, to }: Groups, context: Context): Change {
  const [begin, end] = [context.index(from!), context.index(to!) + 1];
  if (end <= begin) throw context.error("its range ends before it begins");
  const first = Math.min(firstChanged(context.wildType.sequence), begin);
  const edits: Edit[] = [
    { begin: first, end: begin, insert: "", terminus: "N" },
    { begin: end, end: context.length, insert: "", terminus: "C" },
  ];
  return {
    edits: edits.filter((edit) => edit.end > edit.begin),
    description: `residues ${from} to ${to} alone`,
  };
}

function makeInsertion({ at, insert }: Groups, context: Context): Change {
  const begin = Number(at) === context.length + 1 ? context.length : context.index(at!);
  const terminus =
    begin <= firstChanged(context.wildType.sequence) ? "N" : begin === context.length ? "C" : undefined;
  return {
    edits: [{ begin, end: begin, insert: context.inserted(insert!), terminus }],
    description: `${shorten(insert!)} before residue ${at}`,
  };
}

function makeInsertionBetween({ first, firstAt, last, lastAt, insert }: Groups, context: Context): Change {
  if (last === undefined)
    throw context.error("an insertion names the residues on both sides: K10_R11insGGSG");
  const [before, after] = [context.index(firstAt!, first), context.index(lastAt!, last)];
  if (after !== before + 1) throw context.error(`residues ${firstAt} and ${lastAt} are not neighbours`);
  return makeInsertion({ at: lastAt, insert }, context);
}

function makeFusion({ end, insert }: Groups, context: Context): Change {
  const at = end as Terminus;
  const edit = fuse(context.inserted(insert!), at, context);
  return { edits: [edit], description: `${shorten(insert!)} at the ${at} terminus` };
}

function makeSignal({ signal: name, where }: Groups, context: Context): Change {
  const signal = namedSignals.find((known) => known.name.toUpperCase() === name!.toUpperCase());
  if (signal === undefined)
    throw context.error(`unknown signal; known are ${namedSignals.map((known) => known.name).join(", ")}`);
  const { terminus, residues: insert, source } = signal;
  const at = where ?? terminus;
  if (at === undefined)
    throw context.error(`say where: signal:${signal.name}@N, @C or the residue that it stands before`);
  if (terminus !== undefined && at !== terminus)
    throw context.error(
      `${signal.name} works at the ${terminus} terminus alone: signal:${signal.name}@${terminus}`,
    );
  const description = `${signal.name} ${insert} ${/\d/.test(at) ? `before residue ${at}` : `at the ${at} terminus`} (${source})`;
  if (at === "N" || at === "C") return { edits: [fuse(insert, at, context)], description };
  return { edits: makeInsertion({ at, insert }, context).edits, description };
}

/** In front of the first methionine where the peptide has its own, else behind it. */
function fuse(insert: string, terminus: Terminus, { length, wildType: { sequence } }: Context): Edit {
  const front = insert.startsWith("M") ? 0 : firstChanged(sequence);
  const begin = terminus === "N" ? front : length;
  return { begin, end: begin, insert, terminus };
}
