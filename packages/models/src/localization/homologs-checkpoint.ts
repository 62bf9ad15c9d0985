// homologs/ of a model folder: the annotated proteins that a sequence is compared with. config.json has the parameters of
// the transfer and the sources of the annotations, proteins.safetensors the proteins that the model was trained on:
// `sequences` uint8 [residues], `ends` int32 [proteins], `shares` [proteins, labels]. unseen.safetensors has further ones in
// the same way, and annotations.tsv a row for each protein of both, in this order; either may be missing.

import { type NdArray, readSafetensors, toFloat32, writeSafetensors } from "@proteoscope/formats";
import { z } from "zod";
import { type ConfigFormat, formatConfig, parseConfig, size } from "../checkpoints/config-json.ts";
import { partFolder } from "../checkpoints/earlier-names.ts";
import { CheckpointError, type FileSource, readJson, readParsed } from "../checkpoints/file-source.ts";
import {
  type AnnotationSource,
  formatAnnotations,
  type ProteinAnnotation,
  parseAnnotations,
} from "./annotations.ts";
import { checkLabels } from "./checkpoint.ts";
import { type AnnotatedProteins, type HomologsConfig, kmerLength, residuesOf } from "./homologs.ts";

const name = z.string().min(1);

const homologsFormat: ConfigFormat<HomologsConfig & Pick<LoadedHomologs, "sources">> = {
  schema: z.object({
    labels: z.array(name).min(1).max(1000),
    neighbours: size,
    priorWeight: z.number().positive(),
    trust: z.number().min(0).lt(1),
    scale: z.number().positive(),
    sources: z
      .array(
        z.object({
          ...{ key: name, title: name },
          unresolved: z.array(z.object({ name, members: z.array(name).min(1) })),
        }),
      )
      .default([]),
  }),
  fixed: () => ({ kmerLength }),
};

/** The homologs of a model folder. */
export interface LoadedHomologs {
  readonly config: HomologsConfig;
  readonly proteins: AnnotatedProteins;
  /** Sources of the annotations; where two annotate one protein, the first of them counts. */
  readonly sources: readonly AnnotationSource[];
  /** One annotation per protein; none at all where a model has no annotations.tsv. */
  readonly annotations: readonly ProteinAnnotation[];
}

/** Name of the file of the proteins that a model was trained on. */
export const seenFile = "proteins.safetensors";
const unseenFile = "unseen.safetensors";
const annotationsFile = "annotations.tsv";

/**
 * Loads the homologs of a model folder; undefined where it has none. `labels` are those of its localization head, which the
 * homologs are held to. @throws CheckpointError or FormatError, naming file and field.
 */
export async function loadHomologs(
  folder: FileSource,
  labels?: readonly string[],
): Promise<LoadedHomologs | undefined> {
  const place = await partFolder(folder, "homologs");
  if (!(await place.exists("config.json"))) return undefined;
  const path = `${place.name}/config.json`;
  const { sources, ...config } = parseConfig(homologsFormat, await readJson(place, "config.json"), path);
  if (labels !== undefined) checkLabels(path, config.labels, labels);
  const files = [seenFile, ...((await place.exists(unseenFile)) ? [unseenFile] : [])];
  const tables = await Promise.all(files.map((file) => loadProteins(place, file, config.labels.length)));
  const proteins = concatenate(tables);
  const annotations = (await place.exists(annotationsFile))
    ? await readParsed(place, annotationsFile, parseAnnotations)
    : [];
  const bad = (fault: string) => new CheckpointError(`${place.name}/${annotationsFile}: ${fault}`);
  if (annotations.length > 0 && annotations.length !== proteins.ends.length)
    throw bad(`${annotations.length} rows for ${proteins.ends.length} proteins`);
  const keys = new Set(sources.map(({ key }) => key));
  const strange = annotations.find(({ source }) => !keys.has(source));
  if (strange !== undefined) throw bad(`"${strange.source}" is no source of config.json`);
  return { config, proteins, sources, annotations };
}

