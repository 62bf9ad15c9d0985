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
export {
  isTrainingCrop,
  type SequenceSplit,
  type SplitOptions,
  splitSequences,
  splitsByUniprot,
} from "./data/splits.ts";
export { DivergedError, type TrainingProgress } from "./train/loop.ts";
export {
  type NewRun,
  resumeTraining,
  startTraining,
  type TrainerName,
  type TrainOptions,
  trainerNames,
} from "./train/train.ts";
