// Screens proteins: the compartments of each, and where it is wanted a picture. A record that cannot be encoded is refused
// by name and the others go on.
//
//     for await (const result of screenProteins(tools, inputs, { signal })) await folder.append(result);
//
// Proteins are encoded one by one, two at a time: one is prepared on this thread while another is computed. Batches take the
// same time per protein on a CPU (docs/experiments/screen.md), and alone a protein's numbers do not depend on its
// neighbours, so that a resumed or divided screen gives the same bytes.

import { ProteoscopeError } from "@proteoscope/formats";
import { encodeSheet } from "../generate/encode-files.ts";
import { generate } from "../generate/generate.ts";
import type { ChosenNucleus } from "../generate/nuclei.ts";
import type { GenerateRequest, GenerateSettings } from "../generate/request.ts";
import type { Microscope } from "../image/generate.ts";
import type { WorkOptions } from "../progress.ts";
import type { ProteinEncoder } from "../protein/encoder.ts";
import { localize } from "../protein/localize.ts";
import { sha256Hex } from "../sha256.ts";
import type { ScreenInput, ScreenPicture, ScreenRecord, ScreenResult } from "./records.ts";

/** What pictures are drawn with. */
export interface ScreenImages {
  readonly microscope: Microscope;
  /** The nucleus of every picture whose record has none of its own. */
  readonly nucleus: ChosenNucleus;
  readonly settings: Partial<GenerateSettings>;
  readonly software?: GenerateRequest["software"];
}

/** What a screen works with; without `images` it draws none. */
export interface ScreenTools {
  readonly encoder: ProteinEncoder;
  readonly images?: ScreenImages | undefined;
}

/**
 * Screens records in their order; no more than a few are held at a time, however many there are.
 * @throws CheckpointError where the model's weights give no numbers, the signal's reason when it is aborted.
 */
export async function* screenProteins(
  tools: ScreenTools,
  inputs: Iterable<ScreenInput> | AsyncIterable<ScreenInput>,
  { signal }: Pick<Partial<WorkOptions>, "signal"> = {},
): AsyncGenerator<ScreenResult, void, undefined> {
  const waiting: Promise<ScreenResult>[] = [];
  const atOnce = tools.images === undefined ? 2 : 1; // two pictures at once would exchange what the runtime caches
  for await (const input of inputs) {
    signal?.throwIfAborted();
    const work =
      input.refused === undefined ? screenRecord(tools, input.record, signal) : Promise.resolve(input);
    work.catch(() => undefined); // its failure is thrown where its turn comes
    waiting.push(work);
    if (waiting.length >= atOnce) yield await waiting.shift()!;
  }
  for (const work of waiting) yield await work;
}

/** Screens one record. @throws what `screenProteins` throws. */
export async function screenRecord(
  { encoder, images }: ScreenTools,
  record: ScreenRecord,
  signal?: AbortSignal,
): Promise<ScreenResult> {
  const { id, file, line } = record;
  try {
    const sequenceSha256 = await sha256Hex(record.sequence);
    const { value: localized } = await localize(encoder, [record], signal && { signal }).next();
    const picture = images && (await drawPicture(images, record, signal));
    return { done: { record: { id, file, line }, sequenceSha256, localized: localized!, picture } };
  } catch (error) {
    if (!(error instanceof ProteoscopeError) || error.field !== "sequence") throw error;
    return { refused: { id, file, line, reason: error.message } };
  }
}

async function drawPicture(
  { microscope, nucleus, settings, software }: ScreenImages,
  record: ScreenRecord,
  signal: AbortSignal | undefined,
): Promise<ScreenPicture> {
  const request = { proteins: [record], nuclei: [record.nucleus ?? nucleus], settings, software };
  const { value: cell } = await generate(microscope, request, signal && { signal }).next();
  const { images, height, width } = cell!.images;
  const area = height * width;
  const protein = new Float32Array(images.length / 2);
  for (let sample = 0; sample * area < protein.length; sample++)
    protein.set(images.subarray(2 * sample * area, (2 * sample + 1) * area), sample * area);
  return { png: encodeSheet(cell!), protein };
}
