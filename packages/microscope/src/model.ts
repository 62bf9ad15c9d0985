// The parts of a virtual microscope: what a model folder holds, as plain data. Reading one is read-model.ts's task,
// running it microscope.ts's.

import type { NdArray } from "@proteoscope/engine";
import type {
  AutoencoderKlConfig,
  CompartmentClassifierConfig,
  Esm2Config,
  LocalizationHeadConfig,
  NoiseScheduleConfig,
  UnetConfig,
} from "@proteoscope/models";

export interface Component<Config> {
  readonly config: Config;
  /** By state-dict name, float32. */
  readonly weights: ReadonlyMap<string, NdArray>;
}

/** What was measured on the training data and belongs to the weights. */
export interface ImagingConstants {
  /** Standard deviation of the latents. */
  readonly latentScale: number;
  /** Standard deviation of the nuclear distance, in pixels. */
  readonly distanceScale: number;
  readonly pixelSizeMicrons: number;
  readonly cropPixels: number;
  /** Residues that the language model is shown; of longer proteins both ends. */
  readonly windowResidues: number;
}

export interface MicroscopeModel {
  readonly name: string;
  readonly constants: ImagingConstants;
  readonly languageModel: Component<Esm2Config>;
  readonly localization: Component<LocalizationHeadConfig>;
  readonly unet: Component<UnetConfig>;
  readonly autoencoder: Component<AutoencoderKlConfig>;
  readonly classifier: Component<CompartmentClassifierConfig & { readonly labels: readonly string[] }>;
  readonly schedule: NoiseScheduleConfig;
  /** sha256 of every file that was read, in hexadecimal, by path. */
  readonly checksums: Readonly<Record<string, string>>;
}
