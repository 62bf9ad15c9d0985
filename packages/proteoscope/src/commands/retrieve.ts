// `proteoscope retrieve`: which proteins look like an image, and which images look like a protein, by the features of the image
// classifier, among the items of an index that `--build` makes.

import { existsSync } from "node:fs";
import { writeCsv } from "@proteoscope/formats";
import { generateDefaults, samplerNames } from "@proteoscope/microscope";
import type { IndexItem, RankedAnswer, RetrievalIndex } from "@proteoscope/microscope/experiments";
import type { ArgsDef, ParsedArgs } from "citty";
import { parseInteger } from "../cli/arguments.ts";
import { type CommandContext, defineCommand, type sharedArgs } from "../cli/command.ts";
import { CommandError, describeFailure, exitCodes } from "../cli/errors.ts";
import { withOutputFolder } from "../cli/output.ts";
import { printJson, printLines } from "../cli/print.ts";
import { showProgress } from "../cli/progress.ts";
import { openModel, withRuntime } from "../model-folder.ts";
import { type NamedProtein, resolveProteins } from "../proteins.ts";
import { imageArgs, parseImageArguments } from "./arguments/image-arguments.ts";
import { modelArgs } from "./arguments/model-argument.ts";
import { listRefused, proteinArgs, readProteinArguments } from "./arguments/protein-arguments.ts";
import { stainArg } from "./arguments/stain-arguments.ts";

const retrieveArgs = {
  query: {
    type: "positional",
    required: false,
    description: "Image file, or a protein as generate takes it",
  },
  build: {
    type: "string",
    valueHint: "set",
    description:
      "Make an index: of an atlas folder, of a folder of images, or of the proteins of a FASTA file",
  },
  index: { type: "string", valueHint: "folder", description: "Index to search" },
  top: {
    type: "string",
    valueHint: "number",
    default: "10",
    description: "Number of answers that are printed",
  },
  expected: {
    type: "string",
    valueHint: "protein",
    description:
      "The right answer, whose rank is printed beside chance; of a protein, by default the protein itself",
  },
  generate: {
    type: "boolean",
    description:
      "Instead sequences that fit an image, by CELL-Diff: with --model cell-diff-opencell and --sequence or --length",
  },
  sequence: {
    type: "string",
    valueHint: "residues",
    description: "With --generate: a sequence with <mask> where residues are wanted",
  },
  length: {
    type: "string",
    valueHint: "number",
    description: "With --generate: so many residues, all wanted",
  },
  stain: stainArg,
  strict: proteinArgs.strict,
  "allow-nucleotides": proteinArgs["allow-nucleotides"],
  ...imageArgs,
  cells: {
    type: "string",
    valueHint: "number",
    default: "4",
    description: "Cells that a protein is drawn in",
  },
  steps: {
    type: "string",
    valueHint: "number",
    default: String(generateDefaults.steps),
    description: "Sampling steps where a protein is drawn",
  },
  sampler: {
    type: "enum",
    options: [...samplerNames],
    default: generateDefaults.sampler,
    description: "Sampling method",
  },
  model: { ...modelArgs.model, description: "Model folder or release; shipped if absent" },
  output: {
    ...{ type: "string", alias: "o", valueHint: "folder" },
    description: "With --build the index; else a folder for ranks.csv, ranks.json and a contact sheet",
  },
} as const satisfies ArgsDef;

type RetrieveArguments = ParsedArgs<typeof retrieveArgs & typeof sharedArgs>;

