// `proteoscope data sequences`: the sequences of a data set's proteins, from FASTA files or from UniProt and Ensembl, with every
// gene listed that stays without one.
import { join } from "node:path";
import {
  addSequences,
  ensemblSource,
  missingFile,
  type SequenceSource,
  uniprotSource,
} from "@proteoscope/lab";
import { cacheFolders } from "../../cache-folders.ts";
import { parseInteger } from "../../cli/arguments.ts";
import { defineCommand } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { showProgress } from "../../cli/progress.ts";
import { fastaSources } from "./fasta-sources.ts";

const mostListed = 20;

export const sequencesCommand = defineCommand({
  name: "sequences",
  description: "Add the sequences of a data set's proteins, from FASTA files or from UniProt and Ensembl",
  args: {
    set: { type: "positional", description: "The data set" },
    fasta: {
      type: "string",
      valueHint: "files",
      description:
        "FASTA files, with commas between them; by accession, gene or Ensembl identifier. Nothing is asked of a server",
    },
    from: {
      type: "string",
      valueHint: "names",
      default: "uniprot,ensembl",
      description: "Data bases in the order in which they are asked: uniprot, ensembl",
    },
    all: { type: "boolean", description: "Also for proteins that have a sequence" },
    taxon: { type: "string", valueHint: "number", default: "9606", description: "Organism, for UniProt" },
    species: {
      type: "string",
      valueHint: "name",
      default: "homo_sapiens",
      description: "Organism, for Ensembl",
    },
  },
  examples: [
    "proteoscope data sequences set --fasta proteome.fasta",
    "proteoscope data sequences set",
    "proteoscope data sequences set --from ensembl --taxon 10090 --species mus_musculus",
  ],
  notes: [
    "Answers of servers are kept in the cache folder. Genes without a sequence are listed in genes-without-sequence.csv, and the",
    "exit code is 3. PROTEOSCOPE_UNIPROT and PROTEOSCOPE_ENSEMBL are the addresses of mirrors.",
  ],
  async run(args, { stdout, stderr, env, signal }) {
    const set = args.set as string;
    const options = {
      cacheFolder: join(cacheFolders(env).proteoscope, "sequences"),
      ...{
        signal,
        uniprotUrl: env.PROTEOSCOPE_UNIPROT || undefined,
        ensemblUrl: env.PROTEOSCOPE_ENSEMBL || undefined,
      },
      ...{ taxon: parseInteger("taxon", args.taxon, { min: 1 }), species: args.species },
    };
    const databases: Readonly<Record<string, SequenceSource>> = {
      uniprot: uniprotSource(options),
      ensembl: ensemblSource(options),
    };
    const sources =
      args.fasta === undefined
        ? args.from.split(",").map((name) => databases[name] ?? refuseSource(name))
        : await fastaSources(args.fasta);
    const progress = showProgress(stderr);
    try {
      const report = await addSequences(set, sources, {
        isAll: args.all ?? false,
        signal,
        onProgress: progress.show,
      });
      progress.close();
      const { proteins, known, found, missing } = report;
      if (args.json) printJson(stdout, { set, ...report });
      else {
        printLines(
          stderr,
          `${proteins} proteins: ${known} had a sequence, ${found} found, ${missing.length} without`,
        );
        for (const { protein, gene } of missing.slice(0, mostListed))
          printLines(stdout, `without a sequence: ${gene || protein}`);
        if (missing.length > mostListed)
          printLines(stdout, `and ${missing.length - mostListed} more, in ${join(set, missingFile)}`);
      }
      return missing.length > 0 ? exitCodes.badData : exitCodes.ok;
    } finally {
      progress.close();
    }
  },
});

function refuseSource(name: string): never {
  throw new CommandError(`--from takes uniprot and ensembl, got "${name}"`, exitCodes.usage);
}
