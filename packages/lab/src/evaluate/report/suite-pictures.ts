// The pictures of the suite: pairs around one nucleus in the order in which they were measured, which nobody chose, and the
// images behind the points of the UMAP, side by side in one picture.

import { writePng } from "@proteoscope/formats";
import {
  blankImage,
  compositeCell,
  enlargeImage,
  markSynthetic,
  pasteImage,
  type RgbImage,
  resamplePlane,
} from "@proteoscope/imaging";
import type { CellPlanes } from "../judges/cell-features.ts";
import type { ImagePair } from "../suite/image-set.ts";
import type { SuiteResults } from "../suite/results.ts";
import type { SuiteInput } from "../suite/suite.ts";
import { planesOfPoints } from "../suite/umap-figure.ts";
import type { Picture } from "./pictures.ts";

/** One pair: the real image, the generated one, and another protein's around the same nucleus where there is one. */
export interface PairPictures {
  readonly protein: string;
  readonly pictures: readonly Picture[];
}

/** The images of the points of the UMAP: tiles of one side in rows, in the order of the points. */
export interface PointSheet {
  readonly png: Uint8Array;
  readonly tileSide: number;
  readonly columns: number;
}

export interface SuitePictures {
  readonly pairs: readonly PairPictures[];
  readonly points: PointSheet | undefined;
}

const mostPairs = 12;
const scale = 2;

/** Keeps pictures of the first pairs. */
export function openPairPictures() {
  const pairs: PairPictures[] = [];
  return {
    pairs,
    add({ id, protein, real, generated, bounds, isSeen }: ImagePair): void {
      if (pairs.filter((one) => one.protein === protein).length > 0 || pairs.length >= mostPairs) return;
      const seen = isSeen === undefined ? "" : isSeen ? ", seen" : ", unseen";
      const shown = Object.entries(bounds).filter(([name]) => name === "another protein");
      pairs.push({
        protein,
        pictures: [
          { caption: `real: ${protein}, ${id}`, png: pngOf(enlarged(real)) },
          { caption: `generated: ${protein}${seen}`, png: pngOf(markSynthetic(enlarged(generated))) },
          ...shown.map(([name, planes]) => ({
            ...{ caption: `generated: ${name}`, png: pngOf(markSynthetic(enlarged(planes))) },
          })),
        ],
      });
    },
  };
}

const tileSide = 48;
const columns = 25;

/** Reads the images of the UMAP's points again and draws them. */
export async function drawSuitePictures(
  { umap }: Pick<SuiteResults, "umap">,
  { real, subjects }: Pick<SuiteInput, "real" | "subjects">,
  { pairs }: Pick<SuitePictures, "pairs">,
): Promise<SuitePictures> {
  if (umap === null) return { pairs, points: undefined };
  const planes = await planesOfPoints(umap, { real, generated: subjects[0]!.images });
  const rows = Math.ceil(umap.points.length / columns);
  const sheet = blankImage(columns * tileSide, rows * tileSide, [0, 0, 0]);
  for (const [index, { subject, id }] of umap.points.entries()) {
    const image = planes.get(`${subject} ${id}`);
    if (image === undefined) continue;
    const at = { x: (index % columns) * tileSide, y: Math.floor(index / columns) * tileSide };
    pasteImage(sheet, reduced(image), at);
  }
  return { pairs, points: { png: pngOf(sheet), tileSide, columns } };
}

function enlarged({ protein, nucleus, side }: CellPlanes): RgbImage {
  return enlargeImage(compositeCell({ protein, nucleus }, { height: side, width: side }), scale);
}

function reduced({ protein, nucleus, side }: CellPlanes): RgbImage {
  const [from, to] = [
    { height: side, width: side },
    { height: tileSide, width: tileSide },
  ];
  return compositeCell(
    { protein: resamplePlane(protein, from, to), nucleus: resamplePlane(nucleus, from, to) },
    to,
  );
}

function pngOf({ width, height, data }: RgbImage): Uint8Array {
  return writePng({ width, height, channels: 3, depth: 8, data });
}
