// Recorded crops of a compartment, to be shown beside generated images: of different proteins, the best first. What has no
// licence may not be shown, and what was averaged or simulated was not recorded.

import { type Crop, isRealCell } from "../atlas/records.ts";
import { readDescription } from "./description.ts";
import { openSetPixels } from "./pixels.ts";
import { readSetCrops } from "./records.ts";

/** A recorded crop with what must stand beside it. */
export interface RealCrop {
  /** Uint8 [height, width], 255 = 1. */
  readonly protein: Uint8Array;
  readonly nucleus: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly pixelSizeMicrons: number;
  /** Gene or protein; null where it is not known. */
  readonly gene: string | null;
  readonly compartments: readonly string[];
  readonly cellLine: string | null;
  /** The field of view that it was cut from. */
  readonly field: string;
  readonly source: string;
  readonly licence: string;
}

/** The recorded crops of a data set. */
export interface RealCrops {
  /** Name of the data set. */
  readonly name: string;
  /** Crops whose main compartment it is, at most one per protein while there are others, and how many there are in all. */
  find(
    compartment: string,
    count: number,
  ): Promise<{ readonly total: number; readonly crops: readonly RealCrop[] }>;
}

/** Opens the recorded crops of a data set. @throws FormatError where the folder holds none. */
export async function openRealCrops(folder: string): Promise<RealCrops> {
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
