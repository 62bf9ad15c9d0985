// Stains of cells as the denoiser takes them: each is encoded by the autoencoder like a protein beside the nucleus.
// The encoder is compiled when the first stain comes: most images are generated without.

import { compile, f32, float32, type NdArray, type Program, type Runtime } from "@proteoscope/engine";
import { encode, stainCondition } from "@proteoscope/models";
import type { StainPlanes } from "../generate/stain-planes.ts";
import type { MicroscopeModel } from "../model/model.ts";

/** A cell whose further stains are encoded. */
export interface StainedCell {
  /**
   * The DNA stain in [0, 1], [cropPixels, cropPixels], for models that are conditioned on it; needed where there are further
   * stains. Absent where the nucleus was not seen by a microscope.
   */
  readonly nucleus?: Float32Array | undefined;
  /** Further stains in [0, 1], [cropPixels, cropPixels]; those that are absent are missing, which the model can do without. */
  readonly stains?: StainPlanes | undefined;
}

/** Encodes the stains of cells. */
export interface StainEncoder {
  /**
   * The condition of the samples of cells, [cells * samples, c, h, w]; undefined for a model without stains.
   * @throws RangeError for planes of another size and for stains without their nucleus
   */
  encode(cells: readonly StainedCell[], samples: number): Promise<NdArray | undefined>;
  close(): Promise<void>;
}

/** Opens the encoder of a model's stains. */
export function openStainEncoder(
  runtime: Runtime,
  { autoencoder, constants, unet }: MicroscopeModel,
): StainEncoder {
  const { cropPixels: side, latentScale, stains } = constants;
  const plane = side * side;
  let program: Promise<Program<"image", "mean">> | undefined;
  const open = () =>
    compile(
      runtime,
      (w, { image }) => ({ mean: encode(w, autoencoder.config, image).mean }),
      { image: f32(1, 2, side, side) },
      { weights: autoencoder.weights },
    );
  const encodeOne = async (stain: Float32Array, { nucleus }: StainedCell): Promise<Float32Array> => {
    if (nucleus?.length !== plane || stain.length !== plane)
      throw new RangeError(`a further stain and its nucleus need ${side}x${side} pixels each`);
    const image = new Float32Array(2 * plane);
    image.set(stain);
    image.set(nucleus, plane);
    program ??= open();
    const { mean } = await (await program).run({ image: float32([1, 2, side, side], image) });
    return mean.data as Float32Array;
  };
  return {
    async encode(cells, samples) {
      if (stains.length === 0) return undefined;
      const conditions: (Float32Array | undefined)[][] = [];
      for (const cell of cells) {
        const latents: (Float32Array | undefined)[] = [];
        for (const stain of stains) {
          const picture = stain === "nucleus" ? cell.nucleus : cell.stains?.[stain];
          latents.push(picture && (await encodeOne(picture, cell)));
        }
        for (let sample = 0; sample < samples; sample++) conditions.push(latents);
      }
      const { latentChannels } = autoencoder.config;
      return stainCondition(conditions, { latentChannels, latentSide: unet.config.sampleSize, latentScale });
    },
    close: async () => (await program)?.close(),
  };
}
