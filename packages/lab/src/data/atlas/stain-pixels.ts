// The further stains of an atlas: stains_u8.npy uint8 [N, H, W, 2] = ER, microtubules of the crops of crops_u8.npy, in their
// order. A stain that was not taken, or does not show what it should, is a plane of zeros. Most atlases have no such file.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { FormatError } from "@proteoscope/formats";
import { type FurtherStain, furtherStains } from "@proteoscope/models";
import { type CropPixels, openPixelRows } from "./crop-pixels.ts";

/** Pictures of the further stains of crops. */
export interface StainPixels {
  /** A stain of one crop, [H, W] in [0, 1]; undefined where it is missing. @throws FormatError */
  read(index: number, stain: FurtherStain): Promise<Float32Array | undefined>;
}

const fileName = "stains_u8.npy";

/** Opens the further stains of an atlas. @throws FormatError where there are none, or not one row per crop of that size */
export async function openStainPixels(
  folder: string,
  { count, height, width }: Pick<CropPixels, "count" | "height" | "width">,
): Promise<StainPixels> {
  const path = join(folder, fileName);
  if (!existsSync(path))
    throw new FormatError("atlas", `${folder} has no ${fileName}`, {
      hint: "train without model.stains, or give an atlas with them",
    });
  const depth = furtherStains.length;
  const rows = await openPixelRows(path, depth);
  if (rows.count !== count || rows.height !== height || rows.width !== width)
    throw new FormatError(
      "atlas",
      `${fileName} has ${rows.count} rows of ${rows.height}x${rows.width}, the crops are ${count} of ${height}x${width}`,
    );
  return {
    async read(index, stain) {
      if (index >= count) return undefined; // a simulated cell
      const at = furtherStains.indexOf(stain);
      const bytes = await rows.read(index);
      const picture = Float32Array.from({ length: height * width }, (_, i) => bytes[i * depth + at]! / 255);
      return picture.some((value) => value > 0) ? picture : undefined;
    },
  };
}
