// Recorded crops of a compartment, to be shown beside generated images: of different proteins, the best first. What has no
// licence may not be shown, and what was averaged or simulated was not recorded.

import type { RealCrop, RealCropSource } from "@proteoscope/microscope";
import { type Crop, isRealCell } from "../atlas/records.ts";
import { readDescription } from "./description.ts";
import { openSetPixels } from "./pixels.ts";
import { readSetCrops } from "./records.ts";

/** Opens the recorded crops of a data set. @throws FormatError where the folder holds none. */
export async function openRealCrops(folder: string): Promise<RealCropSource> {
  const { name, pixelSizeMicrons } = await readDescription(folder);
  const pixels = await openSetPixels(folder, false);
  const { crops } = await readSetCrops(folder);
  const shown = crops.filter((crop) => isRealCell(crop) && crop.hasDnaStain && crop.licence.trim() !== "");
  const load = async ({ index, gene, labels, cellLine, fieldOfView, ...crop }: Crop): Promise<RealCrop> => {
    const { data, height, width } = await pixels.read(index);
    const plane = (channel: number) =>
      Uint8Array.from(data.subarray(channel * height * width, (channel + 1) * height * width), (value) =>
        Math.round(255 * value),
      );
    return {
      ...{ protein: plane(0), nucleus: plane(1), height, width, pixelSizeMicrons },
      ...{ gene: gene ?? null, cellLine: cellLine ?? null, field: fieldOfView },
      compartments: labels.map((label) => label.name),
      ...{ source: crop.source, licence: crop.licence },
    };
  };
  return {
    name,
    async find(compartment, count) {
      const own = shown.filter(({ primary }) => primary === compartment);
      return { total: own.length, crops: await Promise.all(spread(own).slice(0, count).map(load)) };
    },
  };
}

/** The best crop of every protein, then the second best, and so on. */
function spread(crops: readonly Crop[]): Crop[] {
  const rank = ({ quality, labelConsistency }: Crop) => quality * labelConsistency;
  const turns = new Map<string, number>();
  return [...crops]
    .sort((a, b) => rank(b) - rank(a) || a.index - b.index)
    .map((crop) => {
      const protein = crop.gene ?? crop.fieldOfView;
      const turn = turns.get(protein) ?? 0;
      turns.set(protein, turn + 1);
      return { crop, turn };
    })
    .sort((a, b) => a.turn - b.turn)
    .map(({ crop }) => crop);
}
