// What other packages may use of @proteoscope/lab: atlas data, splits and training runs.
// Node alone: data sets and runs are folders on disk.

export { ConfigError } from "./config/compose.ts";
export {
  type CompartmentLabel,
  type Crop,
  type Protein,
  type ProteinSource,
  readCrops,
  readLocalisation,
  readProteins,
} from "./data/atlas.ts";
export { transformSquare } from "./data/augment.ts";
export {
  type Compartment,
  compartmentGroups,
  compartments,
  imageCompartments,
  placeCompartment,
  type SequenceTargets,
  sequenceTargets,
} from "./data/compartments.ts";
export { type CropImage, type CropPixels, cropChannels, openCropPixels } from "./data/crop-pixels.ts";
export { type NucleusField, readNucleusFields } from "./data/nucleus-fields.ts";
export { relativesOf } from "./data/relatives.ts";
export {
  isTrainingCrop,
  type SequenceSplit,
  type SplitOptions,
  splitSequences,
  splitsByUniprot,
} from "./data/splits.ts";
export {
  type Answer,
  accuracy,
  bestMacroAnswer,
  type Confusion,
  chanceOf,
  confusion,
  isRight,
  type LabelClass,
  likeliest,
  macroMean,
  mostFrequentAnswer,
  totalVariation,
} from "./evaluate/answers.ts";
export { type BootstrapOptions, bootstrap, type Estimate, mean, median } from "./evaluate/bootstrap.ts";
export {
  type CalibrationBin,
  type CalibrationError,
  calibrationError,
} from "./evaluate/calibration-error.ts";
export { fitComposition, type SequenceBaseline } from "./evaluate/composition-baseline.ts";
export {
  compartmentOf,
  cropsOfProtein,
  type EvaluatedProtein,
  type EvaluationData,
  type EvaluationSet,
  evaluationSets,
  type KnownCrop,
  labelOf,
  readEvaluationData,
} from "./evaluate/evaluation-data.ts";
export { frechetDistance } from "./evaluate/frechet-distance.ts";
export { groupBy } from "./evaluate/group-by.ts";
export { type ImageReader, openImageReader, type SeenImage } from "./evaluate/image-reader.ts";
export { fitThresholds, type Judged, judgeLabels } from "./evaluate/judged-labels.ts";
export { kernelDistance } from "./evaluate/kernel-distance.ts";
export { type LocalizationFigures, localizationFigures } from "./evaluate/localization-figures.ts";
export {
  findNearestCrops,
  type NearestCrop,
  nearThreshold,
  type SoughtImage,
} from "./evaluate/nearest-crop.ts";
export {
  correlationOf,
  meanError,
  meanRelativeError,
  nuclearProportion,
  type ProportionPair,
} from "./evaluate/nuclear-proportion.ts";
export {
  medianOverlap,
  multiScaleSimilarity,
  radialSpectrum,
  signalToNoise,
  structuralSimilarity,
} from "./evaluate/picture-quality.ts";
export { type AgreedAnswer, type ReliabilityBin, reliabilityCurve } from "./evaluate/reliability-curve.ts";
export type { ImageCompartment } from "./simulate/compartments/renderers.ts";
export { type NucleusPicture, readNucleusPictures } from "./simulate/nucleus-pictures.ts";
export { createCropSimulator, type SimulatedCrop, simulatedTable } from "./simulate/simulated-atlas.ts";
export { type Lock, lockFolder } from "./track/lock.ts";
export { type CalibrationExample, fitCalibration } from "./train/fit-calibration.ts";
export { DivergedError, type TrainingProgress } from "./train/loop.ts";
export { readSequences } from "./train/plm.ts";
export {
  type NewRun,
  resumeTraining,
  startTraining,
  type TrainerName,
  type TrainOptions,
  trainerNames,
} from "./train/train.ts";
