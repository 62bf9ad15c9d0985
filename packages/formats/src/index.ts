// What other packages may use of @proteoscope/formats: bytes <-> typed arrays, in Node and in browsers, no machine
// learning. Readers return or throw FormatError, whatever bytes they are given.

export type { ByteSource } from "./archive/zip.ts";
export { type NpyHeader, readNpy, readNpyHeader, writeNpy, writeNpyHeader } from "./arrays/npy.ts";
export { type ReadNpzOptions, readNpz, writeNpz } from "./arrays/npz.ts";
export {
  planSafetensors,
  readSafetensors,
  readSafetensorsHeader,
  type Safetensors,
  type SafetensorsEntry,
  type SafetensorsHeader,
  type SafetensorsPlan,
  safetensorsDataStart,
  writeSafetensors,
} from "./arrays/safetensors.ts";
export { readTextNpy, type TextArray } from "./arrays/text-npy.ts";
export { FormatError, type FormatErrorDetails } from "./errors.ts";
export {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "./half-precision.ts";
export { describeAxes, type ImageStack, type PlaneIndex } from "./image/image-stack.ts";
export { type OpenImageOptions, openImage } from "./image/open-image.ts";
export { type PngImage, readPng, writePng } from "./image/png.ts";
export {
  describeSelection,
  ImageSelectionError,
  type PlaneSelection,
  type SelectedPlane,
  type SelectPlaneOptions,
  selectPlane,
  type ZPolicy,
} from "./image/select-plane.ts";
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
export type { OmeLabels, OmeTiffImage } from "./ome/ome-tiff-image.ts";
export { writeOmeTiff } from "./ome/write-ome-tiff.ts";
export { type OmeZarrImage, writeOmeZarr } from "./ome/write-ome-zarr.ts";
export { type ByteFile, eachParquetRow } from "./parquet/read-parquet.ts";
export {
  type ParquetColumn,
  type ParquetTable,
  type ParquetType,
  type ParquetValue,
  startParquet,
} from "./parquet/write-parquet.ts";
export { listBriefly, nameCharacter, printable } from "./printable.ts";
export { type ErrorKind, ProteoscopeError, type ProteoscopeErrorOptions } from "./proteoscope-error.ts";
export {
  crc32c,
  type EventImage,
  type TrainingEvent,
  writeEvent,
  writeEventsHeader,
} from "./tensorboard/write-events.ts";
export { type BoundedJsonOptions, parseBoundedJson } from "./text/bounded-json.ts";
export {
  type EachCsvRowOptions,
  eachCsvRow,
  type ReadCsvOptions,
  readCsv,
  writeCsv,
} from "./text/csv.ts";
export { type DecodeTextOptions, decodeText } from "./text/decode-text.ts";
export {
  type FastaOptions,
  type FastaRecord,
  type FastaResult,
  parseFasta,
  parseSequence,
  type RefusedRecord,
  readFastaRecords,
} from "./text/fasta.ts";
export { type ProteinFeature, readFeatures } from "./text/feature-table.ts";
export { readTiff, type TiffImage } from "./tiff/read-tiff.ts";
export { isTorchArchive, openTorchCheckpoint, readTorchCheckpoint } from "./torch/checkpoint.ts";
export { collectTensors, withoutWrapperNames } from "./torch/state-dict.ts";
export type { StoredTorchTensor } from "./torch/tensors.ts";
export { type ByteRange, type ByteStore, mapStore } from "./zarr/byte-store.ts";
