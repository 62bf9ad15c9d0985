// `proteoscope localize`: compartments with probabilities, from sequences alone.
// A table as CSV on standard output or in a file, one row a protein, or JSON. `compartment` is the one answer, for which
// rare compartments count as much as frequent ones; the probabilities beside it are of each compartment by itself.
import { writeCsv } from "@proteoscope/formats";
import type { CompartmentProbabilities, ProteinReader, ReadProtein } from "@proteoscope/microscope";
import { defineCommand } from "../command.ts";
import { findModelFolder, withRuntime } from "../model-folder.ts";
import { writeFileAtomic } from "../output.ts";
import { startProgress } from "../progress.ts";
import { type NamedProtein, resolveProteins } from "../proteins.ts";
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
  examples: [
    "proteoscope localize FBL TOMM20",
    "proteoscope localize proteome.fasta -o compartments.csv",
    "proteoscope localize - --json < proteome.fasta",
  ],
  async run(args, { stdin, stdout, stderr, env, signal }) {
    const proteins = await resolveProteins(args._, () => readStdin(stdin, signal));
    const folder = await findModelFolder(args.model, env);
    const readAll = async (reader: ProteinReader): Promise<Row[]> => {
      const progress = startProgress("localize", proteins.length, { stream: stderr, unit: "proteins" });
      try {
        const rows: Row[] = [];
        for (const protein of proteins) {
          signal.throwIfAborted();
          rows.push(describeProtein(protein, await reader.read(protein.sequence)));
          progress.update(rows.length);
        }
        return rows;
      } finally {
        progress.close();
      }
    };
    const { model, rows } = await withRuntime(args.device, async (runtime) => {
      const { openProteinReader, readSequenceModel } = await import("@proteoscope/microscope");
      const reader = await openProteinReader(runtime, await readSequenceModel(folder));
      return { model: reader.model, rows: await readAll(reader) };
    });
    const csv = () => writeCsv(rows.map(csvRow), Object.keys(csvRow(rows[0]!)));
    if (args.output !== undefined) await writeFileAtomic(args.output, csv());
    if (args.json) {
      const document = { model: { name: model.name, sha256: model.checksums }, proteins: rows };
      stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    } else if (args.output === undefined) stdout.write(csv());
    return undefined;
  },
});

interface Row {
  readonly id: string;
  readonly residues: number;
  /** Residues that the language model was shown. */
  readonly shown: number;
  /** The likeliest, if the protein were in one alone and none were more frequent than others. */
  readonly compartment: string;
  readonly answer: CompartmentProbabilities;
  /** Of each compartment by itself. */
  readonly probabilities: CompartmentProbabilities;
  /** Likeness of the nearest annotated protein that the model brings; at 1 its own annotation was looked up. */
  readonly nearestHomolog: number | null;
}

function describeProtein({ id, sequence }: NamedProtein, read: ReadProtein): Row {
  const { answer, compartments, nearestHomolog, window } = read;
  const [likeliest] = Object.entries(answer).sort(([, a], [, b]) => b - a)[0]!;
  return {
    id,
    residues: sequence.length,
    shown: window.sequence.length,
    compartment: likeliest,
    answer,
    probabilities: compartments,
    nearestHomolog: nearestHomolog ?? null,
  };
}

/** A column for every compartment, to four digits. */
function csvRow({ id, residues, shown, compartment, probabilities }: Row): Record<string, string> {
  const columns = Object.entries(probabilities).map(([label, p]) => [label, p.toFixed(4)] as const);
  return {
    id,
    residues: String(residues),
    shown: String(shown),
    compartment,
    ...Object.fromEntries(columns),
  };
}
