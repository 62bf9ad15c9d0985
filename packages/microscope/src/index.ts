// What other packages may use of @proteoscope/microscope: the tasks of a biologist as functions over plain data.
// No files, no arguments, no network: those belong to the callers, so that all of this also runs in a browser.

export { type Agreement, cellFootprint, sampleAgreement } from "./agreement.ts";
export { calibrationFile, formatCalibration } from "./calibration-file.ts";
export {
  type Cell,
  type Drawing,
  type DrawOptions,
  drawDefaults,
  type Microscope,
  mostSteps,
  openMicroscope,
  type SamplerName,
  samplerNames,
} from "./microscope.ts";
export type {
  Component,
  ImageClassifierConfig,
  ImagingConstants,
  MicroscopeModel,
  SequenceModel,
} from "./model.ts";
export {
  type CropOptions,
  type CroppedField,
  cropNuclei,
  type NucleusCrop,
} from "./nuclei/crop-nuclei.ts";
export {
  type LibraryNucleus,
  type NucleusLibrary,
  pickNucleus,
  readNucleusLibrary,
  writeNucleusLibrary,
} from "./nuclei/library.ts";
export { NucleusError, type NucleusProblem } from "./nuclei/nucleus-error.ts";
export {
  type DecodedImage,
  type NucleiOfImage,
  type ReadNucleusOptions,
  readNucleus,
} from "./nuclei/read-nucleus.ts";
export {
  type Nucleus,
  type Segmentation,
  type SegmentOptions,
  segmentNuclei,
} from "./nuclei/segment-nuclei.ts";
export { drawText, textWidth } from "./picture/bitmap-font.ts";
export {
  type CellChannels,
  composite,
  compositeCell,
  type Layer,
  layerColours,
} from "./picture/composite.ts";
export { type GridOptions, markSynthetic, type Tile, tileImages } from "./picture/grid.ts";
export { blankImage, enlargeImage, pasteImage, type RgbColour, type RgbImage } from "./picture/rgb-image.ts";
export { addScaleBar, type ScaleBarOptions } from "./picture/scale-bar.ts";
export {
  byName,
  type CompartmentProbabilities,
  openProteinReader,
  type ProteinReader,
  type ReadProtein,
} from "./protein-reader.ts";
export {
  nucleusLibraryFile,
  readImagingConstants,
  readModel,
  readModelNuclei,
  readSequenceModel,
} from "./read-model.ts";
