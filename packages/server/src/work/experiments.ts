// Jobs of mutate and scan: variants of a protein beside the wild type,
// and every window of it changed.

import type { z } from "@hono/zod-openapi";
import { readNpy } from "@proteoscope/formats";
import { renderFigure } from "@proteoscope/imaging";
import { type GenerateSettings, rgbPng } from "@proteoscope/microscope";
import {
  type CellChoice,
  type ComparedProtein,
  heatStrip,
  mutate,
  parseVariant,
  scan,
  variantSheet,
  windowVariant,
} from "@proteoscope/microscope/experiments";
import type { MutateResult, ScanResult } from "../api.ts";
import type { mutateRequest, scanRequest } from "../http/schemas/job-requests.ts";
import type { JobOutput, JobReporter } from "../jobs/run-job.ts";
import type { IdentifiedNucleus } from "./choose-nuclei.ts";
import { namedSequence, settingsOf } from "./generate.ts";
import { addressOf, keepComposite, keepPlane } from "./stored-images.ts";
import type { WorkTools } from "./tools.ts";

/** Defaults of experiments, which compare many images: fewer steps, of a sampler that needs fewer. */
export const experimentDefaults: GenerateSettings = {
  ...{ samples: 4, steps: 15, sampler: "dpm++", guidance: 3, seed: 0 },
};

const text = { Software: "proteoscope", synthetic: "true" };

/** Does a job of mutate. @throws ProteoscopeError (field `variants`). */
export async function mutateJob(
  tools: WorkTools,
  request: z.infer<typeof mutateRequest>,
  { onProgress, onPreview }: JobReporter,
  signal: AbortSignal,
): Promise<JobOutput> {
  const protein = namedSequence(request.protein);
  const variants = request.variants.map((form) => parseVariant(form, protein));
  const settings = settingsOf(request, experimentDefaults);
  const nuclei = await tools.nuclei(request.nuclei, signal);
  const networks = { predictor: await tools.predictor(), imager: await tools.imager() };
  const { draws } = request;
  const asked = { protein, variants, draws, seed: settings.seed, cells: { nuclei, settings } };
  const sides = tools.microscope.model.constants.cropPixels;
  const size = { height: sides, width: sides };
  let drawn = 0;
  for await (const step of mutate(networks, asked, { signal, onProgress })) {
    if ("result" in step) {
      const keep = (compared: ComparedProtein) => keepImages(tools, compared.images, asked.cells, size);
      const { wildType, variants: compared, omitted, wildTypeAnnotation, protein: of } = step.result;
      const kept = [];
      for (const [place, { images, ...variant }] of compared.entries())
        kept.push({
          ...variant,
          sequence: variants[place]!.sequence,
          images: await keep({ ...variant, images }),
        });
      const { width, height, data } = variantSheet(step.result, asked.cells);
      const result: MutateResult = {
        ...{ protein: of, known: wildTypeAnnotation as MutateResult["known"], omitted },
        ...{ ...size, pixelSizeMicrons: nuclei[0]!.pixelSizeMicrons },
        nuclei: await Promise.all(
          nuclei.map(async ({ id, nucleus }) => ({ id, nucleus: await keepPlane(tools, nucleus) })),
        ),
        wildType: { ...wildType, images: await keep(wildType) } as MutateResult["wildType"],
        variants: kept as MutateResult["variants"],
        sheet: addressOf(await tools.files.put(rgbPng({ width, height, data }, text), "png")),
      };
      return { result, thumbnail: result.wildType.images[0]!.composite };
    }
    if (!step.part.name.startsWith("images-")) continue;
    // The first image of each sequence is shown when it is there.
    const planes = readNpy(step.part.data).data as Float32Array;
    const first = { protein: planes.slice(0, sides * sides), nucleus: nuclei[0]!.nucleus };
    const image = await keepComposite(tools, first, size);
    const name = drawn === 0 ? protein.id : `${protein.id} ${variants[drawn - 1]!.name}`;
    const shown = {
      protein: name,
      cell: drawn,
      sample: 0,
      step: settings.steps,
      steps: settings.steps,
      image,
    };
    onPreview(shown);
    drawn++;
  }
  throw new Error("an experiment ends with a result");
}

/** Keeps the images of a sequence, [nuclei * samples, 2, H, W]. */
async function keepImages(
  tools: WorkTools,
  images: Float32Array,
  {
    nuclei,
    settings: { samples, seed },
  }: { readonly nuclei: readonly IdentifiedNucleus[] } & Pick<CellChoice, "settings">,
  size: { readonly height: number; readonly width: number },
): Promise<MutateResult["wildType"]["images"]> {
  const area = size.height * size.width;
  const kept: MutateResult["wildType"]["images"] = [];
  for (const [place, { id, nucleus }] of nuclei.entries())
    for (let sample = 0; sample < samples; sample++) {
      const image = place * samples + sample;
      const protein = images.slice(2 * image * area, (2 * image + 1) * area);
      kept.push({
        ...{ nucleusId: id, sample, seed: seed + place },
        protein: await keepPlane(tools, protein),
        composite: await keepComposite(tools, { protein, nucleus }, size),
      });
    }
  return kept;
}

/** Does a job of scan. @throws ProteoscopeError (field `windowResidues`). */
export async function scanJob(
  tools: WorkTools,
  request: z.infer<typeof scanRequest>,
  { onProgress }: JobReporter,
  signal: AbortSignal,
): Promise<JobOutput> {
  const { images, draws, ...plain } = request;
  const protein = namedSequence(request.protein);
  const cells = images && {
    settings: settingsOf(images, { ...experimentDefaults, seed: request.seed }),
    nuclei: await tools.nuclei(images.nuclei, signal),
    draws: images.draws,
  };
  const predictor = await tools.predictor();
  const imager = cells && (await tools.imager());
  const asked = { ...plain, protein, draws, images: cells };
  for await (const step of scan({ predictor, imager }, asked, { signal, onProgress })) {
    if (!("result" in step)) continue;
    const { wildTypeAnnotation, imageNull, model: _, windows, ...rest } = step.result;
    const strip = rgbPng(renderFigure(heatStrip(step.result, [])), { Software: "proteoscope" });
    const result: ScanResult = {
      ...rest,
      omitted: rest.omitted,
      known: wildTypeAnnotation as ScanResult["known"],
      imageNull: imageNull ?? null,
      windows: windows.map(
        (window) =>
          ({
            ...window,
            variant: windowVariant(window, rest.mode),
            images: window.images ?? null,
          }) as ScanResult["windows"][number],
      ),
      strip: addressOf(await tools.files.put(strip, "png")),
    };
    return { result, thumbnail: result.strip };
  }
  throw new Error("an experiment ends with a result");
}