export const retrieveCommand = defineCommand({
  name: "retrieve",
  description: "Find the proteins that look like an image, and the images that look like a protein",
  args: retrieveArgs,
  savesAtInterrupt: true,
  repeated: ["stain"],
  notes: [
    "A protein is compared by what the model draws of it; a file of an image folder belongs to the protein that its name",
    "begins with, up to the first _. The same command continues an index that was interrupted, and brings it up to date with its set. How much a rank says",
    "is measured on the index: each image is sought among its proteins, without the images of its own field.",
  ],
  examples: [
    "proteoscope retrieve --build images/ -o index",
    "proteoscope retrieve cell.ome.tif --index index",
    "proteoscope retrieve FBL --index index -o answers --json",
    "proteoscope retrieve cell.ome.tif --generate --model cell-diff-opencell --length 60 --top 3",
  ],
  async run(args, context) {
    if (args.generate) {
      const { printSequences } = await import("./retrieve-generate.ts");
      return printSequences(args, context);
    }
    if (args.build !== undefined) return buildCommand(args, args.build, context);
    if (args.query === undefined || args.index === undefined)
      throw new CommandError("give an image or a protein and --index, or --build and -o", exitCodes.usage);
    const top = parseInteger("top", args.top, { min: 1 });
    const found = await search(args, args.query, args.index, context);
    const { answers, scores, query } = found;
    const expected = placeOf(answers, args.expected ?? found.protein);
    const document = {
      ...{ query: query.id, kind: query.kind, answers: found.kind, count: answers.length },
      ...{ expected, chance: scores ?? null, ranking: answers.map(listAnswer) },
    };
    if (args.output !== undefined) await writeAnswers(args.output, document, found, args.query, context);
    if (args.json) printJson(context.stdout, { ...document, ranking: document.ranking.slice(0, top) });
    else printLines(context.stdout, ...describe(document, top));
    return exitCodes.ok;
  },
});

/** What draws a protein, and with which settings. */
function drawOptions(args: RetrieveArguments, signal: AbortSignal) {
  return {
    cells: parseInteger("cells", args.cells, { min: 1, max: 64 }),
    steps: parseInteger("steps", args.steps, { min: 1 }),
    sampler: args.sampler,
    seed: parseInteger("seed", args.seed),
    signal,
  };
}

const isSequenceFile = (word: string): boolean => /(^-$)|\.(fa|faa|fasta|fas|txt|pep)(\.gz)?$/i.test(word);
const isImage = (word: string): boolean => existsSync(word) && !isSequenceFile(word);

async function buildCommand(args: RetrieveArguments, set: string, context: CommandContext) {
  const { stdout, stderr } = context;
  const { output } = args;
  if (output === undefined || args.query !== undefined)
    throw new CommandError("--build takes a set and -o, the folder of the index", exitCodes.usage);
  const found = isImage(set) ? undefined : await readProteinArguments({ ...args, _: [set] }, context);
  if (found?.proteins.length === 0) throw new CommandError(`${set} holds no protein`, exitCodes.badData);
  const made = await makeIndex(args, { set, output, proteins: found?.proteins }, context);
  printLines(stderr, ...made.refused.map(({ id, reason }) => `proteoscope: ${id}: ${reason}`));
  const refused = [...listRefused(found?.refused ?? []), ...made.refused];
  const counts = { items: made.items.length, made: made.count, removed: made.removed };
  const proteins = new Set(made.items.flatMap(({ protein }) => protein ?? [])).size;
  if (args.json) printJson(stdout, { index: output, ...counts, proteins, refused });
  else {
    const gone = made.removed > 0 ? `; ${made.removed} of what has changed or is gone removed` : "";
    const held = `${counts.items} items of ${proteins} proteins in ${output}`;
    printLines(stdout, `${held}, ${counts.made} of them new${gone}`);
  }
  return refused.length > 0 ? exitCodes.badData : exitCodes.ok;
}

interface IndexRequest {
  readonly set: string;
  readonly output: string;
  /** Those of the set; undefined where it is of images. */
  readonly proteins: readonly NamedProtein[] | undefined;
}

