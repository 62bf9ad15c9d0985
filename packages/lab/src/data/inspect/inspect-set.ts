// `data inspect`: what a data set holds, in counts, histograms and pictures, as plain data and as files: inspect.html,
// histograms.png, contact-sheet.png and counts.json.

import { createGenerator } from "@proteoscope/engine";
import { writePng } from "@proteoscope/formats";
import { compositeCell, renderFigure, type Tile, tileImages } from "@proteoscope/imaging";
import type { WorkOptions } from "@proteoscope/microscope";
import { placeCompartment, unknownCompartment } from "../atlas/compartments.ts";
import { type Crop, simulatedSource } from "../atlas/records.ts";
import { readDescription } from "../dataset/description.ts";
import { type CropStore, openCropStore } from "../dataset/pixels.ts";
import { readSetCrops, readSetProteins } from "../dataset/records.ts";
import { drawHistograms, type Histogram, histogramOf } from "./histogram.ts";
import { pageOf } from "./inspect-page.ts";
import type { SetCounts } from "./set-counts.ts";

/** Counts, histograms and files of a set. */
export interface Inspection {
  readonly counts: SetCounts;
  readonly histograms: readonly Histogram[];
  readonly files: ReadonlyMap<string, Uint8Array | string>;
}

const sampledCrops = 512;
const sheetColumns = 8;
const mostRows = 40;

/** Looks at a set; intensities are of a sample of crops by the seed. @throws FormatError, the signal's reason. */
export async function inspectDataSet(
  folder: string,
  { seed, signal, onProgress }: { readonly seed: number } & WorkOptions,
): Promise<Inspection> {
  const description = await readDescription(folder);
  const store = await openCropStore(folder);
  const { crops, excludedCount } = await readSetCrops(folder);
  const proteins = await readSetProteins(folder, "proteins");
  const shown = new Set(crops.flatMap(({ uniprot }) => uniprot ?? []));
  const counts: SetCounts = {
    ...{
      name: description.name,
      licence: description.licence,
      pixelSizeMicrons: description.pixelSizeMicrons,
    },
    ...{ channels: store.channels, side: store.width, crops: crops.length, excluded: excludedCount },
    fields: new Set(crops.map(({ fieldOfView }) => fieldOfView)).size,
    ...{ proteinsWithImages: shown.size, proteinsWithSequence: proteins.length, split: description.split },
    cropsBySplit: countBy(crops, ({ split }) => split),
    cropsByCompartment: countBy(crops, ({ primary }) => primary),
    cropsByCellLine: countBy(crops, ({ cellLine }) => cellLine ?? "not said"),
    cropsBySource: countBy(crops, ({ source }) => source),
  };
  const order = shuffled(crops, seed);
  const histograms = [
    histogramOf(
      "crops per protein",
      Object.values(countBy(crops, ({ uniprot }) => uniprot ?? "unknown")),
      "crops",
    ),
    histogramOf("crops per field", Object.values(countBy(crops, ({ fieldOfView }) => fieldOfView)), "crops"),
    histogramOf(
      "quality",
      crops.map(({ quality }) => quality),
      "of 1",
    ),
    ...(await sampleHistograms(store, order.slice(0, sampledCrops), description.pixelSizeMicrons, {
      signal,
      onProgress,
    })),
  ];
  const sheet = await drawContactSheet(store, order);
  const charts = drawHistograms(histograms);
  const { width, height, data } = renderFigure(charts);
  return {
    ...{ counts, histograms },
    files: new Map<string, Uint8Array | string>([
      ["contact-sheet.png", sheet],
      ["histograms.png", writePng({ width, height, channels: 3, depth: 8, data })],
      ["counts.json", `${JSON.stringify({ ...counts, histograms }, null, 2)}\n`],
      ["inspect.html", pageOf(counts, charts, sheet)],
    ]),
  };
}

/** The contact sheet of a set, of crops that the seed chooses. @throws FormatError */
export async function drawSetSheet(folder: string, seed: number): Promise<Uint8Array> {
  const { crops } = await readSetCrops(folder);
  return drawContactSheet(await openCropStore(folder), shuffled(crops, seed));
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const order = createGenerator(seed, "inspect").shuffle(items.length);
  return Array.from(order, (at) => items[at]!);
}

/** Counts of a word over items, the most frequent first. */
function countBy<T>(items: readonly T[], wordOf: (item: T) => string): Record<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(wordOf(item), (counts.get(wordOf(item)) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
}

/** Mean intensity of each channel and share of nucleus, over a sample of crops. */
async function sampleHistograms(
  store: CropStore,
  crops: readonly Crop[],
  pixelSizeMicrons: number,
  { signal, onProgress }: WorkOptions,
): Promise<Histogram[]> {
  const plane = store.height * store.width;
  const means = store.channels.map((): number[] => []);
  for (const [done, { index }] of crops.entries()) {
    signal.throwIfAborted();
    const planes = await store.read(index);
    for (const [at, list] of means.entries()) {
      let sum = 0;
      for (let pixel = at * plane; pixel < (at + 1) * plane; pixel++) sum += planes[pixel]!;
      list.push(sum / plane / store.maximum);
    }
    onProgress?.({ phase: "inspect", done: done + 1, total: crops.length, unit: "crops" });
  }
  return store.channels.map((channel, at) =>
    channel === "nuclear_mask"
      ? histogramOf(
          "nuclear area",
          means[at]!.map((share) => share * plane * pixelSizeMicrons ** 2),
          "um2 per crop",
        )
      : histogramOf(`mean ${channel}`, means[at]!, "of 1"),
  );
}

/**
 * A PNG with one row per compartment, or per field where no compartment is known, protein green and nucleus blue; crops are
 * taken in their order.
 */
async function drawContactSheet(store: CropStore, crops: readonly Crop[]): Promise<Uint8Array> {
  const rows = new Map<string, Crop[]>();
  for (const crop of crops) {
    const name =
      crop.primary === unknownCompartment
        ? `field ${crop.fieldOfView}`
        : (placeCompartment(crop.primary) ?? crop.primary);
    if (!rows.has(name) && rows.size === mostRows) continue;
    const row = rows.get(name) ?? [];
    rows.set(name, row);
    if (row.length < sheetColumns) row.push(crop);
  }
  const tiles: Tile[][] = [];
  for (const [name, members] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1)))
    tiles.push(
      await Promise.all(
        members.map((crop, column) =>
          tileOf(store, crop, column === 0 ? name : (crop.gene ?? crop.fieldOfView)),
        ),
      ),
    );
  const { width, height, data } = tileImages(tiles);
  return writePng({ width, height, channels: 3, depth: 8, data });
}

async function tileOf(store: CropStore, { index, source }: Crop, label: string): Promise<Tile> {
  const { channels, height, width, maximum } = store;
  const planes = await store.read(index);
  const planeOf = (channel: string) => {
    const at = channels.indexOf(channel) * height * width;
    return Float32Array.from({ length: height * width }, (_, pixel) =>
      at < 0 ? 0 : planes[at + pixel]! / maximum,
    );
  };
  return {
    image: compositeCell({ nucleus: planeOf("nucleus"), protein: planeOf("protein") }, { height, width }),
    label,
    synthetic: source === simulatedSource,
  };
}
