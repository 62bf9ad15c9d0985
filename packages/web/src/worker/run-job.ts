// One job of the page: the use case of microscope that it names, with its
// nuclei, and what it gives put into a stored result.

import { cellFootprint, sampleAgreement } from "@proteoscope/imaging";
import {
  type ChosenNucleus,
  type GeneratedImages,
  generate,
  type NamedSequence,
} from "@proteoscope/microscope";
import type { MutateResult, ScanMode } from "@proteoscope/microscope/experiments";
import type { JobRequest, Protein } from "../api/types.ts";
import type { JobHooks } from "./job-queue.ts";
import type { Laboratory } from "./laboratory.ts";
import type { StoredCell, StoredResult } from "./stored-result.ts";

/** What a running job is given and reports to. */
export interface JobContext extends JobHooks {
  readonly laboratory: Laboratory;
  /** The nucleus of an id. @throws ProteoscopeError (not found). */
  readonly nucleus: (id: string) => Promise<ChosenNucleus>;
}

/** Previews of one image: each of them is decoded. */
const mostPreviews = 30;

/** Runs a job to its end. @throws what the use case throws, the signal's reason when it is aborted. */
export function runJob(request: JobRequest, context: JobContext): Promise<StoredResult> {
  switch (request.kind) {
    case "generate":
      return runGenerate(request, context);
    case "mutate":
      return runMutate(request, context);
    case "scan":
      return runScan(request, context);
  }
}

type RequestOf<K extends JobRequest["kind"]> = Extract<JobRequest, { kind: K }>;

const named = ({ id, description, sequence }: Protein): NamedSequence => ({
  id,
  description,
  sequence,
  source: "page",
});

async function runGenerate(request: RequestOf<"generate">, context: JobContext): Promise<StoredResult> {
  const { proteins, nuclei: ids, settings } = request;
  const nuclei = await Promise.all(ids.map((id) => context.nucleus(id)));
  // Each nucleus has a label of its own, so that the files of two cells never have one name.
  const labelled = nuclei.map((nucleus, index) => ({
    ...nucleus,
    label: nuclei.length === 1 ? "" : `nucleus${index}`,
  }));
  const microscope = await context.laboratory.microscope();
  const cells: StoredCell[] = [];
  const work = generate(
    microscope,
    { proteins: proteins.map(named), nuclei: labelled, settings, software: { proteoscope: "page" } },
    {
      ...{
        signal: context.signal,
        onProgress: context.onProgress,
        previewEvery: Math.ceil(settings.steps / mostPreviews),
      },
      onPreview: ({ cell, sample, step, steps, image, width, height }) => {
        if (sample !== 0) return;
        const { nucleus, pixelSizeMicrons } = labelled[cell % labelled.length]!;
        const protein = image.slice(0, width * height);
        const planes = { width, height, pixelSizeMicrometers: pixelSizeMicrons, nucleus, protein };
        context.onPreview({ step, steps, picture: null, planes });
      },
    },
  );
  for await (const generated of work) {
    const { images, nucleus, pixelSizeMicrons } = generated;
    const index = cells.length;
    cells.push({
      protein: proteins[Math.floor(index / nuclei.length)]!,
      variant: null,
      nucleusId: ids[index % nuclei.length]!,
      seed: settings.seed,
      ...{ nucleus, pixelSizeMicrons, ...imagesOf(images), generated },
    });
  }
  return { cells };
}

function imagesOf({ images, height, width, classified, compartments, agreement, medoid }: GeneratedImages) {
  return { images, height, width, classified, compartments, agreement, medoid };
}

async function runMutate(request: RequestOf<"mutate">, context: JobContext): Promise<StoredResult> {
  const { mutate, parseVariant } = await import("@proteoscope/microscope/experiments");
  const { protein, settings, draws, nuclei: ids } = request;
  const variants = request.variants.map((form) => parseVariant(form, protein));
  const nuclei = await Promise.all(ids.map((id) => context.nucleus(id)));
  const cells = { nuclei, settings };
  const networks = await context.laboratory.experiments();
  const { seed } = settings;
  const work = mutate(
    networks,
    { protein: named(protein), variants, draws, seed, cells },
    { signal: context.signal, onProgress: context.onProgress },
  );
  for await (const step of work) {
    if (!("result" in step)) continue;
    const { wildType, ...mutated } = step.result;
    const compared = [
      { variant: null, of: protein, images: wildType },
      ...mutated.variants.map((images, index) => ({
        variant: images.name,
        of: { ...protein, sequence: variants[index]!.sequence },
        images,
      })),
    ];
    const stored = compared.flatMap(({ variant, of, images }) =>
      ids.map((nucleusId, index) =>
        comparedCell({ variant, protein: of, nucleusId, seed: seed + index }, images, nuclei, index),
      ),
    );
    return { cells: stored, mutate: mutated };
  }
  throw new Error("the comparison ended without a result");
}

/** The images of one nucleus out of those of all; the classifier's figures are means over all nuclei. */
function comparedCell(
  named: Pick<StoredCell, "variant" | "protein" | "nucleusId" | "seed">,
  { images, classified }: MutateResult["wildType"] | MutateResult["variants"][number],
  nuclei: readonly ChosenNucleus[],
  index: number,
): StoredCell {
  const { nucleus, distance, pixelSizeMicrons } = nuclei[index]!;
  const side = Math.sqrt(nucleus.length);
  const length = images.length / nuclei.length;
  const own = images.slice(index * length, (index + 1) * length);
  const area = nucleus.length;
  const planes = Array.from({ length: length / (2 * area) }, (_, sample) =>
    own.subarray(2 * sample * area, (2 * sample + 1) * area),
  );
  const { reliability, medoid } = sampleAgreement(planes, cellFootprint(distance));
  const compartments = Object.fromEntries(Object.entries(classified).map(([name, { mean }]) => [name, mean]));
  return {
    ...named,
    ...{ nucleus, pixelSizeMicrons, images: own, height: side, width: side, classified: [], compartments },
    ...{ agreement: reliability, medoid },
  };
}

async function runScan(request: RequestOf<"scan">, context: JobContext): Promise<StoredResult> {
  const { scan, windowVariant } = await import("@proteoscope/microscope/experiments");
  const { protein, mode, window, stride, draws, seed } = request;
  const networks = await context.laboratory.experiments();
  const work = scan(
    { predictor: networks.predictor },
    {
      ...{
        protein: named(protein),
        mode: mode as ScanMode,
        windowResidues: window,
        strideResidues: stride,
        seed,
      },
      ...(draws === null ? {} : { draws }),
    },
    { signal: context.signal, onProgress: context.onProgress },
  );
  for await (const step of work) {
    if (!("result" in step)) continue;
    const windows = step.result.windows.map((window) => ({
      ...{ ...window, variant: windowVariant(window, step.result.mode) },
    }));
    return { cells: [], scan: { ...step.result, windows } };
  }
  throw new Error("the scan ended without a result");
}
