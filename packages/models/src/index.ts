// What other packages may use of @proteoscope/models: the published networks, their samplers, and the nuclear
// condition they are given. Listed by hand, so that the public surface is a decision.

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
} from "./autoencoder-kl.ts";
export {
  type ContrastiveLoss,
  type ContrastiveOptions,
  clipLoss,
  clipScale,
  contrastiveLoss,
  type GatheredEmbeddings,
} from "./clip.ts";
export {
  type CompartmentClassifierConfig,
  compartmentClassifier,
  compartmentClassifierDefaults,
  compartmentFeatures,
  compartmentLogits,
} from "./compartment-classifier.ts";
export {
  type CompartmentDecision,
  type DecidedCompartments,
  decideCompartments,
} from "./compartment-decision.ts";
export {
  type CytoselfConfig,
  type CytoselfLevel,
  type CytoselfOutputs,
  classifyCode,
  cytoself,
  cytoselfDefaults,
  cytoselfGrids,
  encodeCytoself,
} from "./cytoself.ts";
export type { BottleneckStage, CytoselfEncoderConfig, CytoselfMode } from "./cytoself-encoder.ts";
export {
  type CytoselfBatch,
  type CytoselfLossConfig,
  type CytoselfLosses,
  cytoselfLoss,
} from "./cytoself-loss.ts";
export {
  type CytoselfRegressorConfig,
  cytoselfRegressionLoss,
  cytoselfRegressor,
  cytoselfRegressorDefaults,
  judgedLevel,
  type RegressionTargets,
  regressionClassifierWeight,
} from "./cytoself-regressor.ts";
export { createDdimSampler, type DdimOptions } from "./ddim.ts";
export { createDdpmSampler } from "./ddpm.ts";
export {
  compileDenoiser,
  type Denoiser,
  type DenoiserInputs,
  type DenoiserOptions,
  type PreparedSequence,
} from "./denoiser.ts";
export { type DescriptorHeadConfig, descriptorHead } from "./descriptor-head.ts";
export { describeSequence, descriptorCount } from "./descriptors.ts";
export { type DiffusionBatch, type DiffusionLoss, diffusionLoss, maskedMean } from "./diffusion.ts";
export { type DiscriminatorConfig, discriminator, discriminatorDefaults } from "./discriminator.ts";
export { createDpmSolverSampler } from "./dpm-solver.ts";
export {
  type EsmBottleneckConfig,
  type EsmBottleneckInputs,
  esmBottleneck,
  esmBottleneckDefaults,
} from "./esm-bottleneck.ts";
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
} from "./esm2.ts";
export { canonicalEsm2Names, fairEsmName, fairEsmStateDict, huggingFaceName } from "./esm2-names.ts";
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
} from "./esm2-tokenizer.ts";
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
  type TableCondition,
  type ToldOfProtein,
} from "./extra-conditions.ts";
export {
  type JointEmbeddingConfig,
  type JointEmbeddings,
  type JointInputs,
  jointEmbedding,
  jointEmbeddingDefaults,
  projectImages,
  unitRows,
} from "./joint-embedding.ts";
export {
  answerProbabilities,
  type LocalizationCalibration,
  type LogitCorrection,
  labelProbabilities,
  noCalibration,
} from "./localization-calibration.ts";
export {
  type LocalizationHeadConfig,
  type LocalizationInputs,
  localizationHead,
  localizationHeadDefaults,
} from "./localization-head.ts";
export { type LocalizerConfig, localizer } from "./localizer.ts";
export {
  checkLora,
  type LoraAdapter,
  type LoraConfig,
  loraDefaults,
  loraPrefix,
  mergeLora,
  withLora,
} from "./lora.ts";
export { type LpipsNetwork, lpips, lpipsFeatures } from "./lpips.ts";
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
} from "./noise-schedule.ts";
export { euclideanDistance, type PlaneSize } from "./nucleus/euclidean-distance.ts";
export { latentDistance, nuclearDistance } from "./nucleus/nuclear-distance.ts";
export { resizeBilinear } from "./nucleus/resize-bilinear.ts";
export {
  type AutoencoderTrainingConfig,
  type AutoencoderTrainingInputs,
  autoencoderLosses,
  type PerceptualAdversarialConfig,
  type PerceptualAdversarialInputs,
  type PerceptualAdversarialLosses,
  perceptualAdversarialDefaults,
  perceptualAdversarialLoss,
} from "./perceptual-adversarial-loss.ts";
export {
  type Architecture,
  architectureTitles,
  checkPretrained,
  declareParameters,
  esm2Heads,
  hasPart,
  type Pretrained,
  type StateDict,
} from "./pretrained/architectures.ts";
export { loadCheckedWeights } from "./pretrained/checked-weights.ts";
export { type ConfigFormat, formatConfig, type Json, parseConfig } from "./pretrained/config-json.ts";
export { type ExportOptions, exportNetwork } from "./pretrained/export-onnx.ts";
export {
  extraTypes,
  type LoadedExtra,
  loadExtraConditions,
  saveExtraConditions,
} from "./pretrained/extra-folder.ts";
export { loadLora, saveLora } from "./pretrained/lora-adapter.ts";
export { cytoselfFormat, esm2Format } from "./pretrained/model-configs.ts";
export {
  CheckpointError,
  memoryFolder,
  type ReadFolder,
  readJson,
  readParsed,
  subfolder,
  webFolder,
} from "./pretrained/read-folder.ts";
export { type LoadedRelatives, loadRelatives, saveRelatives } from "./pretrained/relatives-folder.ts";
export { type NamedArrays, runPretrained, TensorError } from "./pretrained/run.ts";
export {
  type Files,
  type PipelineParts,
  type SaveOptions,
  savePipeline,
  savePretrained,
  saveSingleFile,
} from "./pretrained/save.ts";
export {
  descriptorHeadFormat,
  type LoadedCondition,
  type LoadedDescriptors,
  type LoadedHead,
  languageModelFolder,
  loadDescriptors,
  loadLocalizationHead,
  loadSequenceCondition,
  saveSequenceCondition,
} from "./pretrained/sequence-folders.ts";
export {
  openStreamedEsm2,
  runStreamedEsm2,
  type StreamedEsm2,
  type StreamOptions,
} from "./pretrained/streamed-esm2.ts";
export {
  type LoadOptions,
  loadAs,
  loadNoiseSchedule,
  loadParts,
  loadPipeline,
  loadPretrained,
  type PretrainedPipeline,
} from "./pretrained.ts";
export {
  type ProteinProjectionConfig,
  projectionHead,
  projectProteins,
  proteinProjectionDefaults,
} from "./projection-head.ts";
export { type LocalizationLossOptions, localizationLoss, maskedTokenLoss } from "./protein-losses.ts";
export { readSequence, type SequenceNetwork, type SequenceReading } from "./read-sequence.ts";
export {
  type AnnotatedProteins,
  openRelatives,
  type Relatives,
  type RelativesConfig,
  relativesDefaults,
  type Told,
} from "./relatives.ts";
export { type SampleOptions, type SamplingProgress, sampleLatents } from "./sample.ts";
export type { Sampler, SamplerState } from "./sampler.ts";
export {
  compartmentCondition,
  randomSequence,
  type SequenceConditionInputs,
  type SequenceInput,
  sequenceCondition,
  sequenceInputs,
  sequenceInputWidth,
  sequenceRows,
} from "./sequence-condition.ts";
export { type SequenceWindow, windowSequence } from "./sequence-window.ts";
export { type Triplets, tripletLoss, tripletMargin } from "./triplet.ts";
export {
  crossAttentionKeyValues,
  type KeyValues,
  keyValueTypes,
  type UnetConfig,
  type UnetInputs,
  unet,
  unetDefaults,
} from "./unet.ts";
export { type Quantized, quantize, type VectorQuantizerConfig } from "./vector-quantizer.ts";
