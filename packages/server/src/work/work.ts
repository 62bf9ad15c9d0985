// What a process does: jobs by their kinds, and the calls of a server that need networks or much memory. A server has these
// done by a process of its own, so that it answers meanwhile; a worker of PostgreSQL does jobs itself.

import { writePng } from "@proteoscope/formats";
import { localize, mostSteps, samplerNames } from "@proteoscope/microscope";
import { followMap, mapProteins, readProteinMap } from "@proteoscope/microscope/protein-map";
import type {
  LocalizedProtein,
  Model,
  NucleusLibrary,
  ProteinMapState,
  RetrieveResult,
  UploadedNuclei,
} from "../api.ts";
import type { JobWork } from "../jobs/run-job.ts";
import { modelDigest } from "../queue.ts";
import { mutateJob, scanJob } from "./experiments.ts";
import { type ExportedJob, exportJob } from "./export.ts";
import { generateJob } from "./generate.ts";
import { type ComparedImage, compareJob, type RetrievedImage, retrieveImage, retrieveJob } from "./images.ts";
import { addressOf } from "./stored-images.ts";
import type { UploadOptions } from "./stored-upload.ts";
import type { WorkTools } from "./tools.ts";
import { readUpload } from "./upload.ts";

/** What a process says of itself when it is ready. */
export interface WorkDescription {
  readonly device: string;
  readonly model: Model;
  readonly checksums: Readonly<Record<string, string>>;
  readonly library: NucleusLibrary;
  readonly canRetrieve: boolean;
}

/** The calls of a server, with what they are given and give. */
export interface WorkCalls {
  localize(params: { readonly sequence: string; readonly homologs: boolean }): Promise<LocalizedProtein>;
  upload(params: {
    readonly file: string;
    readonly name: string;
    readonly options: UploadOptions;
  }): Promise<UploadedNuclei>;
  retrieveImage(params: RetrievedImage): Promise<RetrieveResult>;
  /** How far the map of proteins is; the first call starts it. */
  proteinMap(params: Record<string, never>): Promise<ProteinMapState>;
  /** Returns the name of the stored file. */
  export(params: ExportedJob): Promise<{ readonly file: string; readonly name: string }>;
}

/** Does jobs by their kinds. */
export function jobWork(tools: WorkTools): JobWork {
  return {
    // The request was checked by the schema of its kind before it was stored.
    run({ kind, request, inputs }, reporter, signal) {
      const asked = request as never;
      switch (kind) {
        case "generate":
          return generateJob(tools, asked, reporter, signal);
        case "mutate":
          return mutateJob(tools, asked, reporter, signal);
        case "scan":
          return scanJob(tools, asked, reporter, signal);
        case "compare":
          return compareJob(tools, inputs as readonly ComparedImage[], reporter, signal);
        case "retrieve":
          return retrieveJob(tools, asked, reporter, signal);
        default:
          return Promise.reject(new Error(`there is no job of kind ${kind}`));
      }
    },
  };
}

/** The calls of a server. */
export function workCalls(tools: WorkTools): WorkCalls {
  const { microscope, folder } = tools;
  const askMap = followMap(
    async (onProgress) =>
      (await readProteinMap(folder, microscope.model)) ??
      mapProteins(microscope, microscope.model.homologs, { onProgress }),
  );
  return {
    localize: (params) => localizeOne(tools, params),
    upload: (params) => readUpload(tools, params),
    retrieveImage: (params) => retrieveImage(tools, params),
    // Its own type has readonly lists.
    proteinMap: async () => askMap() as ProteinMapState,
    export: (params) => exportJob(tools, params),
  };
}

async function localizeOne(
  { microscope }: WorkTools,
  { sequence, homologs }: { readonly sequence: string; readonly homologs: boolean },
): Promise<LocalizedProtein> {
  const encoded = await microscope.encode(sequence, {}, { homologs });
  const encoder = { ...microscope, encode: async () => encoded };
  for await (const { id: _, note, ...found } of localize(encoder, [{ id: "protein", sequence }])) {
    const target = Object.entries(encoded.targetCompartments ?? {})
      .map(([compartment, share]) => ({ compartment, share }))
      .sort((a, b) => b.share - a.share);
    const { omitted } = found;
    const sentences = [
      ...(omitted === null
        ? []
        : [`the language model is not shown residues ${omitted.first} to ${omitted.last}`]),
      ...(note === null ? [] : [`${found.balancedCompartment}, ${note}`]),
    ];
    return { ...found, target, sentences } as LocalizedProtein;
  }
  throw new Error("one protein gives one result");
}

/** Describes the model at work, and keeps pictures of its nuclei. */
export async function describeWork(tools: WorkTools): Promise<WorkDescription> {
  const { runtime, microscope, canRetrieve } = tools;
  const { model } = microscope;
  return {
    device: runtime.device,
    model: describeModel(model),
    checksums: model.checksums,
    library: await describeLibrary(tools),
    canRetrieve,
  };
}

function describeModel(model: WorkTools["microscope"]["model"]): Model {
  const { constants, extra } = model;
  const conditions = extra?.config.conditions ?? [];
  const compartments = [...model.localization.config.labels];
  const imageCompartments = [...model.classifier.config.labels];
  const unseen = compartments.filter((name) => !imageCompartments.includes(name));
  return {
    name: model.name,
    sha256: modelDigest(model.checksums),
    pixelSizeMicrons: constants.pixelSizeMicrons,
    cropPixels: constants.cropPixels,
    windowResidues: constants.windowResidues,
    ...{ compartments, imageCompartments },
    cellLines: conditions.flatMap((one) => (one.kind === "cell_line" ? one.cellLines : [])),
    takesExpression: conditions.some(({ kind }) => kind === "level"),
    mostSteps: Object.fromEntries(samplerNames.map((name) => [name, mostSteps(model, name)])),
    limits: [
      "Images are synthetic: hypotheses, not observations.",
      `An image shows ${constants.cropPixels} x ${constants.cropPixels} pixels of ${constants.pixelSizeMicrons} micrometres.`,
      `The language model is shown ${constants.windowResidues} residues; of longer proteins both ends.`,
      ...(unseen.length === 0 ? [] : [`No images are generated of ${unseen.join(", ")}.`]),
    ],
  };
}

async function describeLibrary({ library, files }: WorkTools): Promise<NucleusLibrary> {
  const { count, height, width, pixelSizeMicrons, source, licence, fields } = library;
  const area = height * width;
  const nuclei = [];
  for (let index = 0; index < count; index++) {
    const data = library.nuclei.slice(index * area, (index + 1) * area);
    const png = writePng({ width, height, channels: 1, depth: 8, data });
    const image = addressOf(await files.put(png, "png"));
    nuclei.push({ id: `library:${index}`, title: fields[index]!, image });
  }
  return { source, licence, width, height, pixelSizeMicrons, nuclei };
}
