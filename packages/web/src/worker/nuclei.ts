// Nuclei for the page: those of the model's library, those found in an uploaded image, and masks that were painted. The page
// sees their pixels; the signed distance, which the model is given, stays here with them.
import { ImageSelectionError, openImage } from "@proteoscope/formats";
import { NucleusError, type NucleusLibrary, nuclearDistance } from "@proteoscope/imaging";
import {
  type ChosenNucleus,
  chooseWholeNuclei,
  fieldOfImage,
  type ImagingConstants,
  nucleusOfLibrary,
} from "@proteoscope/microscope";
import type { NucleusChoice, UploadedImage, UploadOptions } from "../api/types.ts";
import { borderOf } from "./borders.ts";

/** A nucleus as it is stored: what the page shows, and what the model is given. */
export interface StoredNucleus {
  readonly choice: NucleusChoice;
  readonly nucleus: ChosenNucleus;
}

/** Every nucleus of the library. */
export function libraryChoices(library: NucleusLibrary): NucleusChoice[] {
  return Array.from({ length: library.count }, (_, index) => {
    const { nucleus } = nucleusOfLibrary(library, index);
    return choiceOf(
      `library:${index}`,
      `Nucleus ${index}`,
      nucleus,
      library.height,
      library.pixelSizeMicrons,
    );
  });
}

/** The nucleus of an id of the library. */
export function libraryNucleus(library: NucleusLibrary, id: string): ChosenNucleus {
  return nucleusOfLibrary(library, Number(id.slice("library:".length)));
}

function choiceOf(
  id: string,
  title: string,
  plane: Float32Array,
  side: number,
  pixelSizeMicrometers: number,
): NucleusChoice {
  return { id, title, width: side, height: side, pixelSizeMicrometers, plane: { data: plane } };
}

/** Most nuclei of one image that the page offers; each is a crop in memory. */
const mostOffered = 60;

/** Reads an image of nuclei: its channels, and the nuclei where nothing is left to ask. */
export async function readUpload(
  name: string,
  bytes: Uint8Array,
  options: UploadOptions,
  constants: ImagingConstants,
): Promise<{ readonly image: UploadedImage; readonly stored: readonly StoredNucleus[] }> {
  const stack = await openImage(bytes, { name });
  const sha256 = await hexOf(bytes);
  const channels = Array.from({ length: stack.sizeC }, (_, index) => ({
    index,
    name: stack.channelNames[index] ?? `channel ${index}`,
  }));
  const described = {
    name,
    channels,
    channel: options.channel ?? (stack.sizeC === 1 ? 0 : null),
    bitDepth: stack.bitDepth,
    pixelSizeMicrometers: stack.pixelSizeMicrons ?? null,
  };
  try {
    const field = await fieldOfImage(stack, { image: name, sha256: () => sha256 }, constants, {
      nucleusChannel: options.channel,
      pixelSizeMicrons: options.pixelSizeMicrometers,
    });
    const chosen = chooseWholeNuclei(field, mostOffered);
    const stored = chosen.map((nucleus, index) => ({
      nucleus,
      choice: choiceOf(
        `upload:${sha256.slice(0, 16)}:${index}`,
        `${name}, nucleus ${index}`,
        nucleus.nucleus,
        constants.cropPixels,
        nucleus.pixelSizeMicrons,
      ),
    }));
    const { stain, segmentation, fieldSize } = field.field;
    const borders = borderOf({ ...fieldSize, labels: segmentation.labels });
    const shown = { ...fieldSize, stain, borders };
    return {
      image: { ...described, question: null, field: shown, nuclei: stored.map(({ choice }) => choice) },
      stored,
    };
  } catch (error) {
    if (!(error instanceof NucleusError || error instanceof ImageSelectionError)) throw error;
    return { image: { ...described, question: error.message, field: null, nuclei: [] }, stored: [] };
  }
}

/** A painted mask [side, side] as a nucleus: an even stain inside. @throws RangeError for a mask of another size or an empty one. */
export async function readPainted(
  mask: Uint8Array,
  width: number,
  height: number,
  { cropPixels, pixelSizeMicrons }: ImagingConstants,
): Promise<{ readonly image: UploadedImage; readonly stored: readonly StoredNucleus[] }> {
  if (width !== cropPixels || height !== cropPixels)
    throw new RangeError(
      `a painted nucleus has ${cropPixels} x ${cropPixels} pixels, not ${width} x ${height}`,
    );
  const inside = Uint8Array.from(mask, (value) => (value === 0 ? 0 : 1));
  if (!inside.includes(1)) throw new RangeError("nothing is painted: draw a nucleus first");
  const sha256 = await hexOf(inside);
  const stain = Float32Array.from(inside, (value) => 0.6 * value);
  const nucleus: ChosenNucleus = {
    label: "",
    nucleus: stain,
    distance: nuclearDistance(inside, { height, width }),
    pixelSizeMicrons,
    origin: { painted: true, sha256 },
  };
  const choice = choiceOf(
    `upload:${sha256.slice(0, 16)}:0`,
    "Painted nucleus",
    stain,
    cropPixels,
    pixelSizeMicrons,
  );
  const image: UploadedImage = {
    name: "painted",
    channels: [{ index: 0, name: "painted" }],
    channel: 0,
    bitDepth: 1,
    pixelSizeMicrometers: pixelSizeMicrons,
    question: null,
    field: { width, height, stain, borders: borderOf({ width, height, labels: Int32Array.from(inside) }) },
    nuclei: [choice],
  };
  return { image, stored: [{ choice, nucleus }] };
}

async function hexOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
