// What other packages may use of @proteoscope/lab: atlas data, splits and training runs.
// Node alone: data sets and runs are folders on disk.

export { type CalibrationExample, fitCalibration } from "./calibrate/fit-calibration.ts";
export { ConfigError } from "./config/compose.ts";
export {
  type Compartment,
  compartmentGroups,
  compartments,
  imageCompartments,
  placeCompartment,
  type SequenceTargets,
  sequenceTargets,
} from "./data/atlas/compartments.ts";
export { type CropImage, type CropPixels, cropChannels, openCropPixels } from "./data/atlas/crop-pixels.ts";
export { homologsOf } from "./data/atlas/homologs.ts";
export { type LabelClass, labelOf, labelOfCompartment } from "./data/atlas/label-class.ts";
export { type NucleusField, readNucleusFields } from "./data/atlas/nucleus-fields.ts";
export { readSequences } from "./data/atlas/sequences.ts";
export {
  isTrainingCrop,
  type SequenceSplit,
  type SplitOptions,
  splitSequences,
  splitsByUniprot,
} from "./data/atlas/splits.ts";
export { openStainPixels, type StainPixels } from "./data/atlas/stain-pixels.ts";
export {
  type CompartmentLabel,
  type Crop,
  type Protein,
  type ProteinSource,
  readCrops,
  readLocalisation,
  readProteins,
  simulatedSource,
} from "./data/atlas/tables.ts";
export { transformSquare } from "./data/batches/augment.ts";
export { type CheckReport, checkDataSet } from "./data/check/check-set.ts";
export type { Finding } from "./data/check/findings.ts";
export {
  type DataSetDescription,
  isDataSet,
  readDescription,
  type TableDescription,
  type TableName,
} from "./data/dataset/description.ts";
export { type CropStore, openCropStore } from "./data/dataset/pixels.ts";
export { openRealCrops } from "./data/dataset/real-crops.ts";
export { groupBy } from "./data/group-by.ts";
export { type ImagePreset, imagePresets } from "./data/import/image-table.ts";
export { type AtlasImport, type AtlasImportReport, importAtlas } from "./data/import/import-atlas.ts";
export { type CytoselfImport, type ImportReport, importCytoself } from "./data/import/import-cytoself.ts";
export { type ImageImport, type ImageImportReport, importImages } from "./data/import/import-images.ts";
export type { Histogram } from "./data/inspect/histogram.ts";
export { type Inspection, inspectDataSet } from "./data/inspect/inspect-set.ts";
export type { SetCounts } from "./data/inspect/set-counts.ts";
export { picturesOfLibrary } from "./data/proteome/nuclei.ts";
export { type SimulatedProtein, simulateProtein } from "./data/proteome/proteins.ts";
export {
  type Phenotype,
  phenotypeOf,
  type RuledCompartment,
  ruledCompartments,
} from "./data/proteome/rule.ts";
export { type PlantedSignal, type SignalName, signalNames } from "./data/proteome/signals.ts";
export {
  type ProteomeOptions,
  type SimulatedProteome,
  simulateProteome,
} from "./data/proteome/simulated-proteome.ts";
export { type ProteinTruth, readProteinTruth, readSignalTruth } from "./data/proteome/truth.ts";
export { type ProteomeOutput, writeProteome } from "./data/proteome/write-proteome.ts";
export { addSequences, missingFile, type SequenceReport } from "./data/sequences/add-sequences.ts";
export {
  type DatabaseOptions,
  ensemblSource,
  type FoundSequence,
  fastaSource,
  type SequenceSource,
  type SoughtProtein,
  uniprotSource,
} from "./data/sequences/databases.ts";
export type { RestOptions } from "./data/sequences/rest-client.ts";
export type { ImageCompartment } from "./data/simulate/compartments/renderers.ts";
export { type NucleusPicture, readNucleusPictures } from "./data/simulate/nucleus-pictures.ts";
export {
  type Simulation,
  type SimulationReport,
  simulateDataSet,
} from "./data/simulate/simulate-data-set.ts";
export { createCropSimulator, type SimulatedCrop } from "./data/simulate/simulated-crops.ts";
export {
  defaultFractions,
  presetNames,
  type SplitFractions,
  type SplitPreset,
  splitPresets,
} from "./data/split/assign-splits.ts";
export {
  defaultIdentity,
  findLeaks,
  type Leak,
  refuseLeaks,
  type SplitReport,
  type SplitRequest,
  splitDataSet,
  useSplit,
} from "./data/split/split-set.ts";
export type { AnswerRecord } from "./evaluate/answers-file.ts";
export { clearDifferences, compareReports, type ReportComparison } from "./evaluate/compare-reports.ts";
export { type JudgeSource, namedJudges } from "./evaluate/encoders/open-encoders.ts";
export {
  accuracy,
  bestMacroClass,
  type ClassPrediction,
  type Confusion,
  chanceOf,
  confusion,
  isRight,
  likeliest,
  macroMean,
  mostFrequentClass,
  totalVariation,
} from "./evaluate/measures/accuracy.ts";
export {
  type BootstrapOptions,
  bootstrap,
  type Estimate,
  mean,
  median,
} from "./evaluate/measures/bootstrap.ts";
export {
  type CalibrationBin,
  type CalibrationError,
  calibrationError,
} from "./evaluate/measures/calibration-error.ts";
export { fitComposition, type SequenceBaseline } from "./evaluate/measures/composition-baseline.ts";
export { frechetDistance } from "./evaluate/measures/distributions/frechet-distance.ts";
export { type LocalizationFigures, localizationFigures } from "./evaluate/measures/localization-figures.ts";
export {
  findNearestCrops,
  type NearestCrop,
  nearThreshold,
  type SoughtImage,
} from "./evaluate/measures/memorisation.ts";
export { fitThresholds, type Judged, judgeLabels } from "./evaluate/measures/multi-label.ts";
export {
  correlationOf,
  meanError,
  meanRelativeError,
  type ProportionPair,
} from "./evaluate/measures/nuclear-proportion.ts";
export {
  measureTexture,
  type ProteomeScores,
  type ShownProtein,
  scoreProteome,
  scoreShuffled,
} from "./evaluate/measures/proteome-scores.ts";
export {
  type AgreedPrediction,
  type ReliabilityBin,
  reliabilityCurve,
} from "./evaluate/measures/reliability-curve.ts";
export { type Sweep, sweptSettings } from "./evaluate/predict/sweeps.ts";
export type { ReportDifference } from "./evaluate/report/comparison-html.ts";
export type { ImageMetrics, Metrics, UnseenSet } from "./evaluate/report/metrics.ts";
export { summarizeMetrics } from "./evaluate/report/summary.ts";
export type { EvaluatedModel, EvaluationRequest } from "./evaluate/request.ts";
export { type Evaluation, evaluateModel } from "./evaluate/run.ts";
export { evaluateFolders, type FolderRequest } from "./evaluate/run-folders.ts";
export {
  compartmentOf,
  cropsOfProtein,
  type EvaluatedProtein,
  type EvaluationData,
  type EvaluationSet,
  evaluationSets,
  type KnownCrop,
  readEvaluationData,
} from "./evaluate/sets.ts";
export { strikeHeldOut } from "./evaluate/strike-held-out.ts";
export { atlasImages } from "./evaluate/suite/atlas-images.ts";
export type { Figure } from "./evaluate/suite/figure.ts";
export type { ImagePair, ImageSet, PairSet, SetImage } from "./evaluate/suite/image-set.ts";
export { metricsVersion, type SuiteResults, suiteSchema } from "./evaluate/suite/results.ts";
export { parseVariation, planStudy, type StudyRun, type Variation } from "./study/plan.ts";
export { plotStudy } from "./study/plot.ts";
export { runStudy, type StudyOptions, type StudyRequest } from "./study/run-study.ts";
export { type StudyResult, type StudyRow, studyTable, summarizeStudy } from "./study/summarize.ts";
export {
  estimateRun,
  type NewRun,
  type ResumeOptions,
  resumeTraining,
  startTraining,
  type TrainOptions,
} from "./train.ts";
export { type TrainerName, trainerNames } from "./trainers/index.ts";
export type { TrainingEstimate } from "./training/estimate.ts";
export {
  DivergedError,
  type PrepareOptions,
  type TrainingOptions,
  type TrainingProgress,
} from "./training/loop.ts";
export { curveLines } from "./training/show/curve-lines.ts";
export { curvesPage, type ShownRun } from "./training/show/curves-page.ts";
export { type Curve, type RunRecord, readRun } from "./training/show/read-run.ts";