async function loadProteins(place: FileSource, file: string, labels: number): Promise<AnnotatedProteins> {
  const { tensors } = await readParsed(place, file, readSafetensors);
  const bad = (fault: string) => new CheckpointError(`${place.name}/${file}: ${fault}`);
  const tensor = (name: string, dtypes: readonly string[], rank: number): NdArray => {
    const found = tensors.get(name);
    if (found === undefined || !dtypes.includes(found.dtype) || found.shape.length !== rank)
      throw bad(
        `${name} is ${found === undefined ? "missing" : `${found.dtype} [${found.shape}]`} where ${dtypes.join(" or ")} of rank ${rank} fits`,
      );
    return found;
  };
  const sequences = tensor("sequences", ["uint8"], 1).data as Uint8Array;
  const ends = tensor("ends", ["int32"], 1).data as Int32Array;
  const shares = tensor("shares", ["float32", "float16"], 2);
  if (String(shares.shape) !== String([ends.length, labels]))
    throw bad(`shares is [${shares.shape}], ends and labels say [${ends.length},${labels}]`);
  if (ends.some((end, protein) => end < (ends[protein - 1] ?? 0)) || (ends.at(-1) ?? 0) !== sequences.length)
    throw bad(`ends does not rise to the ${sequences.length} residues of sequences`);
  const values = toFloat32(shares);
  if (!values.every((share) => share >= 0 && share <= 1)) throw bad("shares holds numbers outside 0 to 1");
  if (!values.some((share) => share > 0)) throw bad("shares has no label of any protein");
  return { sequences, ends, shares: values };
}

/** The proteins of several tables as one. */
function concatenate(tables: readonly AnnotatedProteins[]): AnnotatedProteins {
  const [only, ...others] = tables;
  if (others.length === 0) return only!;
  const total = (of: (table: AnnotatedProteins) => number) =>
    tables.reduce((sum, table) => sum + of(table), 0);
  const sequences = new Uint8Array(total((table) => table.sequences.length));
  const ends = new Int32Array(total((table) => table.ends.length));
  const shares = new Float32Array(total((table) => table.shares.length));
  let [residue, protein, share] = [0, 0, 0];
  for (const table of tables) {
    sequences.set(table.sequences, residue);
    shares.set(table.shares, share);
    for (const end of table.ends) ends[protein++] = residue + end;
    residue += table.sequences.length;
    share += table.shares.length;
  }
  return { sequences, ends, shares };
}

/**
 * The homologs without those that are not kept; undefined where none is left. An evaluation keeps what a model was trained
 * on, so that no protein that it holds out is looked up.
 */
export function keepHomologs(
  { config, proteins, sources, annotations }: LoadedHomologs,
  isKept: (sequence: string) => boolean,
): LoadedHomologs | undefined {
  const decoder = new TextDecoder();
  const kept = [...proteins.ends.keys()].filter((protein) =>
    isKept(decoder.decode(residuesOf(proteins, protein))),
  );
  if (kept.length === 0) return undefined;
  const width = config.labels.length;
  const rows = kept.map((protein) => ({
    sequences: residuesOf(proteins, protein),
    ends: Int32Array.of(residuesOf(proteins, protein).length),
    shares: proteins.shares.subarray(protein * width, (protein + 1) * width),
  }));
  return {
    ...{ config, sources, proteins: concatenate(rows) },
    annotations: annotations.length === 0 ? [] : kept.map((protein) => annotations[protein]!),
  };
}

/** The files of `homologs/`, by path. */
export function saveHomologs({
  config,
  proteins,
  sources,
  annotations,
}: LoadedHomologs): Map<string, Uint8Array> {
  const { sequences, ends, shares } = proteins;
  const json = `${JSON.stringify(formatConfig(homologsFormat, { ...config, sources }), null, 2)}\n`;
  const tensors = new Map<string, NdArray>([
    ["sequences", { dtype: "uint8", shape: [sequences.length], data: sequences }],
    ["ends", { dtype: "int32", shape: [ends.length], data: ends }],
    ["shares", { dtype: "float32", shape: [ends.length, config.labels.length], data: shares }],
  ]);
  const encoder = new TextEncoder();
  return new Map([
    ["homologs/config.json", encoder.encode(json)],
    [`homologs/${seenFile}`, writeSafetensors(tensors)],
    ...(annotations.length === 0
      ? []
      : [[`homologs/${annotationsFile}`, encoder.encode(formatAnnotations(annotations))] as const]),
  ]);
}
