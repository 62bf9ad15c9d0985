// The proteins of a command: the options that say how they are read, and the records that are refused while the others
// are answered, as a line each for people and as a list for programs.
import type { RefusedRecord } from "@proteoscope/formats";
import type { CommandContext } from "../../cli/command.ts";
import { describeFailure } from "../../cli/errors.ts";
import type { Inputs } from "../../cli/output.ts";
import { printLines } from "../../cli/print.ts";
import { isStandardInput } from "../../cli/read-input.ts";
import { type ResolvedProteins, resolveProteins } from "../../proteins.ts";

export const proteinArgs = {
  protein: {
    type: "positional",
    description:
      "FASTA file, - for standard input, a sequence, or the gene symbol or accession of an annotated protein",
    required: true,
  },
  organism: {
    type: "string",
    valueHint: "name",
    description: "Organism of the proteins that are named by gene or accession; any when absent",
  },
  strict: {
    type: "boolean",
    description:
      "All or nothing: stop at the first record that is no protein; by default the others are answered, with exit code 3",
  },
  "allow-nucleotides": {
    type: "boolean",
    description: "Read records that look like DNA or RNA as proteins; by default they are refused",
  },
} as const;

interface ProteinArguments {
  readonly _: readonly string[];
  readonly model?: string | undefined;
  readonly organism?: string | undefined;
  readonly strict?: boolean | undefined;
  readonly "allow-nucleotides"?: boolean | undefined;
}

/** More lines are not read; `--json` lists every record. */
const mostLines = 50;

/** Reads the proteins and prints which records are refused. @throws ProteoscopeError, FormatError. */
export async function readProteinArguments(
  args: ProteinArguments,
  context: Pick<CommandContext, "stdin" | "signal" | "stderr" | "env">,
): Promise<ResolvedProteins> {
  const found = await resolveProteins(args._, context, {
    strict: args.strict === true,
    allowNucleotides: args["allow-nucleotides"] === true,
    ...{ model: args.model, organism: args.organism },
  });
  const { proteins, refused } = found;
  if (refused.length > 0) {
    const shown = refused.slice(0, mostLines).map(({ error }) => describeFailure(error).message);
    const left = refused.length - shown.length;
    const total = `${refused.length} of ${refused.length + proteins.length} records refused`;
    const lines = [...shown, left > 0 ? `${total}, ${left} of them not listed here` : total];
    printLines(context.stderr, ...lines.map((line) => `proteoscope: ${line}`));
  }
  return found;
}

/** The files among the words, which no output may replace; standard input as well, which may be a file. */
export function proteinInputs(args: ProteinArguments, context: Pick<CommandContext, "stdin">): Inputs {
  return args._.map((word) => (isStandardInput(word) ? (context.stdin as { readonly fd?: number }) : word));
}

/** What a JSON document lists of refused records. */
export function listRefused(refused: readonly RefusedRecord[]) {
  return refused.map(({ id, file, line, column, error }) => ({
    ...{ id, file, line, column: column ?? null },
    reason: describeFailure(error).message,
  }));
}
