// Pictures of proteins by CELL-Diff: around each nucleus, on what ER and microtubules show where the weights take them. The
// language model and the keys and values of a sequence are computed once; a sequence of another length opens the network anew.
//
//     for await (const cell of generateWithCellDiff(runtime, model, request, { signal, onProgress, onEstimate })) save(cell);

import { createGenerator, float32, type NdArray, type Runtime } from "@proteoscope/engine";
import { ProteoscopeError } from "@proteoscope/formats";
import {
  type CellDiffStepper,
  cellDiffCondition,
  cellDiffSchedule,
  cellDiffStains,
  decodeCellDiff,
  denoiseCellDiff,
  encodeCellDiff,
  openStagedCellDiff,
  tokenizeCellDiff,
} from "@proteoscope/models/released";
import { uniqueFileNames } from "../generate/file-names.ts";
import type { ChosenNucleus } from "../generate/nuclei.ts";
import type { NamedSequence } from "../generate/request.ts";
import type { WorkOptions } from "../progress.ts";
import { sha256Hex } from "../sha256.ts";
import { estimateSeconds, measureSpeed } from "./estimate.ts";
import { type CellDiffModel, cellDiffPixelSize, cellDiffPixels, readPlaceholder } from "./model.ts";

/** The proteins and cells to draw, and how. */
export interface CellDiffRequest {
  readonly proteins: readonly NamedSequence[];
  /** Crops of `cellDiffConstants`, with the further stains that there are. */
  readonly nuclei: readonly ChosenNucleus[];
  readonly settings: CellDiffSettings;
  readonly software?: Readonly<Record<string, string>> | undefined;
}

/** How pictures are drawn. */
export interface CellDiffSettings {
  /** Pictures per protein and nucleus. */
  readonly samples: number;
  /** Steps of DDIM with a constant stride: 10, 20, 40, 50, 100 (as released) or 200. */
  readonly steps: number;
  readonly seed: number;
}

/** The record of a picture. Plain JSON. */
export interface CellDiffProvenance {
  readonly schema: 1;
  readonly synthetic: true;
  readonly software: Readonly<Record<string, string>>;
  readonly model: {
    readonly name: string;
    readonly weights: string;
    readonly sha256: Readonly<Record<string, string>>;
  };
  readonly protein: { readonly id: string; readonly residues: number; readonly sha256: string };
  readonly nucleus: ChosenNucleus["origin"];
  readonly stains: { readonly given: readonly string[]; readonly missing: readonly string[] };
  readonly settings: CellDiffSettings & { readonly sampler: "ddim" };
  readonly noise: string;
}

/** The pictures of one protein around one nucleus. */
export interface CellDiffCell {
  /** Begins every file name. */
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly pixelSizeMicrons: number;
  /** The protein in [0, 1] for each sample, [H, W]. */
  readonly proteins: readonly Float32Array[];
  /** The input nucleus in [0, 1], [H, W]. */
  readonly nucleus: Float32Array;
  readonly provenance: CellDiffProvenance;
}

/** What is going to be done, before it begins. */
export interface CellDiffEstimate {
  readonly pictures: number;
  readonly steps: number;
  readonly seconds: number;
  /** Operations per second of this machine, which the estimate is made from. */
  readonly speed: number;
}

/** How the work is watched and ended. */
export interface CellDiffWorkOptions extends Partial<WorkOptions> {
  readonly onEstimate?: (estimate: CellDiffEstimate) => void;
  /** Bytes of weights that are compiled together. */
  readonly groupBytes?: number;
}

const latentFactor = 4;

/**
 * Draws the pictures of a request, cell by cell.
 * @throws ProteoscopeError (usage, field `steps`) for a number of steps that no stride gives, (data) for a sequence that is too
 * long, SequenceError for a letter that the model does not know, the signal's reason when it is aborted.
 */
export async function* generateWithCellDiff(
  runtime: Runtime,
  model: CellDiffModel,
  request: CellDiffRequest,
  options: CellDiffWorkOptions = {},
): AsyncGenerator<CellDiffCell, void, undefined> {
  const { proteins, nuclei, settings, software = {} } = request;
  const { signal } = options;
  const tokens = proteins.map((protein) => tokensOf(protein, model));
  checkSteps(settings.steps);
  await estimate(runtime, request, tokens, options);
  signal?.throwIfAborted();
  const conditions: NdArray[] = [];
  for (const [index, nucleus] of nuclei.entries())
    conditions.push(await encodeStains(runtime, model, nucleus, settings.seed + index));
  const fileNames = uniqueFileNames(proteins.map(({ id, fileName }) => fileName ?? id));
  const steps = countSteps(request, options);
  let open: { readonly tokens: number; readonly stepper: CellDiffStepper } | undefined;
  try {
    for (const [index, protein] of proteins.entries()) {
      const ids = tokens[index]!;
      if (open?.tokens !== ids.length) {
        await open?.stepper.close();
        const stepper = await openStepper(runtime, model, ids.length, protein.id, options);
        open = { tokens: ids.length, stepper };
      }
      await open.stepper.readSequence(ids);
      for (const [cell, nucleus] of nuclei.entries()) {
        const proteinPlanes: Float32Array[] = [];
        for (let sample = 0; sample < settings.samples; sample += 1) {
          const latent = await denoiseCellDiff(open.stepper, {
            ...{ cell: conditions[cell]!, noise: noiseOf(model, "start", settings.seed + cell, sample) },
            ...{ respacing: `ddim${settings.steps}`, onStep: () => steps.next(protein.id) },
            ...(signal && { signal }),
          });
          const picture = await decodeCellDiff(runtime, model.autoencoder, latent);
          proteinPlanes.push(picture.data as Float32Array);
        }
        yield {
          name: nucleus.label === "" ? fileNames[index]! : `${fileNames[index]}_${nucleus.label}`,
          ...{ height: cellDiffPixels, width: cellDiffPixels, pixelSizeMicrons: cellDiffPixelSize(model) },
          ...{ proteins: proteinPlanes, nucleus: nucleus.nucleus },
          provenance: await describe(model, { software, protein, nucleus, settings }),
        };
      }
    }
  } finally {
    await open?.stepper.close();
  }
}

