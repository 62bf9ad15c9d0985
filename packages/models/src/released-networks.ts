// Networks of other groups that run from their released weights: SubCell, CELL-Diff and Vermeer, each with what makes and
// reads its inputs. docs/released-weights.md says what each is for. ESMC is a protein language model like ESM2, and stands
// with it in index.ts. The list is made by hand.

export { cellDiffDefaults, cellDiffDefinition, cellDiffFormat } from "./cell-diff/definition.ts";
export {
  type CellDiffSampling,
  type CellDiffSequenceSampling,
  type CellDiffStepper,
  cellDiffCondition,
  decodeCellDiff,
  denoiseCellDiff,
  encodeCellDiff,
  fillCellDiffSequence,
  openCellDiff,
  sampleCellDiff,
  sampleCellDiffSequence,
} from "./cell-diff/generate.ts";
export {
  type CellDiffConfig,
  type CellDiffInputs,
  type CellDiffOutputs,
  cellDiffKeyValues,
  cellDiffSequence,
  cellDiffStains,
} from "./cell-diff/network.ts";
export {
  type CellDiffSchedule,
  type CellDiffStep,
  cellDiffDdimStep,
  cellDiffDdpmStep,
  cellDiffSchedule,
  cellDiffTimesteps,
  type Respacing,
} from "./cell-diff/schedule.ts";
export { openStagedCellDiff, type StagedCellDiffOptions } from "./cell-diff/staged.ts";
export { cellDiffDenoise, type LatentSize } from "./cell-diff/stages.ts";
export {
  type HalfPrecisionFile,
  inHalfPrecision,
  openStoredCellDiff,
  type StoredCellDiff,
} from "./cell-diff/stored.ts";
export { cellDiffMaskId, cellDiffTokens, tokenizeCellDiff } from "./cell-diff/tokenizer.ts";
export { findReleasedWeights, type ReleasedWeights, type ReleasePlace, releasedWeights } from "./released.ts";
export { normalizeSubcell, subcellLocations, subcellPixelSizeMicrons } from "./subcell/locations.ts";
export {
  type SubcellConfig,
  type SubcellOutputs,
  type SubcellStain,
  subcell,
  subcellDefaults,
  subcellStains,
} from "./subcell/network.ts";
export {
  type DrawOptions,
  drawProbabilities,
  greedyToken,
  tokenAt,
  tokenByExponentials,
} from "./vermeer/draw.ts";
export {
  generateVermeerTokens,
  openVermeerDecoder,
  type VermeerDecoder,
  type VermeerGeneration,
} from "./vermeer/generate.ts";
export {
  rotationTable,
  type VermeerConfig,
  type VermeerInputs,
  vermeer,
  vermeerCondition,
  vermeerPresets,
} from "./vermeer/network.ts";
export {
  cutToByte,
  prepareStain,
  resizeLanczos,
  type StainPicture,
  stretchLimits,
  unitStain,
} from "./vermeer/preprocess.ts";
export {
  codesAt,
  pictureTokenCount,
  pictureTokens,
  specialTokens,
  type TokenLayout,
  vermeerStains,
  vocabularySize,
} from "./vermeer/tokens.ts";
export {
  type VermeerVqConfig,
  vermeerVqDecode,
  vermeerVqDefaults,
  vermeerVqEncode,
  vermeerVqIndices,
} from "./vermeer/vq-network.ts";
