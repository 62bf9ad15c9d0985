// `proteoscope compare`: two images, two folders or two runs of `generate`, compared in pairs: a card with pictures, a table
// with one row per pair, and JSON.

import { writeCsv } from "@proteoscope/formats";
import type {
  CardEntry,
  ComparisonSummary,
  ImageComparison,
  PairResult,
} from "@proteoscope/microscope/experiments";
import type { ArgsDef, ParsedArgs } from "citty";
import { parseInteger } from "../cli/arguments.ts";
import { type CommandContext, defineCommand, type sharedArgs } from "../cli/command.ts";
import { describeFailure, exitCodes } from "../cli/errors.ts";
import { withOutputFolder } from "../cli/output.ts";
import { printJson, printLines } from "../cli/print.ts";
import { showProgress } from "../cli/progress.ts";
import { openModel, withRuntime } from "../model-folder.ts";
import { imageArgs, parseImageArguments } from "./arguments/image-arguments.ts";
import { modelArgs } from "./arguments/model-argument.ts";

const compareArgs = {
  a: {
    type: "positional",
    description: "Image, folder of images, or output folder of generate",
    required: true,
  },
  b: { type: "positional", description: "What it is compared with, of the same kind", required: true },
  ...imageArgs,
  "most-pictures": {
    type: "string",
    valueHint: "number",
    default: "12",
    description: "Largest number of pairs on the card; the table has all",
  },
  ...modelArgs,
  output: {
    type: "string",
    alias: "o",
    valueHint: "folder",
    default: "proteoscope-compare",
    description: "Output folder",
  },
} as const satisfies ArgsDef;

type CompareArguments = ParsedArgs<typeof compareArgs & typeof sharedArgs>;

export const compareCommand = defineCommand({
  name: "compare",
  description: "Compare images: pixels, fine detail, nuclear proportion, compartments, features",
  args: compareArgs,
  notes: [
    "Folders are paired by the names of their files, without endings; two runs of generate by protein and sample. Pixel",
    "figures (SSIM, PSNR, Pearson) need images of one size; compartments and features need a channel of nuclei and the",
    "size of a pixel. An image that cannot be read is named, the others are compared, and the exit code is 3.",
    "Written: card.png, metrics.csv (one row per pair), metrics.json (docs/compare-and-retrieve.md says what is measured).",
  ],
  examples: [
    "proteoscope compare real.ome.tif generated.ome.tif -o comparison",
    "proteoscope compare images-model-1 images-model-2 --json",
    "proteoscope compare a.png b.png --pixel-size 0.2 --scaling percentiles",
  ],
  async run(args, context) {
    const mostPictures = parseInteger("most-pictures", args["most-pictures"], { min: 1, max: 100 });
    const { pairing, results, card } = await compareAll(args, mostPictures, context);
    const { summarizeComparisons } = await import("@proteoscope/microscope/experiments");
    const comparisons = results.flatMap(({ comparison }) => comparison ?? []);
    const refused = [...pairing.refused, ...results.filter((result) => result.comparison === undefined)].map(
      ({ name, error }) => ({ name, reason: describeFailure(error).message }),
    );
    const document = {
      ...{ a: args.a, b: args.b, output: args.output },
      summary: summarizeComparisons(comparisons),
      pairs: comparisons.map(listComparison),
      ...{ refused, onlyInA: pairing.onlyInA, onlyInB: pairing.onlyInB },
    };
    if (comparisons.length > 0) await writeResults(args, document, card, comparisons, context);
    printLines(context.stderr, ...refused.map(({ name, reason }) => `proteoscope: ${name}: ${reason}`));
    if (args.json) printJson(context.stdout, document);
    else if (comparisons.length > 0) printLines(context.stdout, ...describeSummary(document));
    return refused.length > 0 ? exitCodes.badData : exitCodes.ok;
  },
});

