// The records of a screen: those of FASTA files and of words, or of a manifest, one at a time. A file's bytes are held and its
// records are not, so that a proteome takes the memory of its file.

import { readFastaRecords } from "@proteoscope/formats";
import type { ScreenInput, ScreenResult } from "@proteoscope/microscope/experiments";
import type { CommandContext } from "../../cli/command.ts";
import { isStandardInput, readInput, readStream } from "../../cli/read-input.ts";
import { isFile, nameRecord, resolveProteins } from "../../proteins.ts";

export interface ScreenInputs {
  readonly count: number;
  /** All records in their order, each time anew. */
  records(): Iterable<ScreenInput> | AsyncIterable<ScreenInput>;
  /** Reads what a record needs beside its sequence, when its turn comes. */
  prepare?(input: ScreenInput): Promise<ScreenInput>;
  /** Writes what a result needs beside its row, before it. */
  beforeRow?(result: ScreenResult): Promise<void>;
  /** Writes what is made of all rows. */
  finish?(): Promise<void>;
}

export interface InputOptions {
  /** Throws the first refusal. */
  readonly strict: boolean;
  readonly allowNucleotides: boolean;
}

type Source = () => Iterable<ScreenInput>;

/** Reads what the words name. @throws CommandError where there is no such protein, FormatError naming file and line. */
export async function openProteins(
  words: readonly string[],
  context: Pick<CommandContext, "stdin" | "signal">,
  options: InputOptions,
): Promise<ScreenInputs> {
  const sources: Source[] = [];
  for (const word of words) sources.push(await openWord(word, context, options));
  let count = 0;
  function* records(): Generator<ScreenInput> {
    for (const source of sources) yield* source();
  }
  for (const _ of records()) count++;
  return { count, records };
}

async function openWord(
  word: string,
  context: Pick<CommandContext, "stdin" | "signal">,
  { strict, allowNucleotides }: InputOptions,
): Promise<Source> {
  const { stdin, signal } = context;
  const isPipe = isStandardInput(word);
  if (!isPipe && !isFile(word)) {
    const { proteins } = await resolveProteins([word], context, { strict: true, allowNucleotides });
    return () => proteins.map(({ source, ...protein }) => ({ record: { ...protein, source, file: source } }));
  }
  const file = isPipe ? "standard input" : word;
  const bytes = isPipe ? await readStream(stdin, signal) : await readInput(word, signal);
  return function* () {
    for (const { record, refused } of readFastaRecords(bytes, { allowNucleotides, name: file })) {
      if (record !== undefined) yield { record: { ...nameRecord(record, file), file, line: record.line } };
      else if (strict) throw refused.error;
      else yield { refused: { id: refused.id, file, line: refused.line, reason: refused.error.message } };
    }
  };
}
