// The files of a finished job: those that the command writes, in one archive. A cell is put together again from its stored
// planes and its provenance.

import { writeCsv } from "@proteoscope/formats";
import {
  encodeFiles,
  type GeneratedCell,
  type GeneratedImages,
  type ImageFormat,
  type Provenance,
  uniqueFileNames,
} from "@proteoscope/microscope";
import { type Zippable, zip } from "fflate";
import type {
  Cell,
  CompareResult,
  GenerateResult,
  MutateResult,
  RetrieveResult,
  ScanResult,
} from "../api.ts";
import { RefusedError } from "../problem.ts";
import { floatsOf, nameOf } from "./stored-images.ts";
import type { WorkTools } from "./tools.ts";

/** A finished job, and what is wanted of it. */
export interface ExportedJob {
  readonly id: string;
  readonly kind: string;
  readonly request: unknown;
  readonly result: unknown;
  readonly format: string;
}

const imageFormats: Readonly<Record<string, readonly ImageFormat[]>> = {
  ...{ png: ["png"], "ome-tiff": ["ome-tiff"], "ome-zarr": ["ome-zarr"], npy: ["npy"] },
  zip: ["png", "ome-tiff"],
};

/** Makes the archive, table or document; returns the stored file and the name to save it under. @throws RefusedError. */
export async function exportJob(tools: WorkTools, job: ExportedJob) {
  const { format, kind, result, request } = job;
  const base = `proteoscope-${kind}-${job.id.slice(0, 8)}`;
  const keep = async (bytes: Uint8Array, ending: string) => ({
    file: await tools.files.put(bytes, ending),
    name: `${base}.${ending}`,
  });
  const json = new TextEncoder().encode(`${JSON.stringify({ kind, request, result }, null, 2)}\n`);
  if (format === "json") return keep(json, "json");
  const table = new TextEncoder().encode(tableOf(kind, result));
  if (format === "csv") return keep(table, "csv");
  const files: Zippable = { "job.json": json, "table.csv": table };
  if (kind === "generate")
    await addCells(tools, (result as GenerateResult).cells, imageFormats[format]!, files);
  else if (format !== "zip")
    throw new RefusedError(`a job of ${kind} is exported as zip, csv or json`, {
      ...{ status: 422, kind: "usage", field: "format" },
    });
  else
    for (const [name, address] of picturesOf(kind, result))
      files[name] = await tools.files.read(nameOf(address));
  const bytes = await new Promise<Uint8Array>((resolve, reject) =>
    zip(files, { level: 1 }, (error, data) => (error === null ? resolve(data) : reject(error))),
  );
  return keep(bytes, "zip");
}

async function addCells(
  tools: WorkTools,
  cells: readonly Cell[],
  formats: readonly ImageFormat[],
  files: Zippable,
): Promise<void> {
  for (const cell of cells)
    for (const [path, bytes] of encodeFiles(await restoreCell(tools, cell), formats)) files[path] = bytes;
}

/** The cell as it was generated. */
async function restoreCell({ files }: WorkTools, cell: Cell): Promise<GeneratedCell> {
  const { name, height, width, medoid, agreement, pixelSizeMicrons, samples } = cell;
  const read = async (address: string) => floatsOf(await files.read(nameOf(address)));
  const area = height * width;
  const all = new Float32Array(2 * samples.length * area);
  for (const [sample, { protein, generatedNucleus }] of samples.entries()) {
    all.set(await read(protein), 2 * sample * area);
    all.set(await read(generatedNucleus), (2 * sample + 1) * area);
  }
  const images: GeneratedImages = {
    ...{ images: all, height, width, agreement, medoid },
    classified: samples.map(({ classified }) => classified),
    compartments: cell.compartments.classified,
  };
  const text = new TextDecoder().decode(await files.read(nameOf(cell.provenance)));
  const provenance: Provenance = JSON.parse(text);
  return { name, images, nucleus: await read(cell.nucleus), pixelSizeMicrons, provenance };
}

/** The pictures of a job that is no generation, by file name. */
function picturesOf(kind: string, result: unknown): [name: string, address: string][] {
  if (kind === "scan") return [["strip.png", (result as ScanResult).strip]];
  if (kind === "compare") return [["card.png", (result as CompareResult).card]];
  if (kind === "retrieve")
    return (result as RetrieveResult).ranking.map(({ rank, thumbnail }) => [`answer${rank}.png`, thumbnail]);
  const { wildType, variants, sheet } = result as MutateResult;
  const names = uniqueFileNames(["wild-type", ...variants.map(({ name }) => name)]);
  return [
    ["variants_synthetic.png", sheet],
    ...[wildType, ...variants].flatMap(({ images }, place) =>
      images.map(({ composite }, image): [string, string] => [
        `${names[place]}_image${image}_synthetic.png`,
        composite,
      ]),
    ),
  ];
}

type Row = Record<string, string | number>;

/** One row per cell, variant, window, pair or answer. */
function tableOf(kind: string, result: unknown): string {
  const rows = rowsOf(kind, result);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return writeCsv(rows, columns);
}

function rowsOf(kind: string, result: unknown): Row[] {
  const prefixed = (prefix: string, values: Readonly<Record<string, number>>): Row =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}_${name}`, value]));
  if (kind === "generate")
    return (result as GenerateResult).cells.flatMap(({ samples, ...cell }) =>
      samples.map(({ classified, target }, sample) => ({
        ...{ name: cell.name, protein: cell.protein, nucleus: cell.nucleusId, seed: cell.seed, sample },
        target: target ?? "",
        ...prefixed("classified", classified),
        ...prefixed("predicted", cell.compartments.predicted),
      })),
    );
  if (kind === "mutate")
    return (result as MutateResult).variants.map(
      ({ name, compartment, effect, effectSize, p, q, predicted }) => ({
        ...{ name, compartment, effect, effect_size: effectSize, p, q },
        ...prefixed("predicted", predicted),
      }),
    );
  if (kind === "scan")
    return (result as ScanResult).windows.map(
      ({ first, last, residues, effect, effectSize, p, q, compartment }) => ({
        ...{ first, last, residues, effect, effect_size: effectSize, p, q, compartment },
      }),
    );
  if (kind === "compare")
    return (result as CompareResult).pairs.map(({ name, figures, refused }) => ({
      ...{ name, refused: refused ?? "", ...figures },
    }));
  return (result as RetrieveResult).ranking.map(({ rank, name, protein, similarity, items }) => ({
    ...{ rank, name, protein: protein ?? "", similarity, items },
  }));
}
