// What the page and whatever computes for it speak of: proteins, nuclei, jobs and their images. Both backends, the one in this
// browser and the server, give these; the page knows no other form.

export type { MappedProtein, ProteinMap, ProteinMapState } from "@proteoscope/microscope/protein-map";

/** Probability, share or change by name of the compartment. */
export type ByCompartment = Readonly<Record<string, number>>;

/** A peptide that leads a protein to a compartment. */
export interface Signal {
  readonly name: string;
  readonly residues: string;
  readonly leadsTo: string;
  readonly terminus: "N" | "C" | null;
  readonly source: string;
}

/** Settings of a generation. */
export interface Settings {
  /** Images per protein and nucleus, each from other noise. */
  readonly samples: number;
  readonly steps: number;
  readonly guidance: number;
  readonly sampler: "ddim" | "ddpm" | "dpm++";
  /** Seed of the noise. */
  readonly seed: number;
}

/** What computes, with what, and what it offers. */
export interface Meta {
  readonly device: string;
  /** Whether there is an index of images to search. */
  readonly canRetrieve: boolean;
  /** Name of the data set whose recorded crops can be shown; null without one. */
  readonly realCrops: string | null;
  readonly model: { readonly name: string; readonly sha256: string; readonly limits: readonly string[] };
  readonly compartments: readonly string[];
  readonly signals: readonly Signal[];
  readonly defaults: Settings;
  readonly cropPixels: number;
  readonly pixelSizeMicrometers: number;
  /** What `doctor` reports, as rows of a table. */
  readonly report: readonly (readonly [name: string, value: string])[];
}

/** What a model takes, known before it is loaded. */
export interface ModelSize {
  readonly name: string;
  readonly fileBytes: number;
  /** Bytes that this browser has to fetch; null where a server has the files. */
  readonly downloadBytes: number | null;
  /** Estimate for whatever computes; null where the files do not say. */
  readonly memoryBytes: number | null;
}

/** A recorded crop with what has to stand beside it. */
export interface RealCrop {
  readonly protein: PlaneSource;
  readonly nucleus: PlaneSource;
  readonly width: number;
  readonly height: number;
  readonly pixelSizeMicrometers: number;
  readonly gene: string | null;
  readonly cellLine: string | null;
  readonly source: string;
  readonly licence: string;
}

/** Recorded crops of a compartment. */
export interface RealCrops {
  readonly dataSet: string;
  /** How many there are of the compartment, of which some are given. */
  readonly total: number;
  readonly crops: readonly RealCrop[];
}

/** A protein that the page offers by name. */
export interface ProteinName {
  readonly symbol: string;
  readonly accession: string;
  readonly organism: string;
  /** Annotated or expected compartments in words. */
  readonly compartments: readonly string[];
}

/** A protein whose sequence is known to the page. */
export interface Protein {
  readonly id: string;
  readonly description: string;
  readonly sequence: string;
}

/** A record that is not read, with its place in the text. */
export interface Refusal {
  readonly id: string;
  readonly reason: string;
  /** One-based place in the text, where there is one. */
  readonly line: number | null;
  readonly column: number | null;
}

/** What a text holds. */
export interface ParsedText {
  readonly proteins: readonly Protein[];
  readonly refused: readonly Refusal[];
}

/** What is predicted from a sequence, and what is known of it. */
export interface Localized {
  readonly predicted: ByCompartment;
  /** Shares of the compartments that images are conditioned on; null where the model has none. */
  readonly target: ByCompartment | null;
  /** The annotation in words; null where there is none. */
  readonly known: string | null;
  /** Sentences that go with the prediction: what was left out, what it rests on. */
  readonly notes: readonly string[];
}

/** Pixels in main memory, or where they are fetched from. */
export type PlaneSource =
  | { readonly data: Float32Array; readonly url?: undefined }
  | { readonly url: string; readonly data?: undefined };

/** A nucleus that proteins can be generated around. */
export interface NucleusChoice {
  /** `library:7`, or `upload:HASH:2`. */
  readonly id: string;
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly pixelSizeMicrometers: number;
  readonly plane: PlaneSource;
}

/** How an image of nuclei is read. */
export interface UploadOptions {
  readonly channel?: number | undefined;
  readonly pixelSizeMicrometers?: number | undefined;
}

/** An uploaded image: its channels, and the nuclei that were found in the one that was chosen. */
export interface UploadedImage {
  readonly name: string;
  readonly channels: readonly { readonly index: number; readonly name: string }[];
  /** The channel that was read; null where one has to be chosen. */
  readonly channel: number | null;
  readonly bitDepth: number;
  /** What the file says; null where it says nothing. */
  readonly pixelSizeMicrometers: number | null;
  /** What is in the way of reading on, in words; null where nothing is. */
  readonly question: string | null;
  /** The stain, 0 to 1, at the pixel size of the model, and the borders of the nuclei, not 0 there; [height, width]. */
  readonly field: {
    readonly width: number;
    readonly height: number;
    readonly stain: Float32Array;
    readonly borders: Uint8Array;
  } | null;
  readonly nuclei: readonly NucleusChoice[];
}

