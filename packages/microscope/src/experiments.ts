// The experiments of @proteoscope/microscope: variants and scans of a protein, screens and embeddings of many, comparison and
// retrieval of images, locations by released encoders. They are apart from index.ts, so that one image loads none of them.

export { encodeCellDiffFiles } from "./cell-diff/encode-cell-diff.ts";
export {
  type CellDiffCell,
  type CellDiffEstimate,
  type CellDiffProvenance,
  type CellDiffRequest,
  type CellDiffSettings,
  type CellDiffWorkOptions,
  generateWithCellDiff,
} from "./cell-diff/generate-cell-diff.ts";
export { type CellDiffModel, cellDiffConstants } from "./cell-diff/model.ts";
export {
  type DrawnSequence,
  type PicturedCell,
  type SequenceRequest,
  sequencesOfImage,
} from "./cell-diff/sequence-of-image.ts";
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
export { kernelDistance, openKernelDistance } from "./compare/kernel-distance.ts";
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
export { type ScanMode, scanModes, windowVariant } from "./experiments/windows.ts";
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
