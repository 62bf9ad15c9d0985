// One guided image by 50 steps of DDIM at paper size: from the embeddings of a protein of 512 residues to pixels. The
// programs are compiled before, the protein's keys and values are not.
import { createGenerator, float32 } from "@proteoscope/engine";
import {
  type AutoencoderKlConfig,
  autoencoderKlDefaults,
  createDdimSampler,
  linearNoiseSchedule,
  sampleLatents,
  type UnetConfig,
  unetDefaults,
} from "@proteoscope/models";
import type { BenchCase } from "../case.ts";
import { gflopOf } from "../operations.ts";
import { guidance, openGuidedDenoiser, randomSample, randomSequence } from "./guided-denoiser.ts";
import { randomDecoder } from "./vae.ts";

export interface ImageSize {
  readonly unet: UnetConfig;
  readonly autoencoder: AutoencoderKlConfig;
  readonly residues: number;
  readonly steps: number;
}

export const paperImage: ImageSize = {
  ...{ unet: unetDefaults, autoencoder: autoencoderKlDefaults },
  ...{ residues: 512, steps: 50 },
};

export const imagePaper = imageCase("image.ddim50.paper", paperImage);

export function imageCase(name: string, { unet, autoencoder, residues, steps }: ImageSize): BenchCase {
  return {
    name,
    title: `a guided image at paper size by ${steps} steps of DDIM, ${residues} residues, decoded`,
    peer: { script: "unet", work: ["image", residues, steps] },
    async prepare(runtime) {
      const { denoiser, graphs } = await openGuidedDenoiser(runtime, unet);
      const decoder = randomDecoder({ config: autoencoder, side: 4 * unet.sampleSize });
      const program = await decoder.compile(runtime);
      const sampler = createDdimSampler(linearNoiseSchedule(), steps);
      const { latents, distance } = randomSample(unet, 1);
      const noise = float32(latents.shape, createGenerator(0, "noise").normal(latents.data.length));
      const sequence = randomSequence(unet, residues);
      const gflop = {
        preparation: gflopOf(graphs.preparation, { residues }),
        step: gflopOf(graphs.step, { residues, samples: 1 }),
      };
      return {
        gflop: gflop.preparation + steps * gflop.step + decoder.gflop,
        async run() {
          const latent = await sampleLatents(denoiser, noise, { sampler, sequence, distance, guidance });
          await program.run({ latent });
        },
      };
    },
  };
}
