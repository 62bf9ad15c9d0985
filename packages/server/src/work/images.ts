// Jobs and calls on images that are there: comparison of generated samples,
// and retrieval of proteins that look like a query.

import type { z } from "@hono/zod-openapi";
import { openImage, ProteoscopeError } from "@proteoscope/formats";
import { generateDefaults, rgbPng } from "@proteoscope/microscope";
import {
  type CardEntry,
  cellsOfImage,
  compare,
  drawComparisonCard,
  drawProteinCells,
  figuresOf,
  type ImagePair,
  type IndexItem,
  type MeasuredImage,
  measureCells,
  type RankedAnswer,
  readMeasuredImage,
} from "@proteoscope/microscope/experiments";
import type { CompareResult, RetrieveResult } from "../api.ts";
import type { retrieveRequest } from "../http/schemas/job-requests.ts";
import type { JobOutput, JobReporter } from "../jobs/run-job.ts";
import { notFound, problemOf } from "../problem.ts";
import { namedSequence } from "./generate.ts";
import { addressOf, floatsOf, keepComposite, nameOf } from "./stored-images.ts";
import type { WorkTools } from "./tools.ts";

/** An image that a job of compare is given: the server has looked up the sample. */
export interface ComparedImage {
  readonly name: string;
  readonly protein: string;
  readonly nucleus: string;
  readonly height: number;
  readonly width: number;
  readonly pixelSizeMicrons: number;
}

/** Does a job of compare: every image beside the first. */
export async function compareJob(
  tools: WorkTools,
  images: readonly ComparedImage[],
  { onProgress }: JobReporter,
  signal: AbortSignal,
): Promise<JobOutput> {
  const { model } = tools.microscope;
  const using = {
    classifier: await tools.classifier(),
    labels: model.classifier.config.labels,
    constants: model.constants,
  };
  const read = async ({ protein, nucleus, ...size }: ComparedImage): Promise<MeasuredImage> => ({
    ...size,
    protein: floatsOf(await tools.files.read(nameOf(protein))),
    nucleus: floatsOf(await tools.files.read(nameOf(nucleus))),
    isSynthetic: true,
  });
  const [first, ...others] = images;
  const asked = others.map(
    (other): ImagePair => ({
      name: `${first!.name}, ${other.name}`,
      readA: () => read(first!),
      readB: () => read(other),
    }),
  );
  const pairs: CompareResult["pairs"] = [];
  const entries: CardEntry[] = [];
  for await (const result of compare(using, asked, { signal, onProgress })) {
    const { name, comparison, error } = result;
    const figures = comparison === undefined ? {} : figuresOf(comparison);
    const refused = comparison === undefined ? problemOf(error).detail : null;
    pairs.push({ name, a: 0, b: pairs.length + 1, figures, refused });
    if (result.comparison !== undefined) entries.push(result);
  }
  const png = rgbPng(drawComparisonCard(entries), { Software: "proteoscope" });
  const card = addressOf(await tools.files.put(png, "png"));
  return { result: { card, pairs } satisfies CompareResult, thumbnail: card };
}

/** Does a job of retrieve: images of the index that look like what the model generates of a protein. */
export async function retrieveJob(
  tools: WorkTools,
  request: z.infer<typeof retrieveRequest>,
  { onProgress }: JobReporter,
  signal: AbortSignal,
): Promise<JobOutput> {
  const index = await openIndex(tools);
  const protein = namedSequence(request.protein);
  const { cells: count, seed, steps = generateDefaults.steps, sampler = generateDefaults.sampler } = request;
  const onStep = (done: number, total: number) =>
    onProgress({ phase: "generate", done, total, unit: "steps", note: protein.id });
  const options = { cells: count, seed, steps, sampler, signal, onStep };
  const cells = await drawProteinCells(tools.microscope, tools.library, protein, options);
  const { features } = await measureCells(await tools.classifier(), cells, protein.id);
  const result = await describeAnswers(tools, {
    ...{ query: protein.id, answers: "images", ranked: index.rankImages(features), top: request.top },
    scores: index.scoreItself() ?? null,
  });
  return { result, thumbnail: result.ranking[0]?.thumbnail };
}

/** The proteins whose images look like those of a stored file. @throws ProteoscopeError naming the field that helps. */
export async function retrieveImage(
  tools: WorkTools,
  { file, name, ...options }: RetrievedImage,
): Promise<RetrieveResult> {
  const index = await openIndex(tools);
  const stack = await openImage(await tools.files.read(file), { name });
  const image = await readMeasuredImage(stack, options);
  const cells = cellsOfImage(image, tools.microscope.model.constants).map(({ planes }) => planes);
  const { features } = await measureCells(await tools.classifier(), cells, name);
  return describeAnswers(tools, {
    ...{ query: name, answers: "proteins", ranked: index.rankProteins(features), top: 50 },
    scores: index.scoreItself() ?? null,
  });
}

/** A file, and which of its channels are which. */
export interface RetrievedImage {
  readonly file: string;
  readonly name: string;
  readonly proteinChannel?: string | undefined;
  readonly nucleusChannel?: string | undefined;
  readonly pixelSizeMicrons?: number | undefined;
  readonly scaling?: "range" | "percentiles" | undefined;
}

async function openIndex(tools: WorkTools) {
  const index = await tools.index();
  if (index !== undefined) return index;
  throw notFound(
    "this server has no index of images: make one with `proteoscope retrieve --build` and start it with --index",
  );
}

interface Answers extends Pick<RetrieveResult, "query" | "answers"> {
  readonly ranked: readonly RankedAnswer[];
  readonly scores: unknown;
  readonly top: number;
}

async function describeAnswers(
  tools: WorkTools,
  { query, answers, ranked, scores, top }: Answers,
): Promise<RetrieveResult> {
  const ranking = [];
  for (const { rank, name, protein, similarity, items, nearest } of ranked.slice(0, top))
    ranking.push({ rank, name, protein, similarity, items, thumbnail: await keepThumbnail(tools, nearest) });
  return { query, answers, count: ranked.length, ranking, scores: scores as RetrieveResult["scores"] };
}

async function keepThumbnail(tools: WorkTools, { thumbnail }: IndexItem): Promise<string> {
  const area = thumbnail.length / 2;
  const side = Math.sqrt(area);
  if (!Number.isInteger(side)) throw new ProteoscopeError("a damaged index", { kind: "failure" });
  const plane = (index: number) =>
    Float32Array.from(thumbnail.subarray(index * area, (index + 1) * area), (value) => value / 255);
  return keepComposite(tools, { protein: plane(0), nucleus: plane(1) }, { height: side, width: side });
}
