// The parts of a virtual microscope: what a model folder holds, as plain data. Reading one is read-model.ts's task,
// running it microscope.ts's.

import type { NdArray } from "@proteoscope/engine";
import type {
  AutoencoderKlConfig,
  CompartmentClassifierConfig,
  Esm2Config,
  LoadedCondition,
  LoadedExtra,
  LoadedFeatureHead,
  LoadedHomologs,
  LocalizationCalibration,
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

/** What is needed to read a sequence. */
export interface SequenceModel {
  readonly name: string;
  readonly constants: ImagingConstants;
  readonly languageModel: Component<Esm2Config>;
  readonly localization: Component<LocalizationHeadConfig>;
  /** What reads the compartments off descriptors of the sequence, where the model has it. */
  readonly sequenceFeatures: LoadedFeatureHead | undefined;
  /** Annotated proteins that a sequence is compared with, where the model has them. */
  readonly homologs: LoadedHomologs | undefined;
  /** Of the localization head's logits, with what descriptors and relatives say. */
  readonly calibration: LocalizationCalibration;
  /** What the denoiser is told of a sequence: which part of it, and what was measured over proteins. */
  readonly condition: LoadedCondition;
  /** What it may be told beside the sequence, where it was trained so. */
  readonly extra: LoadedExtra | undefined;
  /** sha256 of every file that was read, in hexadecimal, by path. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** The classifier of images, which measures distance in a unit of its own. */
export interface ImageClassifierConfig extends CompartmentClassifierConfig {
  readonly labels: readonly string[];
  /** Standard deviation of the nuclear distance on its training data, in pixels. */
  readonly distanceScale: number;
}

export interface MicroscopeModel extends SequenceModel {
  readonly unet: Component<UnetConfig>;
  readonly autoencoder: Component<AutoencoderKlConfig>;
  readonly classifier: Component<ImageClassifierConfig>;
  readonly schedule: NoiseScheduleConfig;
}
