// What other packages may use of @proteoscope/microscope: the tasks of a biologist as functions over plain data.
// No files, no arguments, no network: those belong to the callers, so that all of this also runs in a browser.

export { type CardEntry, drawComparisonCard } from "./compare/card.ts";
export {
  type ComparisonSummary,
  compare,
  type FigureSummary,
  figuresOf,
  type ImagePair,
  type PairResult,
  summarizeComparisons,
} from "./compare/compare.ts";
export {
  type ComparisonTools,
  compareImages,
  featureDistance,
  type ImageComparison,
  type ImageFigures,
  type PixelFigures,
} from "./compare/compare-images.ts";
export { kernelDistance } from "./compare/kernel-distance.ts";
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
  cellsOfImage,
  type MeasuredCell,
  type MeasuredImage,
  type MeasuredImageOptions,
  readMeasuredImage,
} from "./image/measured-image.ts";
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
  readImageClassifier,
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
export { buildIndex, type IndexPart, type IndexSource, measureCells } from "./retrieve/build-index.ts";
export { drawContactSheet } from "./retrieve/contact-sheet.ts";
export { type DrawProteinOptions, drawProteinCells } from "./retrieve/draw-protein.ts";
export { type IndexItem, readIndexPart, writeIndexPart } from "./retrieve/index-file.ts";
export { openRetrievalIndex, type RankedAnswer, type RetrievalIndex } from "./retrieve/retrieve.ts";
export {
  chanceOfHit,
  type RecallAt,
  type RetrievalScores,
  scoreRetrieval,
  transposeRows,
} from "./retrieve/score-retrieval.ts";
