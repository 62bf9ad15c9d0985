// What other packages may use of @proteoscope/microscope: the tasks of a biologist as functions over plain data.
// No files, no arguments, no network: those belong to the callers, so that all of this also runs in a browser.

export { explainCell } from "./explain-cell.ts";
export { encodeField } from "./field/encode-field.ts";
export {
  type FieldCell,
  type FieldEvent,
  type FieldProvenance,
  type FieldRequest,
  type GeneratedField,
  generateFields,
} from "./field/generate-field.ts";
export { drawOverview } from "./field/overview.ts";
export { encodeFiles, renderSheet, rgbPng } from "./generate/encode-files.ts";
export { uniqueFileNames } from "./generate/file-names.ts";
export {
  generateDefaults,
  type ImageFormat,
  imageFormats,
  type SamplerName,
  samplerNames,
} from "./generate/formats.ts";
export { type GeneratedCell, type GenerateWorkOptions, generate } from "./generate/generate.ts";
export {
  type ChosenNucleus,
  chooseNucleus,
  chooseWholeNuclei,
  fieldOfImage,
  type ImageOrigin,
  type NucleiOptions,
  type NucleusField,
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
export { cutPlane, type StainPlanes } from "./generate/stain-planes.ts";
export { addStains, type StainImage } from "./generate/stains.ts";
export { type ClassifiedImage, type ImageClassifier, openImageClassifier } from "./image/classifier.ts";
export {
  type Cell,
  type GeneratedImages,
  type GenerateOptions,
  type ImagePreview,
  type Microscope,
  mostSteps,
  openMicroscope,
} from "./image/generate.ts";
export type { RealCrop, RealCropSource } from "./image/real-crops.ts";

export type { StainedCell } from "./image/stain-encoder.ts";
export { loadOnce } from "./load-once.ts";
export { calibrationFile, formatCalibration } from "./model/calibration-file.ts";
export type {
  Component,
  ImageClassifierConfig,
  ImagingConstants,
  MicroscopeModel,
  SequenceModel,
} from "./model/model.ts";
export { estimateMemory, loadedBytes, type ModelSize, measureModelSize } from "./model/model-size.ts";
export {
  nucleusLibraryFile,
  readImageClassifier,
  readImagingConstants,
  readModel,
  readModelNuclei,
  readSequenceModel,
} from "./model/read-model.ts";
export type { OnProgress, ProgressEvent, WorkOptions } from "./progress.ts";
export {
  type EncodedProtein,
  type EncodeOptions,
  type KnownTarget,
  openProteinEncoder,
  type ProteinEncoder,
} from "./protein/encoder.ts";
export { explainCompartment, explainTarget } from "./protein/explain-compartment.ts";
export {
  type AnnotatedProtein,
  describeKnown,
  findAnnotatedProtein,
  type KnownProtein,
  knownProtein,
  type NearProtein,
} from "./protein/known.ts";
export { type LocalizedProtein, localize, omittedResidues } from "./protein/localize.ts";
export { localizedColumns, tabulateLocalized } from "./protein/localized-columns.ts";
export { assignSamples, mainCompartments } from "./protein/main-compartments.ts";
export {
  applyProteinNetworks,
  type ProteinNetworks,
  proteinInputs,
  proteinInputTypes,
  proteinWeights,
  readProteinNetworks,
} from "./protein/networks.ts";
export {
  byName,
  type CompartmentProbabilities,
  formatProbability,
  mostProbable,
} from "./protein/probabilities.ts";
