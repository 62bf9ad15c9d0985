// The public interface of @proteoscope/models: networks, their losses and samplers, and what reads, runs and writes their
// checkpoints. The list is made by hand, so that a change of the interface is visible.

export {
  type DiscriminatorConfig,
  discriminator,
  discriminatorDefaults,
} from "./autoencoder-kl/discriminator.ts";
export {
  type AutoencoderTrainingConfig,
  type AutoencoderTrainingInputs,
  autoencoderLosses,
  type PerceptualAdversarialConfig,
  type PerceptualAdversarialInputs,
  type PerceptualAdversarialLosses,
  perceptualAdversarialDefaults,
  perceptualAdversarialLoss,
  reconstructionLosses,
} from "./autoencoder-kl/loss.ts";
export { type LpipsNetwork, lpips, lpipsFeatures } from "./autoencoder-kl/lpips.ts";
export {
  type AutoencoderKlConfig,
  autoencoderKlDefaults,
  decode,
  encode,
  klDivergence,
  outputWeight,
  type Posterior,
  sampleLatent,
  upgradeAutoencoderNames,
} from "./autoencoder-kl/network.ts";
export { loadCheckedWeights } from "./checkpoints/checked-weights.ts";
export { type ConfigFormat, formatConfig, type Json, parseConfig } from "./checkpoints/config-json.ts";
export { withCurrentNames } from "./checkpoints/earlier-names.ts";
export {
  CheckpointError,
  type FileSource,
  type Files,
  memoryFolder,
  readJson,
  readParsed,
  subfolder,
  webFolder,
} from "./checkpoints/file-source.ts";
export {
  type InputRule,
  type InputRules,
  type NamedArrays,
  TensorError,
} from "./checkpoints/input-rules.ts";
export { languageModelFolder } from "./checkpoints/model-folder.ts";
export type {
  ExportLayout,
  NamedTensors,
  Network,
  NetworkDefinition,
  NetworkOf,
  SavedLayout,
  StateDict,
  TrainingPart,
} from "./checkpoints/network-definition.ts";
export {
  type LoadedCondition,
  loadSequenceCondition,
  saveSequenceCondition,
} from "./conditioning/checkpoint.ts";
export {
  applyCompartmentTarget,
  type CompartmentTarget,
  type TargetedCompartments,
} from "./conditioning/compartment-target.ts";
export {
  extraTypes,
  type LoadedExtra,
  loadExtraConditions,
  saveExtraConditions,
} from "./conditioning/context-checkpoint.ts";
export {
  addExtraTokens,
  type CellLineCondition,
  type ExtraCondition,
  type ExtraConditions,
  type ExtraConditionsConfig,
  type ExtraValues,
  extraTokens,
  extraValues,
  extraWidth,
  type LevelCondition,
  type ProteinContext,
  type TableCondition,
} from "./conditioning/context-tokens.ts";
export { readSequence, type SequenceNetwork, type SequenceReading } from "./conditioning/protein-network.ts";
export {
  compartmentCondition,
  randomSequence,
  type SequenceConditionInputs,
  type SequenceInput,
  sequenceCondition,
  sequenceInputs,
  sequenceInputWidth,
  sequenceRows,
} from "./conditioning/sequence-tokens.ts";
export {
  type ContrastiveLoss,
  type ContrastiveOptions,
  clipLoss,
  clipScale,
  contrastiveLoss,
  type GatheredEmbeddings,
} from "./contrastive/clip.ts";
export {
  type JointEmbeddingConfig,
  type JointEmbeddings,
  type JointInputs,
  jointEmbedding,
  jointEmbeddingDefaults,
  projectImages,
  unitRows,
} from "./contrastive/joint-embedding.ts";
export {
  type ProteinProjectionConfig,
  projectionHead,
  projectProteins,
  proteinProjectionDefaults,
} from "./contrastive/projection.ts";
export { type Triplets, tripletLoss, tripletMargin } from "./contrastive/triplet.ts";
export { cytoselfFormat } from "./cytoself/definition.ts";
export type { BottleneckStage, CytoselfEncoderConfig, CytoselfMode } from "./cytoself/encoder.ts";
export {
  type CytoselfBatch,
  type CytoselfLossConfig,
  type CytoselfLosses,
  cytoselfLoss,
} from "./cytoself/loss.ts";
export {
  type CytoselfConfig,
  type CytoselfLevel,
  type CytoselfOutputs,
  classifyCode,
  cytoself,
  cytoselfDefaults,
  cytoselfGrids,
  encodeCytoself,
} from "./cytoself/network.ts";
export {
  type CytoselfRegressorConfig,
  cytoselfRegressionLoss,
  cytoselfRegressor,
  cytoselfRegressorDefaults,
  judgedLevel,
  type RegressionTargets,
  regressionClassifierWeight,
} from "./cytoself/regressor.ts";
export { type Quantized, quantize, type VectorQuantizerConfig } from "./cytoself/vector-quantizer.ts";
export { loadNoiseSchedule } from "./diffusion/checkpoint.ts";
export {
  compileDenoiser,
  type Denoiser,
  type DenoiserInputs,
  type DenoiserOptions,
  type PreparedSequence,
} from "./diffusion/guided-denoiser.ts";
export { type DiffusionBatch, type DiffusionLoss, diffusionLoss } from "./diffusion/loss.ts";
export {
  addNoise,
  leadingTimesteps,
  linearNoiseSchedule,
  type NoiseSchedule,
  type NoiseScheduleConfig,
  noiseScheduleDefaults,
  type PredictionType,
  predictionTypes,
  velocity,
} from "./diffusion/noise-schedule.ts";
export { type SampleOptions, type SamplingProgress, sampleLatents } from "./diffusion/sample.ts";
export { createDdimSampler, type DdimOptions } from "./diffusion/samplers/ddim.ts";
export { createDdpmSampler } from "./diffusion/samplers/ddpm.ts";
export { createDpmSolverSampler } from "./diffusion/samplers/dpm-solver.ts";
export type { Sampler, SamplerState } from "./diffusion/samplers/sampler.ts";
export {
  type ConditionStain,
  conditionStains,
  type FurtherStain,
  furtherStains,
  type StainLatents,
  stainChannels,
  stainCondition,
  widenDenoiserInput,
} from "./diffusion/stain-condition.ts";
export { esm2Format } from "./esm2/definition.ts";
export {
  checkLora,
  type LoraAdapter,
  type LoraConfig,
  loraDefaults,
  loraPrefix,
  mergeLora,
  withLora,
} from "./esm2/lora.ts";
export { loadLora, saveLora } from "./esm2/lora-checkpoint.ts";
export { maskedMean } from "./esm2/masked-mean.ts";
export { canonicalEsm2Names, fairEsmName, fairEsmStateDict, huggingFaceName } from "./esm2/names.ts";
export {
  contactHead,
  type Esm2Config,
  type Esm2Inputs,
  type Esm2Options,
  type Esm2Outputs,
  esm2,
  esm2Config,
  esm2Presets,
  languageModelHead,
} from "./esm2/network.ts";
export { type SequenceWindow, windowSequence } from "./esm2/sequence-window.ts";
export {
  type BatchOptions,
  clsTokenId,
  eosTokenId,
  esm2Tokens,
  maskTokenId,
  padTokenId,
  SequenceError,
  standardResidueIds,
  type TokenBatch,
  type TokenizeOptions,
  tokenize,
  tokenizeBatch,
} from "./esm2/tokenizer.ts";
export { esmcFormat } from "./esmc/definition.ts";
export {
  type EsmcConfig,
  type EsmcInputs,
  type EsmcOutputs,
  esmc,
  esmcConfig,
  esmcHead,
  esmcLongestTokens,
  esmcPresets,
} from "./esmc/network.ts";
export { esmcTokens, tokenizeEsmc } from "./esmc/tokenizer.ts";
export {
  type CompartmentClassifierConfig,
  compartmentClassifier,
  compartmentClassifierDefaults,
  compartmentFeatures,
  compartmentLogits,
} from "./image-classifier/network.ts";
export {
  asLanguageModel,
  isEsmc,
  type LanguageModel,
  type LanguageModelConfig,
  type LanguageModelInputs,
  loadLanguageModel,
  representTokens,
} from "./language-model/language-model.ts";
export {
  openStreamedLanguageModel,
  runStreamedLanguageModel,
  type StreamedLanguageModel,
  type StreamOptions,
} from "./language-model/streamed.ts";
export type {
  AnnotatedCompartment,
  AnnotationSource,
  ProteinAnnotation,
  UnresolvedCompartment,
} from "./localization/annotations.ts";
export {
  type EsmBottleneckConfig,
  type EsmBottleneckInputs,
  esmBottleneck,
  esmBottleneckDefaults,
} from "./localization/bottleneck.ts";
export {
  type LocalizationCalibration,
  type LogitCorrection,
  labelProbabilities,
  noCalibration,
  posteriorProbabilities,
} from "./localization/calibration.ts";
export {
  featureHeadFormat,
  type LoadedFeatureHead,
  type LoadedHead,
  loadFeatureHead,
  loadLocalizationHead,
} from "./localization/checkpoint.ts";
export { type FeatureHeadConfig, featureHead } from "./localization/feature-head.ts";
export {
  type LocalizationHeadConfig,
  type LocalizationInputs,
  localizationHead,
  localizationHeadDefaults,
} from "./localization/head.ts";
export {
  type AnnotatedProteins,
  containedShare,
  type Homolog,
  type HomologScore,
  type Homologs,
  type HomologsConfig,
  homologDefaults,
  openHomologs,
  residuesOf,
} from "./localization/homologs.ts";
export {
  keepHomologs,
  type LoadedHomologs,
  loadHomologs,
  saveHomologs,
} from "./localization/homologs-checkpoint.ts";
export { type LocalizerConfig, localizer } from "./localization/localizer.ts";
export { type LocalizationLossOptions, localizationLoss, maskedTokenLoss } from "./localization/loss.ts";
export { computeSequenceFeatures, sequenceFeatureCount } from "./localization/sequence-features.ts";
export { isTrainedOn } from "./localization/training-membership.ts";
export { type ExportOptions, exportNetwork } from "./pretrained/export-onnx.ts";
export { type LoadOptions, loadAs, loadParts, loadPretrained } from "./pretrained/load.ts";
export {
  loadPipeline,
  type PipelineParts,
  type PretrainedPipeline,
  savePipeline,
} from "./pretrained/pipeline.ts";
export { runPretrained } from "./pretrained/run.ts";
export { type SaveOptions, savePretrained, saveSingleFile } from "./pretrained/save.ts";
export {
  type Architecture,
  architectureTitles,
  checkPretrained,
  declareParameters,
  networks,
  type Pretrained,
  type RegisteredNetwork,
} from "./registry.ts";
export {
  crossAttentionKeyValues,
  type KeyValues,
  keyValueTypes,
  type UnetConfig,
  type UnetInputs,
  unet,
  unetDefaults,
} from "./unet/network.ts";
