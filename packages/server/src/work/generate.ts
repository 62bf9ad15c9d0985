// A job of generate: the cells of every protein around every nucleus, with their files. A protein that the model refuses does
// not end the others.

import type { z } from "@hono/zod-openapi";
import { FormatError } from "@proteoscope/formats";
import { cellFootprint, sampleAgreement } from "@proteoscope/imaging";
import {
  explainCell,
  type GeneratedCell,
  type GenerateSettings,
  generate,
  generateDefaults,
  type NamedSequence,
  uniqueFileNames,
} from "@proteoscope/microscope";
import { SequenceError } from "@proteoscope/models";
import type { Cell, Preview } from "../api.ts";
import type { generateRequest } from "../http/schemas/job-requests.ts";
import type { JobOutput, JobReporter } from "../jobs/run-job.ts";
import { problemOf } from "../problem.ts";
import type { IdentifiedNucleus } from "./choose-nuclei.ts";
import { addressOf, keepComposite, keepPlane } from "./stored-images.ts";
import type { WorkTools } from "./tools.ts";

type Request = z.infer<typeof generateRequest>;

/** Steps between two previews: few in a short job, whose first preview would come near its end. */
function previewEvery(steps: number): number {
  return Math.min(5, Math.ceil(steps / 8));
}

/** The settings that a request gives, in place of defaults. */
export function settingsOf(
  {
    samples,
    steps,
    sampler,
    guidance,
    seed,
  }: Partial<{ [Name in keyof GenerateSettings]: GenerateSettings[Name] | undefined }>,
  defaults: GenerateSettings,
): GenerateSettings {
  return {
    samples: samples ?? defaults.samples,
    steps: steps ?? defaults.steps,
    sampler: sampler ?? defaults.sampler,
    guidance: guidance ?? defaults.guidance,
    seed: seed ?? defaults.seed,
  };
}

/** The protein of a request, whose names the server has resolved. */
export function namedSequence(protein: Request["proteins"][number]): NamedSequence {
  if (!("sequence" in protein)) throw new Error(`the name ${protein.name} is not resolved`);
  return { ...protein, source: "page" };
}

/** Does the job. @throws SequenceError or FormatError where every protein is refused. */
export async function generateJob(
  tools: WorkTools,
  request: Request,
  reporter: JobReporter,
  signal: AbortSignal,
): Promise<JobOutput> {
  const settings = settingsOf(request, generateDefaults);
  const nuclei = await tools.nuclei(request.nuclei, signal);
  const proteins = request.proteins.map(namedSequence);
  const fileNames = uniqueFileNames(proteins.map(({ id }) => id));
  const cells: Cell[] = [];
  const refused: { protein: string; reason: string }[] = [];
  let firstError: unknown;
  for (const [place, protein] of proteins.entries()) {
    const before = place * nuclei.length;
    const onPreview = previewer(tools, { settings, before, protein: protein.id, nuclei }, reporter);
    const shared = { settings, context: contextOf(request), software: tools.software };
    const one = { ...shared, proteins: [{ ...protein, fileName: fileNames[place] }], nuclei };
    const onProgress: JobReporter["onProgress"] = ({ done, total, ...event }) =>
      reporter.onProgress({ ...event, done: place * total + done, total: proteins.length * total });
    const callbacks = { signal, onProgress, onPreview, previewEvery: previewEvery(settings.steps) };
    try {
      let index = 0;
      for await (const cell of generate(tools.microscope, one, callbacks))
        cells.push(await keepCell(tools, cell, nuclei[index++]!));
    } catch (error) {
      if (!(error instanceof SequenceError || error instanceof FormatError)) throw error;
      firstError ??= error;
      refused.push({ protein: protein.id, reason: problemOf(error).detail });
    }
  }
  if (cells.length === 0) throw firstError;
  const [first] = cells;
  return { result: { cells, refused }, thumbnail: first!.samples[first!.medoid]!.composite };
}

function contextOf({ cellLine, expression }: Request) {
  return { cellLine, expression };
}

interface Previewed {
  readonly settings: GenerateSettings;
  /** Number of cells before this protein's. */
  readonly before: number;
  readonly protein: string;
  readonly nuclei: readonly IdentifiedNucleus[];
}

function previewer(tools: WorkTools, { before, protein, nuclei }: Previewed, { onPreview }: JobReporter) {
  return async (preview: {
    cell: number;
    sample: number;
    step: number;
    steps: number;
    image: Float32Array;
    height: number;
    width: number;
  }) => {
    const { cell, sample, step, steps, image, ...size } = preview;
    const planes = { protein: image.subarray(0, image.length / 2), nucleus: nuclei[cell]!.nucleus };
    const address = await keepComposite(tools, planes, size);
    const shown: Preview = { protein, cell: before + cell, sample, step, steps, image: address };
    onPreview(shown);
  };
}

/** Keeps the files of a cell; returns the cell as clients see it. */
async function keepCell(
  tools: WorkTools,
  { name, images, nucleus, pixelSizeMicrons, provenance }: GeneratedCell,
  { id, distance }: IdentifiedNucleus,
): Promise<Cell> {
  const { height, width, classified, medoid, agreement } = images;
  const area = height * width;
  const plane = (index: number) => images.images.slice(index * area, (index + 1) * area);
  const targets = provenance.compartments.targetPerSample;
  const samples: Cell["samples"] = [];
  for (const [sample, probabilities] of classified.entries()) {
    const protein = plane(2 * sample);
    samples.push({
      protein: await keepPlane(tools, protein),
      generatedNucleus: await keepPlane(tools, plane(2 * sample + 1)),
      composite: await keepComposite(tools, { protein, nucleus }, { height, width }),
      ...{ classified: probabilities, target: targets?.[sample] ?? null },
    });
  }
  const { standardDeviation } = sampleAgreement(
    samples.map((_, sample) => plane(2 * sample)),
    cellFootprint(distance),
  );
  const { predicted, posterior, target } = provenance.compartments;
  const json = new TextEncoder().encode(`${JSON.stringify(provenance, null, 2)}\n`);
  return {
    ...{ name, protein: provenance.protein.id, nucleusId: id, seed: provenance.settings.seed },
    ...{ height, width, pixelSizeMicrons, samples, medoid, agreement },
    nucleus: await keepPlane(tools, nucleus),
    agreementMap: samples.length > 1 ? await keepPlane(tools, standardDeviation) : null,
    compartments: { classified: images.compartments, predicted, posterior, target },
    sentences: explainCell(provenance).map(([label, text]) => `${label}: ${text}`),
    provenance: addressOf(await tools.files.put(json, "json")),
  };
}
