// Further stains of a field as conditions of a generation: the planes of ER and microtubules that belong to a picture of
// nuclei, brought to the model's pixel size and cut around each nucleus as the nucleus itself is.

import { type ImageStack, ProteoscopeError, selectPlane, type ZPolicy } from "@proteoscope/formats";
import { percentiles, resamplePlane } from "@proteoscope/imaging";
import type { FurtherStain } from "@proteoscope/models";
import type { NucleusField } from "./nuclei.ts";

/** A picture of one stain, of the same field as the picture of nuclei. */
export interface StainImage {
  readonly stain: FurtherStain;
  readonly stack: ImageStack;
  /** Number from 0, or name; needed where the picture has several channels. */
  readonly channel?: number | string | undefined;
  /** Plane of z: "sharpest" (default), "maximum" or its number from 0. */
  readonly z?: ZPolicy | undefined;
  /** Time point, from 0 (default). */
  readonly time?: number | undefined;
  /** Where the picture comes from, for the provenance. */
  readonly origin: Readonly<Record<string, unknown>>;
}

/** Percentiles of a field that become 0 and 1, as those of the protein in the training images. */
const limitRanks = [1, 99.8];

/**
 * The field with its further stains. @throws ProteoscopeError (data, field `stains`) for a picture of another size, an empty
 * one, or a plane that is not there.
 */
export async function addStains(
  field: NucleusField,
  images: readonly StainImage[],
  signal?: AbortSignal,
): Promise<NucleusField> {
  if (images.length === 0) return field;
  const planes: Partial<Record<FurtherStain, Float32Array>> = {};
  const origin: Record<string, unknown> = {};
  for (const { stain, stack, channel, z, time, origin: source } of images) {
    const { values } = await selectPlane(stack, { channel, z, time, signal }).catch((cause: unknown) => {
      if ((cause as Error).name !== "ImageSelectionError") throw cause;
      throw refuse(stain, `cannot be read: ${(cause as Error).message}`, cause);
    });
    const { height, width } = field.sourceSize;
    if (stack.height !== height || stack.width !== width)
      throw refuse(
        stain,
        `is ${stack.width}x${stack.height} pixels, the picture of nuclei ${width}x${height}: give pictures of one field`,
      );
    const { plane, low, high } = scaleStain(stain, resamplePlane(values, stack, field.field.fieldSize));
    planes[stain] = plane;
    origin[stain] = { ...source, intensityLimits: { low, high } };
  }
  return { ...field, stains: planes, origin: { ...field.origin, stains: origin } };
}

function scaleStain(stain: FurtherStain, values: Float32Array) {
  if (!values.every(Number.isFinite)) throw refuse(stain, "has values that are no numbers");
  const [low, high] = percentiles(values, limitRanks) as [number, number];
  if (!(high > low)) throw refuse(stain, `is empty: its values are all about ${low}`);
  const plane = values.map((value) => Math.min(1, Math.max(0, (value - low) / (high - low))));
  return { plane, low, high };
}

function refuse(stain: FurtherStain, fault: string, cause?: unknown): ProteoscopeError {
  return new ProteoscopeError(`the stain ${stain} ${fault}`, { kind: "data", field: "stains", cause });
}