/** The images of one protein around one nucleus. */
export interface Cell {
  readonly protein: Protein;
  /** The variant in short form; null for the protein itself. */
  readonly variant: string | null;
  readonly nucleusId: string;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly pixelSizeMicrometers: number;
  readonly nucleus: PlaneSource;
  readonly samples: readonly { readonly protein: PlaneSource; readonly compartments: ByCompartment }[];
  /** What the image classifier recognises, mean over the samples. */
  readonly classified: ByCompartment;
  /** Mean correlation of the samples inside the cell; null for one sample. */
  readonly agreement: number | null;
  readonly medoid: number;
  /** The record of how the images were made; null where the work keeps none of each cell. */
  readonly provenance: Readonly<Record<string, unknown>> | null;
}

/** An effect with what it is compared with. */
export interface Effect {
  readonly effect: number;
  readonly effectSize: number;
  readonly p: number;
  readonly q: number;
}

/** The null of an experiment: its median and the bound above which an effect is unusual. */
export interface NullBand {
  readonly median: number;
  readonly threshold: number;
  readonly draws: number;
}

/** A variant beside its wild type. */
export interface VariantRow extends Effect {
  readonly name: string;
  readonly description: string;
  readonly compartment: string;
  readonly change: ByCompartment;
  readonly null: NullBand;
}

/** A window of a scan. */
export interface WindowRow extends Effect {
  readonly first: number;
  readonly last: number;
  readonly residues: string;
  /** The change of the window in short form; null for one that is random. */
  readonly variant: string | null;
  readonly compartment: string;
  readonly change: ByCompartment;
}

/** The result of a job; which parts it has depends on its kind. */
export interface JobResult {
  readonly cells: readonly Cell[];
  readonly variants?: readonly VariantRow[] | undefined;
  readonly scan?:
    | { readonly mode: string; readonly windows: readonly WindowRow[]; readonly null: NullBand }
    | undefined;
  /** What a cancelled job had come to; absent where it had come to nothing. */
  readonly preview?: Preview | undefined;
}

/** What a job is asked to do. */
export type JobRequest =
  | {
      readonly kind: "generate";
      readonly proteins: readonly Protein[];
      readonly nuclei: readonly string[];
      readonly settings: Settings;
    }
  | {
      readonly kind: "mutate";
      readonly protein: Protein;
      readonly variants: readonly string[];
      readonly nuclei: readonly string[];
      readonly settings: Settings;
      readonly draws: number;
    }
  | {
      readonly kind: "scan";
      readonly protein: Protein;
      readonly mode: string;
      readonly window: number;
      readonly stride: number;
      readonly draws: number | null;
      readonly seed: number;
    };

/** The states of a job; the last three are final. */
export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";

/** How far a job has come. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  /** Seconds that are left at the rate so far; null before it is known. */
  readonly etaSeconds: number | null;
}

/** A foreseen failure, as RFC 9457 has it. */
export interface Problem {
  readonly title: string;
  readonly detail: string;
  readonly kind: string;
  readonly field: string | null;
}

/** A piece of work and what became of it. */
export interface Job {
  readonly id: string;
  readonly state: JobState;
  readonly request: JobRequest;
  /** ISO 8601. */
  readonly created: string;
  readonly finished: string | null;
  /** Jobs before it; null where it does not wait. */
  readonly position: number | null;
  readonly progress: Progress | null;
  readonly error: Problem | null;
  /** The command line that does the same; null where there is none. */
  readonly command: string | null;
  /** The first digits of the weights' SHA-256; absent in jobs that an earlier version of the page stored. */
  readonly model?: string | undefined;
  /** The compartments that its pictures are most like, each once; absent before there are pictures. */
  readonly compartments?: readonly string[] | undefined;
}

/** An image of a job that is not finished, decoded from the latents so far: a picture, or planes that the page displays. */
export interface Preview {
  readonly job: string;
  readonly step: number;
  readonly steps: number;
  /** URL of a picture; null where there are planes. */
  readonly picture: string | null;
  readonly planes: {
    readonly width: number;
    readonly height: number;
    readonly pixelSizeMicrometers: number;
    readonly nucleus: Float32Array;
    readonly protein: Float32Array;
  } | null;
}

/** What a watcher of jobs receives. */
export type JobEvent =
  | { readonly type: "job"; readonly job: Job }
  | { readonly type: "preview"; readonly preview: Preview }
  | { readonly type: "removed"; readonly id: string };

/** The kinds of files that a job is exported as. */
export const exportFormats = ["zip", "ome-tiff", "ome-zarr", "png", "csv"] as const;
/** One of `exportFormats`. */
export type ExportFormat = (typeof exportFormats)[number];
