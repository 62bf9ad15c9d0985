// The one interface between the page and what computes for it: the microscope in this browser, or a server. Everything is
// asked through it, so that no part of the page knows which of the two it has.
import type {
  ExportFormat,
  Job,
  JobEvent,
  JobRequest,
  JobResult,
  Localized,
  Meta,
  ModelSize,
  NucleusChoice,
  ParsedText,
  PlaneSource,
  Protein,
  ProteinMapState,
  ProteinName,
  RealCrops,
  UploadedImage,
  UploadOptions,
} from "./types.ts";

/** What has to be loaded before the first image, and how far that is. */
export interface Loading {
  /** What is loaded now, in words. */
  readonly what: string;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Bytes that lie in the browser's cache and are not fetched. */
  readonly bytesCached: number;
}

/** A file to save. */
export interface ExportedFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** What looks like an image. */
export interface Neighbour {
  readonly name: string;
  readonly similarity: number;
  /** URL of its picture. */
  readonly picture: string;
}

/** What computes. Every call may reject with a `ProblemError`. */
export interface Backend {
  readonly place: "browser" | "server";
  meta(): Promise<Meta>;
  /** What the model takes; answers before it is loaded. */
  size(): Promise<ModelSize>;
  examples(): Promise<readonly ProteinName[]>;
  suggest(query: string): Promise<readonly ProteinName[]>;
  parse(text: string): Promise<ParsedText>;
  find(name: string): Promise<Protein>;
  localize(sequence: string): Promise<Localized>;
  /** The map of annotated proteins, or how far it is; the first call starts it. */
  proteinMap(): Promise<ProteinMapState>;
  nuclei(): Promise<readonly NucleusChoice[]>;
  upload(file: File, options: UploadOptions): Promise<UploadedImage>;
  /** Nuclei from a mask that was painted by hand, [height, width], not 0 inside. */
  paint(mask: Uint8Array, width: number, height: number): Promise<UploadedImage>;
  submit(request: JobRequest): Promise<Job>;
  jobs(): Promise<readonly Job[]>;
  result(id: string): Promise<JobResult>;
  cancel(id: string): Promise<void>;
  /** Removes a job that is final, with its images. */
  remove(id: string): Promise<void>;
  exportJob(id: string, format: ExportFormat): Promise<ExportedFile>;
  /** Reports every change of a job until the returned function is called. */
  watch(listener: (event: JobEvent) => void): () => void;
  /** Reports the loading of weights until the returned function is called. */
  watchLoading(listener: (loading: Loading | null) => void): () => void;
  plane(source: PlaneSource): Promise<Float32Array>;
  /** Recorded crops of a compartment; absent where nothing can have a data set. */
  realCrops?(compartment: string, count: number): Promise<RealCrops>;
  /** What looks like an image that is given; absent where there is no index. */
  similar?(file: File): Promise<readonly Neighbour[]>;
}
