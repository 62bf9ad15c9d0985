// One guided step of the paper-size denoiser as sampling runs it: keys and values of the sequence were computed before,
// and both halves of guidance are answered, for one image and a protein of 512 residues.
import { type UnetConfig, unetDefaults } from "@proteoscope/models";
import type { BenchCase } from "../case.ts";
import { openGuidedDenoiser } from "./guided-denoiser.ts";

export const paperResidues = 512;

export const unetStep = unetStepCase("unet.step.b2", {
  title: "one guided denoising step at paper size, 512 residues, keys and values cached",
  peer: { script: "unet", work: ["step", paperResidues] },
});

interface StepOptions extends Pick<BenchCase, "title" | "peer"> {
  readonly samples?: number;
  readonly residues?: number;
  readonly config?: UnetConfig;
}

/** A guided step of some samples and residues. */
export function unetStepCase(name: string, options: StepOptions): BenchCase {
  const { samples = 1, residues = paperResidues, config = unetDefaults, ...words } = options;
  return {
    name,
    ...words,
    items: samples,
    async prepare(runtime) {
      const { prepareStep } = await openGuidedDenoiser(runtime, config);
      return prepareStep({ samples, residues });
    },
  };
}