/** Measures this machine, and says how long the request will take on it. */
async function estimate(
  runtime: Runtime,
  { proteins, nuclei, settings: { samples, steps } }: CellDiffRequest,
  tokens: readonly (readonly number[])[],
  { onEstimate }: CellDiffWorkOptions,
): Promise<void> {
  if (onEstimate === undefined) return;
  const speed = await measureSpeed(runtime);
  const pictures = nuclei.length * samples;
  const seconds = tokens
    .map(({ length }) => estimateSeconds({ tokens: length, pictures, steps }, speed))
    .reduce((sum, value) => sum + value, 0);
  onEstimate({ pictures: pictures * proteins.length, steps, seconds, speed });
}

/** Counts the steps of a request and reports each. */
function countSteps({ proteins, nuclei, settings }: CellDiffRequest, { onProgress }: CellDiffWorkOptions) {
  const total = proteins.length * nuclei.length * settings.samples * settings.steps;
  let done = 0;
  return {
    next(note: string): void {
      done += 1;
      onProgress?.({ phase: "generate", unit: "steps", done, total, note });
    },
  };
}

function tokensOf({ id, sequence }: NamedSequence, { name, network }: CellDiffModel): number[] {
  const tokens = tokenizeCellDiff(sequence);
  const { maxTokens } = network.config;
  if (tokens.length <= maxTokens) return tokens;
  throw new ProteoscopeError(
    `${id}: ${sequence.length} residues, ${name} reads ${maxTokens - 2} at most: give a part of it`,
    { kind: "data" },
  );
}

function checkSteps(steps: number): void {
  try {
    cellDiffSchedule(`ddim${steps}`);
  } catch (cause) {
    throw new ProteoscopeError((cause as Error).message, { kind: "usage", field: "steps", cause });
  }
}

function openStepper(
  runtime: Runtime,
  { network }: CellDiffModel,
  tokens: number,
  note: string,
  { signal, onProgress, groupBytes }: CellDiffWorkOptions,
): Promise<CellDiffStepper> {
  const side = cellDiffPixels / latentFactor;
  return openStagedCellDiff(runtime, network, {
    ...{ tokens, height: side, width: side, signal, groupBytes },
    onGroup: (done, total) => onProgress?.({ phase: "read weights", unit: "parts", done, total, note }),
  });
}

/** The latents of the stains of a cell; the posterior of each is sampled, as in the training. */
export async function encodeStains(
  runtime: Runtime,
  model: CellDiffModel,
  { nucleus, stains }: Pick<ChosenNucleus, "nucleus" | "stains">,
  seed: number,
): Promise<NdArray> {
  const { numStains } = model.network.config;
  const latents: (NdArray | undefined)[] = [];
  for (const [index, stain] of cellDiffStains.slice(0, numStains).entries()) {
    const plane = stain === "nucleus" ? nucleus : stains?.[stain];
    latents.push(plane && (await encodePicture(runtime, model, plane, { seed, index })));
  }
  const weights = await readPlaceholder(model);
  return cellDiffCondition({ config: model.network.config, weights }, latents);
}

/** Latents of one picture in [0, 1], [H, W]. */
export async function encodePicture(
  runtime: Runtime,
  model: CellDiffModel,
  plane: Float32Array,
  { seed, index }: { readonly seed: number; readonly index: number },
): Promise<NdArray> {
  const picture = float32(
    [1, 1, cellDiffPixels, cellDiffPixels],
    plane.map((value) => 2 * value - 1),
  );
  return encodeCellDiff(runtime, model.autoencoder, picture, noiseOf(model, "stain", seed, index));
}

function noiseOf(
  { network }: CellDiffModel,
  purpose: "start" | "stain",
  seed: number,
  index: number,
): NdArray {
  const side = cellDiffPixels / latentFactor;
  const { latentChannels } = network.config;
  const numbers = createGenerator(seed, `cell-diff ${purpose}`, index).normal(latentChannels * side * side);
  return float32([1, latentChannels, side, side], numbers);
}

async function describe(
  { name, network, sha256 }: CellDiffModel,
  {
    software,
    protein,
    nucleus,
    settings,
  }: Required<Pick<CellDiffRequest, "settings">> & {
    readonly software: Readonly<Record<string, string>>;
    readonly protein: NamedSequence;
    readonly nucleus: ChosenNucleus;
  },
): Promise<CellDiffProvenance> {
  const taken = cellDiffStains.slice(0, network.config.numStains);
  const isGiven = (stain: (typeof cellDiffStains)[number]): boolean =>
    stain === "nucleus" || nucleus.stains?.[stain] !== undefined;
  return {
    ...{ schema: 1, synthetic: true, software },
    model: { name, weights: network.path, sha256 },
    protein: {
      id: protein.id,
      residues: protein.sequence.length,
      sha256: await sha256Hex(protein.sequence),
    },
    nucleus: nucleus.origin,
    stains: { given: taken.filter(isGiven), missing: taken.filter((stain) => !isGiven(stain)) },
    settings: { ...settings, sampler: "ddim" },
    noise:
      "normal numbers of the seed plus the number of the nucleus, by purpose: of the start by sample, of each stain's latents by its place",
  };
}
