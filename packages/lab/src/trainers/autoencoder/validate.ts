// How well an autoencoder reconstructs images that it does not learn from, in numbers and as a picture.
// The latents are the mean of the posterior; one image is computed at a time.

import { compile, f32, type NdArray, type Runtime } from "@proteoscope/engine";
import { drawGrid } from "@proteoscope/imaging";
import { type AutoencoderKlConfig, decode, encode } from "@proteoscope/models";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import { stackChannels } from "../../data/batches/image-batches.ts";
import { createLatentCoder } from "../../training/frozen/latents.ts";
import type { Scores } from "../../training/scores.ts";
import type { ReportItem } from "../../training/validation-sets.ts";
import { autoencodedChannels } from "./config.ts";

interface Network {
  readonly config: AutoencoderKlConfig;
  readonly weights: ReadonlyMap<string, NdArray>;
}

/** `absoluteError`, `psnrProtein` and `psnrNucleus` in decibels, and `latentRms`, the spread of the latents. */
export async function validateAutoencoder(
  runtime: Runtime,
  { config, weights }: Network,
  pixels: CropPixels,
  crops: readonly Crop[],
  report?: ReportItem,
): Promise<Scores> {
  const side = pixels.height;
  const program = await compile(
    runtime,
    (w, { images }) => {
      const { mean } = encode(w, config, images);
      return { mean, reconstruction: decode(w, config, mean) };
    },
    { images: f32(1, autoencodedChannels.length, side, side) },
    { weights },
  );
  try {
    const plane = side * side;
    const psnr = autoencodedChannels.map(() => 0);
    let absolute = 0;
    let latentSquare = 0;
    for (const crop of crops) {
      const { data } = await pixels.read(crop.index);
      const images = stackChannels([data], side, autoencodedChannels);
      const { reconstruction, mean } = await program.run({ images });
      const real = images.data as Float32Array;
      const made = (reconstruction.data as Float32Array).map((value) => Math.min(1, Math.max(0, value)));
      let ofCrop = 0;
      for (const channel of autoencodedChannels) {
        let square = 0;
        for (let i = channel * plane; i < (channel + 1) * plane; i++) {
          square += (real[i]! - made[i]!) ** 2;
          ofCrop += Math.abs(real[i]! - made[i]!);
        }
        psnr[channel]! += -10 * Math.log10(Math.max(square / plane, 1e-10));
      }
      absolute += ofCrop;
      report?.(crop.uniprot ?? "", { absoluteError: ofCrop / real.length });
      const latents = mean.data as Float32Array;
      latentSquare += latents.reduce((sum, value) => sum + value * value, 0) / latents.length;
    }
    return {
      absoluteError: absolute / (crops.length * plane * autoencodedChannels.length),
      psnrProtein: psnr[0]! / crops.length,
      psnrNucleus: psnr[1]! / crops.length,
      latentRms: Math.sqrt(latentSquare / crops.length),
    };
  } finally {
    await program.close();
  }
}

const pictureRows = 8;

/** A PNG with one row per crop: the protein and its reconstruction, the nucleus and its reconstruction. */
export async function drawReconstructions(
  runtime: Runtime,
  network: Network,
  pixels: CropPixels,
  crops: readonly Crop[],
): Promise<Uint8Array> {
  const side = pixels.height;
  const plane = side * side;
  const coder = await createLatentCoder(runtime, network, side);
  try {
    const rows: Float32Array[][] = [];
    for (const { index } of crops.slice(0, pictureRows)) {
      const image = (await pixels.read(index)).data.subarray(0, 2 * plane);
      const made = await coder.decode((await coder.encode(image, String(index))).mean);
      const channels = [image, made].map((pair) => [pair.subarray(0, plane), pair.subarray(plane)]);
      rows.push(autoencodedChannels.flatMap((channel) => channels.map((pair) => pair[channel]!)));
    }
    return drawGrid(rows, side);
  } finally {
    await coder.close();
  }
}
