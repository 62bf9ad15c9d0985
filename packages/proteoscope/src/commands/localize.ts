// `proteoscope localize`: compartments with probabilities, from sequences alone. A table as CSV on standard output or in a
// file, one row per protein, or JSON. `known` is the annotation of exactly this sequence. `compartment` is the column of the
// largest probability; `balanced_compartment` is the most probable one if all compartments were equally frequent, and where it
// differs `note` says why.

import { printable, writeCsv } from "@proteoscope/formats";
import type { LocalizedProtein } from "@proteoscope/microscope";
import type { ArgsDef, ParsedArgs } from "citty";
import { type CommandContext, defineCommand, type sharedArgs } from "../cli/command.ts";
import { exitCodes } from "../cli/errors.ts";
import { checkOutputFile, writeFileAtomic } from "../cli/output.ts";
import { printJson, printLines } from "../cli/print.ts";
import { showProgress } from "../cli/progress.ts";
import { openModel, withRuntime } from "../model-folder.ts";
import type { NamedProtein } from "../proteins.ts";
import { modelArgs } from "./arguments/model-argument.ts";
import {
  listRefused,
  proteinArgs,
  proteinInputs,
  readProteinArguments,
} from "./arguments/protein-arguments.ts";

const localizeArgs = {
  ...proteinArgs,
  ...modelArgs,
  output: {
    type: "string",
    alias: "o",
    valueHint: "file",
    description: "CSV file; standard output when absent",
  },
} as const satisfies ArgsDef;

type LocalizeArguments = ParsedArgs<typeof localizeArgs & typeof sharedArgs>;

export const localizeCommand = defineCommand({
  name: "localize",
  description: "Compartments with probabilities from sequences, as CSV or JSON",
  args: localizeArgs,
  takesMany: true,
  notes: [
    "`known` is the annotation of exactly this sequence, with its source; `near` names the annotated protein that it is a",
    "mutant, an isoform or a fragment of. For both, the probabilities come from the sequence alone; for other proteins",
    "homologs count as well. Each probability is that of one compartment by itself; `compartment` has the largest one.",
    "`balanced_compartment` is the most probable one if all compartments were equally frequent; where a rare compartment",
    "stands out it is not `compartment`, and `note` says why. `omitted` are residues that the language model was not shown.",
    "What is done when the command is interrupted is written, unless it is --strict.",
  ],
  examples: [
    "proteoscope localize FBL TOMM20",
    "proteoscope localize proteome.fasta.gz -o compartments.csv",
    "proteoscope localize - --json < proteome.fasta",
  ],
  async run(args, context) {
    const { stdout } = context;
    if (args.output !== undefined) await checkOutputFile(args.output, proteinInputs(args, context));
    const { proteins, refused } = await readProteinArguments(args, context);
    const { model, rows, failure } = await localizeAll(args, proteins, context);
    const cut = rows.filter(({ omitted }) => omitted !== null);
    if (cut.length > 0)
      printLines(
        context.stderr,
        `${cut.length} of ${rows.length} proteins: the language model was shown ${cut[0]!.shown} residues, without those in \`omitted\``,
      );
    if (args.output !== undefined && rows.length > 0)
      await writeFileAtomic(args.output, await csvOf(rows), context);
    if (args.json) printJson(stdout, { model, proteins: rows, refused: listRefused(refused) });
    else if (args.output === undefined && rows.length > 0) stdout.write(await csvOf(rows, stdout.isTTY));
    if (failure !== undefined) throw failure.reason;
    return refused.length > 0 ? exitCodes.badData : exitCodes.ok;
  },
});

async function localizeAll(
  args: LocalizeArguments,
  proteins: readonly NamedProtein[],
  { stderr, env, signal }: CommandContext,
) {
  if (proteins.length === 0) return { model: null, rows: [], failure: undefined };
  const folder = await openModel(args.model, env);
  const progress = showProgress(stderr);
  const work = withRuntime(args.device, async (runtime) => {
    const { localize, openProteinEncoder, readSequenceModel } = await import("@proteoscope/microscope");
    const encoder = await openProteinEncoder(runtime, await readSequenceModel(folder));
    const rows: LocalizedProtein[] = [];
    let failure: { readonly reason: unknown } | undefined;
    try {
      for await (const row of localize(encoder, proteins, { signal, onProgress: progress.show }))
        rows.push(row);
    } catch (reason) {
      if (args.strict || rows.length === 0) throw reason;
      failure = { reason }; // what is done is written all the same
    }
    return { model: { name: encoder.model.name, sha256: encoder.model.checksums }, rows, failure };
  });
  return work.finally(progress.close);
}

/** One row per protein. Ids stand in files as they are; a terminal gets them without what it obeys. */
async function csvOf(rows: readonly LocalizedProtein[], isTerminal = false): Promise<string> {
  const { tabulateLocalized } = await import("@proteoscope/microscope");
  const table = rows.map((row) => ({
    id: isTerminal ? printable(row.id) : row.id,
    ...tabulateLocalized(row),
  }));
  return writeCsv(table, Object.keys(table[0]!));
}
