// An uploaded image of nuclei: what it holds, the nuclei that are found in it, and pictures of both, before anything is
// generated. What was asked and found is kept as a file whose digest is the id of the image.

import { FormatError, type ImageStack, openImage, writePng } from "@proteoscope/formats";
import { NucleusError } from "@proteoscope/imaging";
import { fieldOfImage, type NucleusField } from "@proteoscope/microscope";
import type { ImageAxes, UploadedNuclei } from "../api.ts";
import { ProblemError, problemOf, RefusedError } from "../problem.ts";
import { addressOf } from "./stored-images.ts";
import { describeUpload, type StoredUpload, uploadOptions } from "./stored-upload.ts";
import type { WorkTools } from "./tools.ts";

/** More than any field that is segmented at once; planes are read one by one. */
const mostPixels = 100_000_000;

/** Reads the nuclei of a stored file. @throws ProblemError with what the image holds, where a choice is missing. */
export async function readUpload(
  tools: WorkTools,
  { file, name, options }: Pick<StoredUpload, "file" | "name" | "options">,
): Promise<UploadedNuclei> {
  const stack = await openImage(await tools.files.read(file), { name, series: options.nucleusSeries });
  const axes = describeAxes(stack);
  if (stack.width * stack.height > mostPixels)
    throw new RefusedError(
      `${stack.width} x ${stack.height} pixels, and ${mostPixels / 1e6} million are read at most`,
      { status: 413, kind: "limit", field: "pixels" },
    );
  try {
    const origin = { image: name, sha256: () => file.slice(0, 64) };
    const field = await fieldOfImage(stack, origin, tools.microscope.model.constants, uploadOptions(options));
    const found = { name, axes, choice: field.choice ?? null, ...(await describeField(tools, field)) };
    const stored: StoredUpload = { file, name, options, found };
    const kept = await tools.files.put(new TextEncoder().encode(JSON.stringify(stored)), "json");
    return describeUpload(kept.slice(0, 64), stored);
  } catch (error) {
    if (!(error instanceof NucleusError || error instanceof FormatError)) throw error;
    throw new ProblemError({ ...problemOf(error), image: axes });
  }
}

function describeAxes(stack: ImageStack): ImageAxes {
  const { width, height, sizeC, sizeZ, sizeT, series, bitDepth, channelNames, pixelSizeMicrons } = stack;
  return {
    ...{ width, height, bitDepth, planesOfZ: sizeZ, times: sizeT, images: series.count },
    channels: Array.from({ length: Math.min(sizeC, 64) }, (_, index) => ({
      index,
      name: channelNames[index]?.slice(0, 100) ?? null,
    })),
    pixelSizeMicrons: pixelSizeMicrons ?? null,
  };
}

async function describeField({ files }: WorkTools, { field, nuclei, wholeNuclei, origin }: NucleusField) {
  const { stain, fieldSize, pixelSizeMicrons, segmentation } = field;
  const grey = Uint8Array.from(stain, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  const picture = writePng({ ...fieldSize, channels: 1, depth: 8, data: grey });
  const outlines = writePng({
    ...{ ...fieldSize, channels: 4, depth: 8 },
    data: drawOutlines(segmentation.labels, fieldSize.width),
  });
  return {
    ...{ ...fieldSize, pixelSizeMicrons },
    sourcePixelSizeMicrons: origin.sourcePixelSizeMicrons as number,
    preview: addressOf(await files.put(picture, "png")),
    outlines: addressOf(await files.put(outlines, "png")),
    nuclei: nuclei.map(({ centre, areaPixels }, index) => ({
      ...{ index, x: centre.x, y: centre.y },
      areaSquareMicrons: areaPixels * pixelSizeMicrons ** 2,
      whole: index < wholeNuclei,
    })),
  };
}

/** White where a pixel has another label than its right or lower neighbour, [H, W, 4]. */
function drawOutlines(labels: Int32Array, width: number): Uint8Array {
  const picture = new Uint8Array(4 * labels.length);
  for (let i = 0; i < labels.length; i++) {
    const right = (i + 1) % width === 0 ? labels[i] : labels[i + 1];
    const below = labels[i + width] ?? labels[i];
    if (labels[i] !== right || labels[i] !== below) picture.fill(255, 4 * i, 4 * i + 4);
  }
  return picture;
}
