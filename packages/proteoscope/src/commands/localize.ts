// `proteoscope localize`: compartments with probabilities, from sequences alone.
// A table as CSV on standard output or in a file, one row a protein, or JSON.
import { writeCsv } from "@proteoscope/formats";
import { defineCommand } from "../command.ts";
import { findModelFolder, withMicroscope } from "../model-folder.ts";
import { writeFileAtomic } from "../output.ts";
import { startProgress } from "../progress.ts";
import { resolveProteins } from "../proteins.ts";
import { readStdin } from "../read-stdin.ts";

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
  examples: ["proteoscope localize FBL TOMM20", "proteoscope localize proteome.fasta -o compartments.csv"],
  async run(args, { stdout, stderr, signal }) {
    const proteins = await resolveProteins(args._, readStdin);
    const folder = await findModelFolder(args.model);
    return withMicroscope(folder, args.device, async (microscope) => {
      const progress = startProgress("localize", proteins.length, { stream: stderr, unit: "proteins" });
      const rows = [];
      for (const [index, { id, sequence }] of proteins.entries()) {
        signal.throwIfAborted();
        const { compartments, window } = await microscope.read(sequence);
        const [best] = Object.entries(compartments).sort(([, a], [, b]) => b - a)[0]!;
        rows.push({
          id,
          residues: sequence.length,
          shown: window.sequence.length,
          compartment: best,
          ...compartments,
        });
        progress.update(index + 1);
      }
      progress.close();
      const columns = Object.keys(rows[0]!);
      const text = args.json
        ? `${JSON.stringify({ model: microscope.model.name, proteins: rows }, null, 2)}\n`
        : writeCsv(
            rows.map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, format(v)]))),
            columns,
          );
      if (args.output === undefined) stdout.write(text);
      else await writeFileAtomic(args.output, text);
      return undefined;
    });
  },
});

function format(value: string | number): string {
  return typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : String(value);
}
