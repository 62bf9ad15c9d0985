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
export {
  type EmbeddedInput,
  type EmbedOptions,
  embedProteins,
  openResidueEmbedder,
  openStreamedResidueEmbedder,
  type Pooling,
  type ResidueEmbedder,
  type TokenArrays,
} from "./embed/embed-proteins.ts";
export {
  defaultWindowResidues,
  type ResidueWindow,
  type WindowPolicy,
  windowsOf,
} from "./embed/residue-windows.ts";
export { type CellChoice, type CellImager, openCellImager } from "./experiments/cell-images.ts";
export type { Edit, Stretch } from "./experiments/edits.ts";
export { heatStrip } from "./experiments/heat-strip.ts";
export {
  type ClassifiedCompartments,
  type ComparedProtein,
  type ComparedVariant,
  type MutateNetworks,
  type MutateRequest,
  type MutateResult,
  mutate,
} from "./experiments/mutate.ts";
export type { ExperimentStep, FindPart, Part } from "./experiments/parts.ts";
export {
  type ExperimentOptions,
  type ScanNetworks,
  type ScanNull,
  type ScanResult,
  type ScanWindow,
  scan,
} from "./experiments/scan.ts";
export { defaultDraws, type ScanRequest } from "./experiments/scan-plan.ts";
export { openSequencePredictor, type SequencePredictor } from "./experiments/sequence-predictor.ts";
export { type NamedSignal, namedSignals, type Terminus } from "./experiments/signals.ts";
export {
  falseDiscoveryRate,
  type MeanWithInterval,
  type NullSummary,
  type Tail,
} from "./experiments/statistics.ts";
export { variantSheet } from "./experiments/variant-sheet.ts";
export { parseVariant, shorten, type Variant, type WildType } from "./experiments/variants.ts";
export { type ScanMode, scanModes } from "./experiments/windows.ts";
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
  type CellImage,
  CellImageError,
  type LocalizedImage,
  localizeImages,
} from "./image/localize-image.ts";
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
export { type ManifestRecord, type ManifestResult, readManifest } from "./screen/dream/manifest.ts";
export { type CropPlace, placeCrop } from "./screen/dream/place-crop.ts";
export {
  type PredictionRun,
  predictionFile,
  predictionHeader,
  predictionLine,
} from "./screen/dream/predictions.ts";
export {
  type RefusedScreenRecord,
  recordsOfShard,
  type ScreenedProtein,
  type ScreenInput,
  type ScreenPicture,
  type ScreenRecord,
  type ScreenResult,
  type Shard,
} from "./screen/records.ts";
export {
  type ScreenImages,
  type ScreenTools,
  screenProteins,
  screenRecord,
} from "./screen/screen-proteins.ts";
export type { RefusedRow, ScreenExample, ScreenSummary } from "./screen/summary.ts";
