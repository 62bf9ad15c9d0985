// What other packages may use of @proteoscope/imaging: planes of pixels, nuclei and pictures, without networks, in Node
// and in browsers.

export { keepResults } from "./keep-results.ts";
export {
  type CropOptions,
  type CroppedField,
  cropNuclei,
  cutCrop,
  type NucleusCrop,
  type SegmentedField,
  wholeNuclei,
} from "./nuclei/crop-nuclei.ts";
export { type FieldCanvas, openFieldCanvas } from "./nuclei/field-canvas.ts";
export { percentiles } from "./nuclei/intensity.ts";
export {
  type LibraryNucleus,
  type NucleusLibrary,
  pickNucleus,
  readNucleusLibrary,
  writeNucleusLibrary,
} from "./nuclei/library.ts";
export { NucleusError, type NucleusProblem } from "./nuclei/nucleus-error.ts";
export {
  type FieldSource,
  type NucleiOfImage,
  type NucleusPlaneOptions,
  type ReadNucleusOptions,
  readField,
  readNucleus,
} from "./nuclei/read-nucleus.ts";
export {
  type Nucleus,
  type Segmentation,
  type SegmentOptions,
  segmentNuclei,
} from "./nuclei/segment-nuclei.ts";
export { drawText, fillRectangle, textWidth } from "./picture/bitmap-font.ts";
export {
  type CellChannels,
  composite,
  compositeCell,
  type Layer,
  layerColours,
} from "./picture/composite.ts";
export {
  type Figure,
  type FigureBox,
  type FigureText,
  figureSvg,
  renderFigure,
} from "./picture/figure.ts";
export { type GridOptions, markSynthetic, type Tile, tileImages } from "./picture/grid.ts";
export { drawGrid } from "./picture/plane-grid.ts";
export { blankImage, enlargeImage, pasteImage, type RgbColour, type RgbImage } from "./picture/rgb-image.ts";
export { addScaleBar, type ScaleBarOptions } from "./picture/scale-bar.ts";
export { detectColorDepth, renderTerminalImage } from "./picture/terminal-image.ts";
export { copyWindow } from "./planes/copy-window.ts";
export { keptPerSide, openDctLowPass } from "./planes/dct-low-pass.ts";
export {
  type DirectionalPeak,
  directionalSpectrum,
  type SpectrumOptions,
  strongestDirection,
} from "./planes/directional-spectrum.ts";
export { euclideanDistance, type PlaneSize } from "./planes/distance-transform.ts";
export { gaussianBlur } from "./planes/gaussian-blur.ts";
export { latentDistance, nuclearDistance } from "./planes/nuclear-distance.ts";
export { nuclearProportion } from "./planes/nuclear-proportion.ts";
export {
  medianOverlap,
  multiScaleSimilarity,
  planeCorrelation,
  radialBands,
  radialSpectrum,
  signalToNoise,
  structuralSimilarity,
  tiledSpectrum,
} from "./planes/picture-quality.ts";
export { mutualInformation, normalizedError, rankCorrelation } from "./planes/plane-agreement.ts";
export { cyclesOf, openFrequencyBands, powerSpectrum } from "./planes/power-spectrum.ts";
export { resamplePlane } from "./planes/resample-plane.ts";
export { resizeBilinear } from "./planes/resize-bilinear.ts";
export { type Agreement, cellFootprint, sampleAgreement } from "./planes/sample-agreement.ts";
