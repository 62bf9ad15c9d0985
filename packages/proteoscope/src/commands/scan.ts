// `proteoscope scan`: which stretch of a protein decides where it is predicted to be. Every window of the sequence is changed;
// the effects stand against a matched null. A strip as PNG and SVG, a table as CSV, and JSON.

import { FormatError, type ProteinFeature, printable, readFeatures, writePng } from "@proteoscope/formats";
import { figureSvg, renderFigure } from "@proteoscope/imaging";
import { uniqueFileNames } from "@proteoscope/microscope";
import { heatStrip, type ScanRequest, type ScanResult, scanModes } from "@proteoscope/microscope/experiments";
import type { ArgsDef, ParsedArgs } from "citty";
import { parseInteger } from "../cli/arguments.ts";
import { type CommandContext, defineCommand, type sharedArgs } from "../cli/command.ts";
import { checkOutputFolder, writeFiles } from "../cli/output.ts";
import { printJson, printLines } from "../cli/print.ts";
import { showProgress } from "../cli/progress.ts";
import { readInput } from "../cli/read-input.ts";
import { describeScan, scanTable } from "../describe-experiments.ts";
import { openPartsFolder, type PartsFolder } from "../experiment-parts.ts";
import { openModel, withRuntime } from "../model-folder.ts";
import type { NamedProtein } from "../proteins.ts";
import { parseCells, readCells } from "./arguments/cell-arguments.ts";
import { experimentArgs, nucleiDigest, readOneProtein, withParts } from "./arguments/experiment-arguments.ts";
import { proteinArgs } from "./arguments/protein-arguments.ts";

const scanArgs = {
  protein: proteinArgs.protein,
  mode: { type: "enum", options: [...scanModes], default: "delete", description: "What is done to a window" },
  window: { type: "string", valueHint: "residues", default: "25", description: "Length of a window" },
  stride: {
    type: "string",
    valueHint: "residues",
    default: "5",
    description: "Distance from window to window",
  },
  draws: {
    type: "string",
    valueHint: "number",
    description: "Draws of the null; 20 per window and 400 at least when absent",
  },
  features: {
    type: "string",
    valueHint: "file",
    description: "GFF3, or a table with columns start, end, name: drawn above the strip",
  },
  images: {
    type: "boolean",
    description: "Generate images for each window, and compare them with the wild type's",
  },
  "image-draws": {
    type: "string",
    valueHint: "number",
    default: "40",
    description: "Draws of the null of the images, for --images",
  },
  ...experimentArgs("proteoscope-scan"),
} as const satisfies ArgsDef;

type ScanArguments = ParsedArgs<typeof scanArgs & typeof sharedArgs>;

export const scanCommand = defineCommand({
  name: "scan",
  description: "Change every window of a protein, and see which ones decide where it is predicted to be",
  args: scanArgs,
  notes: [
    "Modes: delete removes a window, alanine and substitute replace its residues, shuffle reorders them, fragment",
    "keeps nothing else. The methionine at the start stays.",
    "The effect is the root mean square change of the compartments' log-odds, predicted from the sequence alone:",
    "annotated homologs are left out, because a mutant of a known protein is not that protein.",
    "p compares it with the same change in proteins of the same length and in shuffles of this one, at places of the",
    "same composition; q is p corrected over the windows (Benjamini-Hochberg).",
    "A scan that was interrupted or killed goes on where it was when the same command is run again.",
  ],
  examples: [
    "proteoscope scan LMNB1",
    "proteoscope scan LMNB1 --mode alanine --window 15 --features P20700.gff -o lmnb1",
    "proteoscope scan COX8A --window 10 --stride 2 --images --nuclei 2 --samples 2",
  ],
  async run(args, context) {
    const options = parseOptions(args);
    await checkOutputFolder(args.output, inputsOf(args));
    const protein = await readOneProtein(args._[0]!, args, context);
    const features = args.features === undefined ? [] : await readFeaturesOf(args.features, protein, context);
    const { result, parts } = await runScan(args, { ...options, protein }, context);
    const files = await writeResults(args, result, features, context.signal);
    await parts.remove();
    if (args.json) printJson(context.stdout, { output: args.output, files, ...result });
    else
      printLines(
        context.stdout,
        ...describeScan(result),
        `  files              ${args.output}: ${files.join(", ")}`,
      );
    return undefined;
  },
});