/** Begins an index, or brings it up to date. */
async function makeIndex(
  args: RetrieveArguments,
  { set, output, proteins }: IndexRequest,
  { stderr, env, signal }: CommandContext,
) {
  const drawing = drawOptions(args, signal);
  const folder = await openModel(args.model, env);
  const progress = showProgress(stderr);
  const work = withRuntime(args.device, async (runtime) => {
    const index = await import("../retrieval-index.ts");
    const { openImageClassifier, readImageClassifier, readImagingConstants } = await import(
      "@proteoscope/microscope"
    );
    const { buildIndex } = await import("@proteoscope/microscope/experiments");
    const constants = await readImagingConstants(folder);
    const { signal: _, ...settings } = drawing;
    const opened = await index.openIndexFolder(output, {
      ...{ format: 1, set, classifier: await index.classifierDigest(folder) },
      ...(proteins && { settings }),
    });
    const sources =
      proteins === undefined
        ? await index.imageSources(set, constants, { ...parseImageArguments(args, signal), signal })
        : await index.proteinSources(runtime, folder, proteins, drawing);
    const network = await readImageClassifier(folder);
    const classifier = await openImageClassifier(runtime, network, constants.cropPixels);
    const { missing, removed } = await opened.update(sources);
    let count = 0;
    const refused: { readonly id: string; readonly reason: string }[] = [];
    for await (const part of buildIndex(classifier, missing, { signal, onProgress: progress.show })) {
      await opened.add(part.items);
      count += part.items.length;
      refused.push(...part.refused.map(({ id, error }) => ({ id, reason: describeFailure(error).message })));
    }
    return { items: opened.items(), count, removed, refused };
  });
  return work.finally(progress.close);
}

interface Found {
  readonly query: Pick<IndexItem, "id" | "kind" | "isSynthetic" | "thumbnail">;
  /** Name of the query's protein, where it is one. */
  readonly protein: string | undefined;
  readonly kind: "proteins" | "images";
  readonly answers: readonly RankedAnswer[];
  readonly scores: ReturnType<RetrievalIndex["scoreItself"]>;
}

async function search(
  args: RetrieveArguments,
  word: string,
  indexPath: string,
  context: CommandContext,
): Promise<Found> {
  const { env, signal } = context;
  const drawing = drawOptions(args, signal);
  const { classifierDigest, proteinSources, readIndexFolder, imageSources } = await import(
    "../retrieval-index.ts"
  );
  const { description, items } = await readIndexFolder(indexPath);
  const folder = await openModel(args.model, env);
  if ((await classifierDigest(folder)) !== description.classifier)
    throw new CommandError(
      `${indexPath} was made with another model's classifier: give --model`,
      exitCodes.usage,
    );
  if (items.length === 0) throw new CommandError(`${indexPath} holds no items`, exitCodes.badData);
  const ofImage = isImage(word);
  const named = { strict: true, model: args.model, allowNucleotides: args["allow-nucleotides"] === true };
  const proteins = ofImage ? [] : (await resolveProteins([word], context, named)).proteins;
  if (proteins.length > 1)
    throw new CommandError(`${word} holds several proteins: give one`, exitCodes.usage);
  const progress = showProgress(context.stderr);
  const work = withRuntime(args.device, async (runtime) => {
    const { openImageClassifier, readImageClassifier, readImagingConstants } = await import(
      "@proteoscope/microscope"
    );
    const { measureCells, openRetrievalIndex } = await import("@proteoscope/microscope/experiments");
    const constants = await readImagingConstants(folder);
    const network = await readImageClassifier(folder);
    const classifier = await openImageClassifier(runtime, network, constants.cropPixels);
    const index = openRetrievalIndex(items);
    const options = { ...parseImageArguments(args, signal), signal };
    const onStep = (done: number, total: number): void =>
      progress.show({ phase: "draw", unit: "steps", note: word, done, total });
    const sources = ofImage
      ? await imageSources(word, constants, options)
      : await proteinSources(runtime, folder, proteins, { ...drawing, onStep });
    const [source] = sources;
    if (new Set(sources.map(({ field }) => field)).size !== 1)
      throw new CommandError(`${word} holds several images: give one`, exitCodes.usage);
    const cells: Float32Array[] = [];
    for (const { read } of sources) cells.push(...(await read()));
    const { features, thumbnail } = await measureCells(classifier, cells, word);
    const kind: Found["kind"] = ofImage ? "proteins" : "images";
    const answers = ofImage ? index.rankProteins(features) : index.rankImages(features);
    if (answers.length === 0) throw new CommandError(`${indexPath} holds no ${kind}`, exitCodes.badData);
    return {
      ...{ kind, answers, scores: index.scoreItself() },
      query: { id: source!.id, kind: source!.kind, isSynthetic: source!.isSynthetic, thumbnail },
      protein: ofImage ? undefined : (source!.protein ?? undefined),
    };
  });
  return work.finally(progress.close);
}

