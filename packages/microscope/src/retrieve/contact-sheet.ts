// The contact sheet of a retrieval: the query, then the first answers with their rank, name and similarity, each by the item
// that is nearest to the query.

import {
  compositeCell,
  enlargeImage,
  markSynthetic,
  type RgbImage,
  type Tile,
  tileImages,
} from "@proteoscope/imaging";
import { type IndexItem, thumbnailSide } from "./index-file.ts";
import type { RankedAnswer } from "./retrieve.ts";

const columns = 6;
const scale = 2;

/** Draws the sheet. Synthetic items are marked. */
export function drawContactSheet(
  query: Pick<IndexItem, "id" | "isSynthetic" | "thumbnail">,
  answers: readonly RankedAnswer[],
): RgbImage {
  const tiles: Tile[] = [
    { image: pictureOf(query), label: `? ${query.id}` },
    ...answers.map(({ rank, name, similarity, nearest }) => ({
      image: pictureOf(nearest),
      label: `${rank} ${name} ${similarity.toFixed(2)}`,
    })),
  ];
  const rows = Array.from({ length: Math.ceil(tiles.length / columns) }, (_, row) =>
    tiles.slice(row * columns, (row + 1) * columns),
  );
  return tileImages(rows);
}

function pictureOf({ isSynthetic, thumbnail }: Pick<IndexItem, "isSynthetic" | "thumbnail">): RgbImage {
  const area = thumbnailSide ** 2;
  const plane = (channel: number) =>
    Float32Array.from(thumbnail.subarray(channel * area, (channel + 1) * area), (value) => value / 255);
  const size = { height: thumbnailSide, width: thumbnailSide };
  const picture = enlargeImage(compositeCell({ protein: plane(0), nucleus: plane(1) }, size), scale);
  return isSynthetic ? markSynthetic(picture) : picture;
}