async function compareAll(
  args: CompareArguments,
  mostPictures: number,
  { stderr, env, signal }: CommandContext,
) {
  const { findImages, pairSets } = await import("../image-sets.ts");
  const options = parseImageArguments(args, signal);
  const [a, b] = [await findImages(args.a), await findImages(args.b)];
  const pairing = await pairSets(a, b, options, options, signal);
  const folder = await openModel(args.model, env);
  const progress = showProgress(stderr);
  const work = withRuntime(args.device, async (runtime) => {
    const { openImageClassifier, readImageClassifier, readImagingConstants } = await import(
      "@proteoscope/microscope"
    );
    const { compare, drawComparisonCard } = await import("@proteoscope/microscope/experiments");
    const [network, constants] = [await readImageClassifier(folder), await readImagingConstants(folder)];
    const classifier = await openImageClassifier(runtime, network, constants.cropPixels);
    const tools = { classifier, constants, labels: network.config.labels };
    const results: Omit<PairResult, "images">[] = [];
    const entries: CardEntry[] = [];
    for await (const result of compare(tools, pairing.pairs, { signal, onProgress: progress.show })) {
      const { name, comparison, error } = result;
      results.push({ name, comparison, error } as PairResult);
      if (result.comparison !== undefined && entries.length < mostPictures) entries.push(result);
    }
    return { pairing, results, card: drawComparisonCard(entries) };
  });
  return work.finally(progress.close);
}

function listComparison({ name, a, b, ...rest }: ImageComparison) {
  const side = ({ features, cellFeatures, ...figures }: ImageComparison["a"]) => figures;
  return { name, a: side(a), b: side(b), ...rest };
}

async function writeResults(
  { a, b, output }: CompareArguments,
  document: object,
  card: Awaited<ReturnType<typeof compareAll>>["card"],
  comparisons: readonly ImageComparison[],
  { signal }: CommandContext,
): Promise<void> {
  const { rgbPng } = await import("@proteoscope/microscope");
  const { figuresOf } = await import("@proteoscope/microscope/experiments");
  const rows = comparisons.map((comparison) => ({
    name: comparison.name,
    ...Object.fromEntries(
      Object.entries(figuresOf(comparison)).map(([name, value]) => [name, Number(value.toPrecision(6))]),
    ),
  }));
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  await withOutputFolder(
    output,
    async (folder) => {
      await folder.write("card.png", rgbPng(card, { Software: "proteoscope" }));
      await folder.write("metrics.csv", writeCsv(rows, columns));
      await folder.write("metrics.json", `${JSON.stringify(document, null, 2)}\n`);
    },
    { signal, inputs: [a, b] },
  );
}

function describeSummary({
  summary,
  output,
  pairs,
  onlyInA,
  onlyInB,
}: {
  readonly summary: ComparisonSummary;
  readonly output: string;
  readonly pairs: readonly unknown[];
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
}): string[] {
  const figures = Object.entries(summary.figures).filter(([name]) => !name.startsWith("cells_"));
  const lines = figures.map(([name, { mean, standardDeviation, n }]) => {
    const spread =
      standardDeviation === null ? "" : ` (standard deviation ${standardDeviation.toPrecision(2)}, n ${n})`;
    return `  ${name.replaceAll("_", " ").padEnd(22)} ${Number(mean.toPrecision(4))}${spread}`;
  });
  const { a, b } = summary.cells;
  const kernel =
    summary.kernelDistance === null
      ? []
      : [`  kernel distance        ${summary.kernelDistance.toPrecision(3)} (${a} and ${b} cells)`];
  const alone = onlyInA.length + onlyInB.length;
  return [
    `${pairs.length} ${pairs.length === 1 ? "pair" : "pairs"}${alone === 0 ? "" : `, ${alone} images without a counterpart`}`,
    ...lines,
    ...kernel,
    `card.png, metrics.csv and metrics.json in ${output}`,
  ];
}
