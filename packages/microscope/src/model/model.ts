// The parts of a virtual microscope: what a model folder holds, as plain data. read-model.ts reads it, image/generate.ts
// runs it.

import type { NdArray } from "@proteoscope/engine";
import type {
  AutoencoderKlConfig,
  CompartmentClassifierConfig,
  ConditionStain,
  LanguageModelConfig,
  LoadedCondition,
  LoadedExtra,
  LoadedFeatureHead,
  LoadedHomologs,
  LocalizationCalibration,
  LocalizationHeadConfig,
  NoiseScheduleConfig,
  UnetConfig,
} from "@proteoscope/models";

/** A network: its configuration and its weights. */
export interface Component<Config> {
  readonly config: Config;
  /** Parameters by state-dict name, float32. */
  readonly weights: ReadonlyMap<string, NdArray>;
}

/** Constants that were measured on the training data and belong to the weights. */
export interface ImagingConstants {
  /** Standard deviation of the latents. */
  readonly latentScale: number;
  /** Standard deviation of the nuclear distance, in pixels. */
  readonly distanceScale: number;
  readonly pixelSizeMicrons: number;
  readonly cropPixels: number;
  /** Number of residues that the language model is shown; longer proteins are shown by both ends. */
  readonly windowResidues: number;
  /** Stains that the denoiser can be conditioned on, in the order of its input channels. */
  readonly stains: readonly ConditionStain[];
}

/** The parts of a model that encode a sequence. */
export interface SequenceModel {
  readonly name: string;
  readonly constants: Pick<ImagingConstants, "windowResidues">;
  readonly languageModel: Component<LanguageModelConfig>;
  readonly localization: Component<LocalizationHeadConfig>;
  /** The head on sequence features, where the model has it. */
  readonly sequenceFeatures: LoadedFeatureHead | undefined;
  /** Annotated proteins that a sequence is compared with, where the model has them. */
  readonly homologs: LoadedHomologs | undefined;
  /** Calibration of the summed logits of localization head, sequence features and homologs. */
  readonly calibration: LocalizationCalibration;
  /** How the denoiser's condition is made from a sequence, with the statistics over proteins. */
  readonly condition: LoadedCondition;
  /** Layers and tables of context tokens, for a model that was trained with them. */
  readonly extra: LoadedExtra | undefined;
  /** sha256 of every file that was read, in hexadecimal, by path. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** The image classifier, which scales the nuclear distance by a constant of its own. */
export interface ImageClassifierConfig extends CompartmentClassifierConfig {
  readonly labels: readonly string[];
  /** Standard deviation of the nuclear distance on its training data, in pixels. */
  readonly distanceScale: number;
}

/** All parts of a model that generates images. */
export interface MicroscopeModel extends SequenceModel {
  readonly constants: ImagingConstants;
  readonly unet: Component<UnetConfig>;
  readonly autoencoder: Component<AutoencoderKlConfig>;
  readonly classifier: Component<ImageClassifierConfig>;
  readonly schedule: NoiseScheduleConfig;
}
