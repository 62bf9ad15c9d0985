// What other packages may use of @proteoscope/microscope: the tasks of a biologist as functions over plain data.
// No files, no arguments, no network: those belong to the callers, so that all of this also runs in a browser.

export { encodeFiles, renderSheet } from "./generate/encode-files.ts";
export { explainCompartment } from "./generate/explain-compartment.ts";
export {
  generateDefaults,
  type ImageFormat,
  imageFormats,
  type SamplerName,
  samplerNames,
} from "./generate/formats.ts";
export { type GeneratedCell, generate } from "./generate/generate.ts";
export {
  type ChosenNucleus,
  type ImageOrigin,
  type NucleiOptions,
  nucleiOfImage,
  nucleusOfLibrary,
} from "./generate/nuclei.ts";
export type { Provenance } from "./generate/provenance.ts";
export {
  checkRequest,
  type GenerateRequest,
  type GenerateSettings,
  type NamedSequence,
} from "./generate/request.ts";
export { type ClassifiedImage, type ImageClassifier, openImageClassifier } from "./image/classifier.ts";
export {
  type Cell,
  type GeneratedImages,
  type GenerateOptions,
  type Microscope,
  mostSteps,
  openMicroscope,
} from "./image/generate.ts";
export {
  type CellImage,
  CellImageError,
  type LocalizedImage,
  localizeImages,
} from "./image/localize-image.ts";
export { calibrationFile, formatCalibration } from "./model/calibration-file.ts";
export type {
  Component,
  ImageClassifierConfig,
  ImagingConstants,
  MicroscopeModel,
  SequenceModel,
} from "./model/model.ts";
export {
  nucleusLibraryFile,
  readImagingConstants,
  readModel,
  readModelNuclei,
  readSequenceModel,
} from "./model/read-model.ts";
export type { OnProgress, ProgressEvent, WorkOptions } from "./progress.ts";
export {
  byName,
  type CompartmentProbabilities,
  type EncodedProtein,
  openProteinEncoder,
  type ProteinEncoder,
} from "./protein/encoder.ts";
export { type LocalizedProtein, localize, mostProbable } from "./protein/localize.ts";
export {
  applyProteinNetworks,
  type ProteinNetworks,
  proteinInputs,
  proteinInputTypes,
  proteinWeights,
  readProteinNetworks,
} from "./protein/networks.ts";
