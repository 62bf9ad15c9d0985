// The real crops of an atlas as a set of images: of each the field that it is of, its compartment, and whether networks learned
// from it.

import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import { labelOfCompartment } from "../../data/atlas/label-class.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import type { CellPlanes } from "../judges/cell-features.ts";
import { judgedClassOf } from "../judges/judged-classes.ts";
import type { EvaluationData } from "../sets.ts";
import type { ImageSet, SetImage } from "./image-set.ts";

/** Real crops of an atlas, in the order of the table; `decode` changes their two channels, as an autoencoder does. */
export function atlasImages(
  name: string,
  crops: readonly Crop[],
  { unseenCrops }: Pick<EvaluationData, "unseenCrops">,
  pixels: CropPixels,
  decode?: (image: Float32Array) => Promise<Float32Array>,
): ImageSet {
  const unseen = new Set(unseenCrops);
  return {
    ...{ name, count: crops.length, list: () => crops.map(namesOf) },
    async *read() {
      for (const crop of crops) {
        const { data, height: side } = await pixels.read(crop.index);
        const shown =
          decode === undefined ? data : withChannels(await decode(data.slice(0, 2 * side * side)), data);
        yield imageOf(crop, planesOf(shown, side), unseen.has(crop));
      }
    },
  };
}

function namesOf({ index, uniprot, fieldOfView }: Crop): Pick<SetImage, "id" | "protein"> {
  return { id: `crop ${index}`, protein: uniprot ?? fieldOfView };
}

function imageOf(crop: Crop, planes: CellPlanes, isUnseen: boolean): SetImage {
  return {
    ...{ ...namesOf(crop), field: crop.fieldOfView, planes },
    label: labelOfCompartment(crop.primary),
    real: { judgedClass: judgedClassOf(crop), isUnseen },
  };
}

/** The planes of an image [3, N, N]. */
export function planesOf(image: Float32Array, side: number): CellPlanes {
  const plane = (channel: number) => image.subarray(channel * side * side, (channel + 1) * side * side);
  return { side, protein: plane(0), nucleus: plane(1), distance: plane(2) };
}

/** An image [2, N, N] with the nuclear distance of another [3, N, N]. */
export function withChannels(image: Float32Array, other: Float32Array): Float32Array {
  const whole = other.slice();
  whole.set(image);
  return whole;
}
