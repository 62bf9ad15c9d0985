// What the training of a denoiser stands on: images and proteins, the finished autoencoder and language model, the extra
// conditions, and what is measured on the training data, which is stored with the model.

import { join } from "node:path";
import { writeNucleusLibrary } from "@proteoscope/imaging";
import { type LoadedHomologs, loadAs, type Pretrained } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { ConfigError } from "../../config/compose.ts";
import { homologsOf } from "../../data/atlas/homologs.ts";
import { type ImageStatistics, measureImages } from "../../data/atlas/image-statistics.ts";
import { readSequences } from "../../data/atlas/sequences.ts";
import { openStainPixels, type StainPixels } from "../../data/atlas/stain-pixels.ts";
import { type Crop, isRealCell } from "../../data/atlas/tables.ts";
import { chooseCrops } from "../../data/batches/image-batches.ts";
import { openTrainingImages, type TrainingImages } from "../../data/batches/training-images.ts";
import type { Preparation } from "../../training/define-trainer.ts";
import { createLatentCoder, type LatentCoder } from "../../training/frozen/latents.ts";
import { openProteinSide, type ProteinSide } from "../../training/pairs/protein-side.ts";
import type { DiffusionConfig } from "./config.ts";
import { type ExtraSide, openExtraSide } from "./context.ts";

export interface DenoiserData extends ProteinSide {
  readonly images: TrainingImages;
  /** Training crops that some protein can be paired with. */
  readonly crops: readonly Crop[];
  readonly statistics: ImageStatistics;
  readonly autoencoder: Extract<Pretrained, { readonly architecture: "autoencoder" }>;
  readonly coder: LatentCoder;
  /** Standard deviation of the latents of the training images. */
  readonly latentScale: number;
  readonly homologs: LoadedHomologs | undefined;
  readonly extra: ExtraSide | undefined;
  /** The further stains of the crops, for a denoiser that is conditioned on them. */
  readonly stainPixels: StainPixels | undefined;
  /** A library of nuclei of the training crops, so that the model generates images by itself; undefined without any. */
  readonly nuclei: Uint8Array | undefined;
}

/** Size of a pixel of every crop of an atlas. */
export const pixelSizeMicrons = 0.4126;

const measuredCrops = 128;

/** Reads and measures everything; close `embedder` and `coder` when done. @throws ConfigError, FormatError */
export async function openDenoiserData(preparation: Preparation<DiffusionConfig>): Promise<DenoiserData> {
  const { runtime, atlas, config } = preparation;
  const { data, train } = config;
  const images = await openTrainingImages(atlas, data);
  const { pixels, training } = images;
  const autoencoder = await loadAs("autoencoder", openFolder(join(config.models.autoencoder, "vae")));
  const homologs = config.homologs ? homologsOf((await readSequences(atlas)).get("train") ?? []) : undefined;
  const side = await openSide(preparation, images, homologs);
  const extra = await openExtraSide(config.extra, { crops: training, tokenWidth: side.embedder.width });
  const coder = await createLatentCoder(runtime, autoencoder, pixels.height, preparation);
  const crops = training.filter(side.pairing.isPaired);
  const measured = chooseCrops(crops.filter(isRealCell), measuredCrops, train.seed);
  return {
    ...side,
    images,
    crops,
    statistics: await measureImages(training, pixels, preparation.onRead),
    autoencoder,
    coder,
    latentScale: await measureLatents(measured, images, coder),
    homologs,
    extra,
    stainPixels: config.model.stains.some((stain) => stain !== "nucleus")
      ? await openStainPixels(atlas, pixels)
      : undefined,
    nuclei: await nucleusLibrary(training, pixels),
  };
}

const libraryNuclei = 24;

/** A library of some DNA stains, as few as possible of one field. */
async function nucleusLibrary(
  training: readonly Crop[],
  pixels: TrainingImages["pixels"],
): Promise<Uint8Array | undefined> {
  const stained = training.filter((crop) => isRealCell(crop) && crop.hasDnaStain);
  const firsts = new Map(stained.toReversed().map((crop) => [crop.fieldOfView, crop]));
  const stride = Math.max(1, firsts.size / libraryNuclei);
  const chosen = [...firsts.values()].filter(
    (_, i) => Math.floor(i / stride) !== Math.floor((i - 1) / stride),
  );
  if (chosen.length === 0) return undefined;
  const { height, width } = pixels;
  const plane = height * width;
  const [nuclei, masks] = [new Uint8Array(chosen.length * plane), new Uint8Array(chosen.length * plane)];
  for (const [row, { index }] of chosen.entries()) {
    const { data } = await pixels.read(index);
    for (let pixel = 0; pixel < plane; pixel++) {
      nuclei[row * plane + pixel] = Math.round(255 * data[plane + pixel]!);
      masks[row * plane + pixel] = data[2 * plane + pixel]! > 0 ? 1 : 0;
    }
  }
  const listed = (values: readonly string[]) => [...new Set(values)].sort().join(", ");
  return writeNucleusLibrary({
    ...{ count: chosen.length, height, width, nuclei, masks, pixelSizeMicrons },
    fields: chosen.map(({ fieldOfView }) => fieldOfView),
    source: `training crops of ${listed(chosen.map(({ source }) => source))}`,
    licence: listed(chosen.map(({ licence }) => licence)),
  });
}

async function openSide(
  { runtime, config, onRead, cacheDir }: Preparation<DiffusionConfig>,
  { proteins }: TrainingImages,
  homologs: LoadedHomologs | undefined,
): Promise<ProteinSide> {
  const { train, sequenceInput: input, pairingInverseTemperature, targetInverseTemperature } = config;
  const { plm } = config.models;
  const { startFrom, seed } = train;
  const side = await openProteinSide(runtime, proteins, {
    ...{
      plm,
      startFrom,
      input,
      homologs,
      pairingInverseTemperature,
      targetInverseTemperature,
      seed,
      onRead,
      cacheDir,
    },
  });
  if (side.reader.localization === undefined)
    throw new ConfigError(
      `models.plm: ${plm} has no localization head, which a model that generates needs: give a run of train plm`,
    );
  return side;
}

/** Standard deviation of the latents' means over all crops. */
async function measureLatents(
  crops: readonly Crop[],
  { pixels }: TrainingImages,
  coder: LatentCoder,
): Promise<number> {
  const latents = await Promise.all(
    crops.map(async ({ index }) => {
      const { data, height, width } = await pixels.read(index);
      return (await coder.encode(data.subarray(0, 2 * height * width), `${index} 0`)).mean;
    }),
  );
  const count = latents.reduce((total, { length }) => total + length, 0);
  const sumOf = (value: (x: number) => number) =>
    latents.reduce((total, array) => total + array.reduce((sum, x) => sum + value(x), 0), 0);
  const mean = sumOf((x) => x) / count;
  return Math.sqrt(sumOf((x) => (x - mean) ** 2) / count);
}
