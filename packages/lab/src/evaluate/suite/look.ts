// One pass over a set of images: each is encoded in every space, and what single images are measured by is noted. The images
// themselves are not kept.

import { nuclearProportion, powerSpectrum, radialBands } from "@proteoscope/imaging";
import type { WorkOptions } from "@proteoscope/microscope";
import type { CellEncoder, EncodedCell } from "../encoders/encoder.ts";
import { type IntensityHistogram, openHistogram } from "../measures/images/histogram.ts";
import { resolvability } from "../measures/images/resolvability.ts";
import type { ImageSet, SetImage } from "./image-set.ts";

export const imageChannels = ["protein", "nucleus"] as const;
export type ImageChannel = (typeof imageChannels)[number];
export const spectrumBands = 16;

/** What is kept of an image. */
export interface Look extends Omit<SetImage, "planes"> {
  readonly nuclearProportion: number;
  /** Resolvability per channel in micrometres; NaN for a black plane. */
  readonly resolution: Readonly<Record<ImageChannel, number>>;
  /** By the name of the encoder. */
  readonly encoded: ReadonlyMap<string, EncodedCell>;
}

/** A set that was looked at. */
export interface LookedSet {
  readonly name: string;
  readonly looks: readonly Look[];
  readonly histograms: Readonly<Record<ImageChannel, IntensityHistogram>>;
  /** Mean over images of the share of power per band, of equal width up to half a cycle per pixel. */
  readonly spectra: Readonly<Record<ImageChannel, Float64Array>>;
}

export interface LookTools {
  readonly encoders: readonly CellEncoder[];
  readonly pixelSizeMicrons: number;
}

const batchSize = 16;

/** Looks at all images of a set. @throws the signal's reason, between two batches */
export async function lookAt(
  set: ImageSet,
  tools: LookTools,
  { signal, onProgress }: WorkOptions,
): Promise<LookedSet> {
  const looks: Look[] = [];
  const channels = { protein: openChannel(), nucleus: openChannel() };
  const finish = async (batch: readonly SetImage[]) => {
    signal.throwIfAborted();
    const encoded = tools.encoders.map(() => [] as EncodedCell[]);
    for (const [index, encoder] of tools.encoders.entries())
      encoded[index] = await encoder.encode(batch.map(({ planes }) => planes));
    for (const [index, { planes, ...image }] of batch.entries()) {
      const { side, protein, nucleus, distance } = planes;
      const resolution = {
        protein: channels.protein.add(protein, side, tools.pixelSizeMicrons),
        nucleus: channels.nucleus.add(nucleus, side, tools.pixelSizeMicrons),
      };
      const byName = new Map(tools.encoders.map(({ name }, i) => [name, encoded[i]![index]!]));
      looks.push({
        ...image,
        ...{ resolution, encoded: byName, nuclearProportion: nuclearProportion(protein, distance) },
      });
    }
    onProgress?.({ phase: `images: ${set.name}`, done: looks.length, total: set.count, unit: "images" });
  };
  let batch: SetImage[] = [];
  for await (const image of set.read()) {
    batch.push(image);
    if (batch.length < batchSize) continue;
    await finish(batch);
    batch = [];
  }
  if (batch.length > 0) await finish(batch);
  const { protein, nucleus } = channels;
  return {
    ...{ name: set.name, looks },
    histograms: { protein: protein.histogram, nucleus: nucleus.histogram },
    spectra: { protein: protein.spectrum(), nucleus: nucleus.spectrum() },
  };
}

/** Sums over the planes of one channel; `add` gives the resolvability of a plane. */
function openChannel() {
  const histogram = openHistogram();
  const shares = new Float64Array(spectrumBands);
  let counted = 0;
  return {
    histogram,
    spectrum: () => shares.map((share) => share / Math.max(1, counted)),
    add(plane: Float32Array, side: number, pixelSizeMicrons: number): number {
      histogram.add(plane);
      const power = powerSpectrum(plane, side);
      const bands = radialBands(power, side, spectrumBands);
      const total = bands.reduce((sum, value) => sum + value, 0);
      if (total > 0) {
        counted++;
        for (const [band, value] of bands.entries()) shares[band]! += value / total;
      }
      return resolvability(plane, side, pixelSizeMicrons, power);
    },
  };
}
