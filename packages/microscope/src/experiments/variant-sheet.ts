// The picture of a comparison: a row per nucleus with the wild type, then each variant and its difference from the wild type,
// on the same nucleus and from the same noise. In a difference green is more protein and magenta less.

import {
  addScaleBar,
  composite,
  compositeCell,
  enlargeImage,
  layerColours,
  markSynthetic,
  type RgbImage,
  type Tile,
  tileImages,
} from "@proteoscope/imaging";
import type { CellChoice } from "./cell-images.ts";
import type { MutateResult } from "./mutate.ts";

const enlargement = 2;

/** Draws the first sample around each nucleus. */
export function variantSheet(
  { wildType, variants }: MutateResult,
  { nuclei, settings }: CellChoice,
): RgbImage {
  const side = Math.sqrt(nuclei[0]!.nucleus.length);
  const size = { height: side, width: side };
  const area = side * side;
  const proteinOf = (images: Float32Array, nucleus: number) => {
    const image = nucleus * settings.samples;
    return images.subarray(2 * image * area, (2 * image + 1) * area);
  };
  const rows = nuclei.map(({ nucleus, pixelSizeMicrons }, index): Tile[] => {
    const before = proteinOf(wildType.images, index);
    const tile = (image: RgbImage, label: string): Tile => ({
      image: addScaleBar(markSynthetic(enlargeImage(image, enlargement)), {
        pixelSizeMicrons: pixelSizeMicrons / enlargement,
      }),
      ...(index === 0 && { label }),
    });
    const others = variants.flatMap(({ name, images }) => {
      const after = proteinOf(images, index);
      return [
        tile(compositeCell({ nucleus, protein: after }, size), name),
        tile(differenceOf(before, after, size), `${name} - wild type`),
      ];
    });
    return [tile(compositeCell({ nucleus, protein: before }, size), "wild type"), ...others];
  });
  return tileImages(rows);
}

/** Green where there is more after, magenta where there is less. */
function differenceOf(
  before: Float32Array,
  after: Float32Array,
  size: { height: number; width: number },
): RgbImage {
  const difference = after.map((value, pixel) => value - before[pixel]!);
  return composite(
    [
      { plane: difference, colour: layerColours.green },
      { plane: difference.map((value) => -value), colour: layerColours.magenta },
    ],
    size,
  );
}
