// `proteoscope mutate`: what variants of a protein change, beside the wild type on the same nuclei and from the same noise. One
// picture, a table as CSV, and JSON.

import { writePng } from "@proteoscope/formats";
import { uniqueFileNames } from "@proteoscope/microscope";
import {
  type MutateRequest,
  type MutateResult,
  namedSignals,
  parseVariant,
  variantSheet,
} from "@proteoscope/microscope/experiments";
import type { ArgsDef, ParsedArgs } from "citty";
import { parseInteger } from "../cli/arguments.ts";
import { type CommandContext, defineCommand, type sharedArgs } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { checkOutputFolder, writeFiles } from "../cli/output.ts";
import { printJson, printLines } from "../cli/print.ts";
import { showProgress } from "../cli/progress.ts";
import { describeMutants, mutantsJson, mutantTable } from "../describe-experiments.ts";
import { openPartsFolder } from "../experiment-parts.ts";
import { openModel, withRuntime } from "../model-folder.ts";
import { parseCells, readCells } from "./arguments/cell-arguments.ts";
import { experimentArgs, nucleiDigest, readOneProtein, withParts } from "./arguments/experiment-arguments.ts";
import { proteinArgs } from "./arguments/protein-arguments.ts";

const mutateArgs = {
  protein: proteinArgs.protein,
  draws: {
    type: "string",
    valueHint: "number",
    default: "400",
    description: "Draws of the null of each variant",
  },
  ...experimentArgs("proteoscope-mutants"),
} as const satisfies ArgsDef;

type MutateArguments = ParsedArgs<typeof mutateArgs & typeof sharedArgs>;

export const mutateCommand = defineCommand({
  name: "mutate",
  description: "Compare variants of a protein with the wild type, on the same nuclei and from the same noise",
  args: mutateArgs,
  takesMany: true,
  notes: [
    "Variants: R175H or p.Arg175His, R196* (truncation), del:10-30, keep:26-69, ins:5:GGSG, K10_R12delinsAAA,",
    "fuse:C:SEQUENCE, signal:NAME@N, @C or @POSITION; several changes of one variant are joined with +.",
    "Positions are those of the wild type; a residue that is named must be the one that stands there.",
    `Signals: ${namedSignals.map(({ name }) => name).join(", ")}.`,
    "Predictions are from the sequence alone: annotated homologs are left out, because a mutant of a known protein",
    "is not that protein. p compares a variant with the same change at other places and in other proteins.",
    "A run that was interrupted or killed goes on where it was when the same command is run again.",
  ],
  examples: [
    "proteoscope mutate TP53 R175H p.Arg248Gln",
    "proteoscope mutate COX8A del:2-25 keep:1-25",
    "proteoscope mutate GAPDH signal:NLS@C signal:MTS signal:SP@N+signal:KDEL@C -o gapdh",
  ],
  async run(args, context) {
    const [word, ...forms] = args._;
    const options = {
      draws: parseInteger("draws", args.draws, { min: 20, max: 1_000_000 }),
      cells: parseCells(args),
    };
    if (forms.length === 0)
      throw new CommandError(
        "name a variant behind the protein: R175H, del:10-30, signal:NLS@N",
        exitCodes.usage,
      );
    await checkOutputFolder(args.output, args.nucleus === undefined ? [] : [args.nucleus]);
    const protein = await readOneProtein(word!, args, context);
    const variants = forms.map((form) => parseVariant(form, protein));
    const seed = parseInteger("seed", args.seed);
    const { result, files } = await compareAndWrite(args, { ...options, protein, variants, seed }, context);
    if (args.json) printJson(context.stdout, { output: args.output, files, ...mutantsJson(result) });
    else printLines(context.stdout, ...describeMutants(result), `files: ${args.output}: ${files.join(", ")}`);
    return undefined;
  },
});

async function compareAndWrite(
  args: MutateArguments,
  { cells: choice, ...request }: Omit<MutateRequest, "cells"> & { cells: ReturnType<typeof parseCells> },
  { stderr, env, signal }: CommandContext,
): Promise<{ result: MutateResult; files: string[] }> {
  const folder = await openModel(args.model, env);
  const progress = showProgress(stderr);
  const work = withRuntime(args.device, async (runtime) => {
    const { readModel } = await import("@proteoscope/microscope");
    const { mutate, openCellImager, openSequencePredictor } = await import(
      "@proteoscope/microscope/experiments"
    );
    const model = await readModel(folder);
    const cells = await readCells(folder, choice, signal);
    const parts = openPartsFolder(args.output, {
      ...{ command: "mutate", request, device: args.device, model: model.checksums },
      ...{ settings: cells.settings, nuclei: nucleiDigest(cells) },
    });
    const networks = {
      predictor: await openSequencePredictor(runtime, model),
      imager: openCellImager(runtime, model),
    };
    const options = { signal, onProgress: progress.show };
    const result = await withParts(parts, stderr, () =>
      parts.run((find) => mutate(networks, { ...request, cells }, { ...options, find })),
    );
    const files = await writeResults(args, result, cells, signal);
    await parts.remove();
    return { result, files };
  });
  return work.finally(progress.close);
}

async function writeResults(
  { output, nucleus }: MutateArguments,
  result: MutateResult,
  cells: MutateRequest["cells"],
  signal: AbortSignal,
): Promise<string[]> {
  const { width, height, data } = variantSheet(result, cells);
  const text = { Software: "proteoscope", synthetic: "true" };
  const name = uniqueFileNames([result.protein.id])[0]!;
  const files = new Map<string, Uint8Array | string>([
    [`${name}_variants.csv`, mutantTable(result)],
    [`${name}_variants.json`, `${JSON.stringify(mutantsJson(result), null, 2)}\n`],
    [`${name}_variants_synthetic.png`, writePng({ width, height, channels: 3, depth: 8, data, text })],
  ]);
  await writeFiles(output, files, { signal, inputs: nucleus === undefined ? [] : [nucleus] });
  return [...files.keys()];
}