/** The rank of the first right answer, and the rank that a random order gives it on average. */
function placeOf(answers: readonly RankedAnswer[], expected: string | undefined) {
  if (expected === undefined) return null;
  const right = answers.filter(({ protein }) => protein?.toUpperCase() === expected.toUpperCase());
  const chanceRank = right.length === 0 ? null : (answers.length + 1) / (right.length + 1);
  return { protein: expected, rank: right[0]?.rank ?? null, rightAnswers: right.length, chanceRank };
}

function listAnswer({ nearest, similarity, ...answer }: RankedAnswer) {
  return { ...answer, similarity: Number(similarity.toFixed(4)), nearest: nearest.id };
}

interface Answers {
  readonly query: string;
  readonly answers: string;
  readonly count: number;
  readonly expected: ReturnType<typeof placeOf>;
  readonly chance: ReturnType<RetrievalIndex["scoreItself"]> | null;
  readonly ranking: readonly ReturnType<typeof listAnswer>[];
}

function describe({ query, answers, count, expected, chance, ranking }: Answers, top: number): string[] {
  const rows = ranking.slice(0, top).map(({ rank, name, protein, similarity, items }) => {
    const of = protein !== null && protein !== name ? `  ${protein}` : "";
    return `${String(rank).padStart(5)}  ${similarity.toFixed(3).padStart(6)}  ${name}${of}${items > 1 ? ` (${items} items)` : ""}`;
  });
  const place =
    expected === null
      ? []
      : [
          expected.rank === null
            ? `${expected.protein} is not among them`
            : `${expected.protein}: rank ${expected.rank} of ${count}; a random order gives ${expected.chanceRank!.toFixed(1)} on average`,
        ];
  const recall = chance?.recall
    .filter(({ k }) => k <= chance.gallery)
    .map(
      ({ k, recall: found, chance: byChance }) => `@${k} ${found.toFixed(2)} (chance ${byChance.toFixed(2)})`,
    );
  const itself = chance
    ? [
        `this index finds its own proteins (${chance.queries} images, their fields left out): recall ${recall!.join(", ")}, median rank ${chance.medianRank} of ${chance.gallery} (chance ${chance.chanceMedianRank})`,
      ]
    : ["no protein of this index has items of two fields: how much a rank says cannot be measured on it"];
  return [`${answers} by similarity to ${query}:`, ...rows, ...place, ...itself];
}

async function writeAnswers(
  output: string,
  document: Answers,
  { query, answers }: Found,
  word: string,
  { signal }: CommandContext,
): Promise<void> {
  const { rgbPng } = await import("@proteoscope/microscope");
  const { drawContactSheet } = await import("@proteoscope/microscope/experiments");
  const columns = ["rank", "name", "protein", "similarity", "items", "nearest"];
  await withOutputFolder(
    output,
    async (folder) => {
      await folder.write("ranks.csv", writeCsv(document.ranking, columns));
      await folder.write("ranks.json", `${JSON.stringify(document, null, 2)}\n`);
      const sheet = drawContactSheet(query, answers.slice(0, 17));
      await folder.write("contact-sheet.png", rgbPng(sheet, { Software: "proteoscope" }));
    },
    { signal, inputs: [word] },
  );
}