/** @throws CommandError (usage). */
function parseOptions(args: ScanArguments) {
  return {
    mode: args.mode,
    windowResidues: parseInteger("window", args.window, { min: 1 }),
    strideResidues: parseInteger("stride", args.stride, { min: 1 }),
    draws:
      args.draws === undefined ? undefined : parseInteger("draws", args.draws, { min: 20, max: 1_000_000 }),
    seed: parseInteger("seed", args.seed),
    cells: parseCells(args),
    imageDraws: parseInteger("image-draws", args["image-draws"], { min: 5, max: 10_000 }),
  };
}

async function runScan(
  args: ScanArguments,
  { cells, imageDraws, ...request }: ReturnType<typeof parseOptions> & Pick<ScanRequest, "protein">,
  { stderr, env, signal }: CommandContext,
): Promise<{ result: ScanResult; parts: PartsFolder }> {
  const folder = await openModel(args.model, env);
  const progress = showProgress(stderr);
  const work = withRuntime(args.device, async (runtime) => {
    const { readModel, readSequenceModel } = await import("@proteoscope/microscope");
    const { openCellImager, openSequencePredictor, scan } = await import(
      "@proteoscope/microscope/experiments"
    );
    const withImages = args.images === true ? await readModel(folder) : undefined;
    const model = withImages ?? (await readSequenceModel(folder));
    const images = withImages && { ...(await readCells(folder, cells, signal)), draws: imageDraws };
    const parts = openPartsFolder(args.output, {
      ...{ command: "scan", request, device: args.device, model: model.checksums },
      images: images && { settings: images.settings, draws: images.draws, nuclei: nucleiDigest(images) },
    });
    const predictor = await openSequencePredictor(runtime, model);
    const imager = withImages && openCellImager(runtime, withImages);
    const options = { signal, onProgress: progress.show };
    const result = await withParts(parts, stderr, () =>
      parts.run((find) => scan({ predictor, imager }, { ...request, images }, { ...options, find })),
    );
    return { result, parts };
  });
  return work.finally(progress.close);
}

function inputsOf({ features, nucleus }: Pick<ScanArguments, "features" | "nucleus">): string[] {
  return [features, nucleus].filter((path) => path !== undefined);
}

/**
 * Features of one protein of a file; all of them where the file names only one protein, which is then printed.
 * @throws FormatError for a feature beyond the end of the protein.
 */
async function readFeaturesOf(
  path: string,
  { id, sequence }: Pick<NamedProtein, "id" | "sequence">,
  { stderr, signal }: CommandContext,
): Promise<ProteinFeature[]> {
  const features = readFeatures(await readInput(path, signal), { name: path });
  const [named = "", ...others] = new Set(features.map((feature) => feature.protein));
  const isOwn = ({ protein }: ProteinFeature) => id.split("|").includes(protein);
  const own = others.length === 0 ? features : features.filter(isOwn);
  const beyond = own.find(({ last }) => last > sequence.length);
  if (beyond !== undefined) {
    const what = `${path}: ${printable(beyond.name)} at ${beyond.first} to ${beyond.last}, but ${id} has ${sequence.length} residues`;
    throw new FormatError("features", what, { hint: "give the features of this protein" });
  }
  if (others.length === 0 && named !== "" && !own.some(isOwn))
    printLines(stderr, `${path}: the features of ${named} are drawn on ${id}`);
  return own;
}

async function writeResults(
  args: ScanArguments,
  result: ScanResult,
  features: readonly ProteinFeature[],
  signal: AbortSignal,
): Promise<string[]> {
  const figure = heatStrip(result, features);
  const { width, height, data } = renderFigure(figure);
  const text = { Software: "proteoscope" };
  const name = uniqueFileNames([result.protein.id])[0]!;
  const files = new Map<string, Uint8Array | string>([
    [`${name}_scan.csv`, scanTable(result)],
    [`${name}_scan.json`, `${JSON.stringify(result, null, 2)}\n`],
    [`${name}_scan.png`, writePng({ width, height, channels: 3, depth: 8, data, text })],
    [`${name}_scan.svg`, figureSvg(figure)],
  ]);
  await writeFiles(args.output, files, { signal, inputs: inputsOf(args) });
  return [...files.keys()];
}
