// `proteoscope localize`: compartments with probabilities, from sequences alone. A table as CSV on standard output or in a
// file, one row per protein, or JSON. `compartment` is the column of the largest probability; `balanced_compartment` is the
// most probable one if all compartments were equally frequent, and differs from it where a rare compartment stands out.

import { writeCsv } from "@proteoscope/formats";
import type { LocalizedProtein } from "@proteoscope/microscope";
import { defineCommand } from "../cli/command.ts";
import { writeFileAtomic } from "../cli/output.ts";
import { showProgress } from "../cli/progress.ts";
import { readStdin } from "../cli/read-stdin.ts";
import { openModel, withRuntime } from "../model-folder.ts";
import { resolveProteins } from "../proteins.ts";

export const localizeCommand = defineCommand({
  name: "localize",
  description: "Compartments with probabilities from sequences, as CSV or JSON",
  args: {
    protein: {
      type: "positional",
      description: "FASTA file, - for standard input, a sequence, or an example protein",
      required: true,
    },
    model: { type: "string", valueHint: "folder", description: "Model folder; the shipped one when absent" },
    output: {
      type: "string",
      alias: "o",
      valueHint: "file",
      description: "CSV file; standard output when absent",
    },
  },
  takesMany: true,
  examples: [
    "proteoscope localize FBL TOMM20",
    "proteoscope localize proteome.fasta -o compartments.csv",
    "proteoscope localize - --json < proteome.fasta",
  ],
  async run(args, { stdin, stdout, stderr, env, signal }) {
    const proteins = await resolveProteins(args._, () => readStdin(stdin, signal));
    const folder = await openModel(args.model, env);
    const progress = showProgress(stderr);
    const { model, rows } = await withRuntime(args.device, async (runtime) => {
      const { localize, openProteinEncoder, readSequenceModel } = await import("@proteoscope/microscope");
      const encoder = await openProteinEncoder(runtime, await readSequenceModel(folder));
      const rows: LocalizedProtein[] = [];
      for await (const row of localize(encoder, proteins, { signal, onProgress: progress.show }))
        rows.push(row);
      return { model: encoder.model, rows };
    }).finally(progress.close);
    const csv = () => writeCsv(rows.map(csvRow), Object.keys(csvRow(rows[0]!)));
    if (args.output !== undefined) await writeFileAtomic(args.output, csv());
    if (args.json) {
      const document = { model: { name: model.name, sha256: model.checksums }, proteins: rows };
      stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    } else if (args.output === undefined) stdout.write(csv());
    return undefined;
  },
});

/** A column per compartment, to four digits. */
function csvRow({ probabilities, ...row }: LocalizedProtein): Record<string, string> {
  const columns = Object.entries(probabilities).map(([label, p]) => [label, p.toFixed(4)] as const);
  return {
    id: row.id,
    residues: String(row.residues),
    shown: String(row.shown),
    compartment: row.compartment,
    balanced_compartment: row.balancedCompartment,
    ...Object.fromEntries(columns),
  };
}
