// What other packages may use of @proteoscope/formats: bytes <-> typed arrays, in Node and in browsers, no machine
// learning. Readers return or throw FormatError, whatever bytes they are given.

export { type NpyHeader, readNpy, readNpyHeader, writeNpy } from "./arrays/npy.ts";
export { type ReadNpzOptions, readNpz, writeNpz } from "./arrays/npz.ts";
export {
  readSafetensors,
  readSafetensorsHeader,
  type Safetensors,
  type SafetensorsEntry,
  type SafetensorsHeader,
  safetensorsDataStart,
  writeSafetensors,
} from "./arrays/safetensors.ts";
export { FormatError, type FormatErrorDetails } from "./errors.ts";
export {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "./half-precision.ts";
export { type ImageFile, type ReadImageOptions, readImage } from "./image-file.ts";
export {
  bytesOf,
  bytesPerElement,
  type DType,
  elementCount,
  isConsistent,
  type NdArray,
  type TypedArray,
  toFloat32,
  viewBytes,
} from "./nd-array.ts";
export { type OmeTiffImage, writeOmeTiff } from "./ome-tiff.ts";
export { type OmeZarrImage, writeOmeZarr } from "./ome-zarr.ts";
export { type PngImage, readPng, writePng } from "./png.ts";
export { listBriefly, nameCharacter, printable } from "./printable.ts";
export { type ErrorKind, ProteoscopeError, type ProteoscopeErrorOptions } from "./proteoscope-error.ts";
export { type ReadCsvOptions, readCsv, writeCsv } from "./text/csv.ts";
export {
  type FastaOptions,
  type FastaRecord,
  type FastaResult,
  parseFasta,
  parseSequence,
  type RefusedRecord,
  readFastaRecords,
} from "./text/fasta.ts";
export { readTiff, type TiffImage } from "./tiff.ts";
export { collectTensors, readTorchCheckpoint } from "./torch/checkpoint.ts";
