// What other packages may use of @proteoscope/microscope: the tasks of a biologist as functions over plain data.
// No files, no arguments, no network: those belong to the callers, so that all of this also runs in a browser.

export { type ImageReader, openImageReader, type SeenImage } from "./image/classifier.ts";
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
} from "./image/microscope.ts";
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
  openProteinReader,
  type ProteinReader,
  type ReadProtein,
} from "./protein/encoder.ts";
