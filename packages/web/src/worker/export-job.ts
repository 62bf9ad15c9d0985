// The files of a job, encoded by microscope's own writers: raw planes as OME-TIFF and OME-Zarr, pictures as PNG, tables as CSV,
// and the provenance. Several files come as one zip.
import { writeCsv, writeOmeTiff, writeOmeZarr } from "@proteoscope/formats";
import { compositeCell } from "@proteoscope/imaging";
import { encodeFiles, type ImageFormat, rgbPng } from "@proteoscope/microscope";
import { strToU8, zipSync } from "fflate";
import type { ExportedFile } from "../api/backend.ts";
import type { ExportFormat, Job } from "../api/types.ts";
import type { StoredCell, StoredResult } from "./stored-result.ts";

type Files = Map<string, Uint8Array>;

/** The file that holds a job in a format; a zip where the format makes several. */
export function exportJob(job: Job, result: StoredResult, format: ExportFormat): ExportedFile {
  const name = `proteoscope-${job.request.kind}-${job.id.slice(0, 8)}`;
  if (format === "csv") return { name: `${name}.csv`, type: "text/csv", bytes: strToU8(tableOf(result)) };
  const files = format === "zip" ? allFiles(job, result) : imageFiles(result, [format]);
  const [only] = files;
  if (files.size === 1 && only !== undefined)
    return { name: only[0], type: "application/octet-stream", bytes: only[1] };
  const bytes = zipSync(Object.fromEntries(files), { level: 6 });
  return { name: `${name}.zip`, type: "application/zip", bytes };
}

function allFiles(job: Job, result: StoredResult): Files {
  const files = imageFiles(result, ["png", "ome-tiff"]);
  files.set("job.json", json(job));
  files.set("table.csv", strToU8(tableOf(result)));
  const { mutate, scan } = result;
  if (scan !== undefined) files.set("scan.json", json(scan));
  if (mutate !== undefined)
    files.set("mutate.json", json({ ...mutate, variants: mutate.variants.map(({ images, ...row }) => row) }));
  return files;
}

function json(value: unknown): Uint8Array {
  return strToU8(`${JSON.stringify(value, null, 2)}\n`);
}

function imageFiles({ cells }: StoredResult, formats: readonly ImageFormat[]): Files {
  const files: Files = new Map();
  for (const [index, cell] of cells.entries())
    for (const [path, bytes] of cell.generated
      ? encodeFiles(cell.generated, formats)
      : encodePlain(cell, index, formats))
      files.set(path, bytes);
  return files;
}

/** Files of a cell of an experiment, which has no provenance of its own; the job's description goes with them. */
function encodePlain(cell: StoredCell, index: number, formats: readonly ImageFormat[]): Files {
  const { width, height, images, nucleus, pixelSizeMicrons } = cell;
  const name = `${index}_${(cell.variant ?? "wild-type").replaceAll(/[^\w.-]+/g, "_")}`;
  const area = width * height;
  const count = images.length / (2 * area);
  const data = new Float32Array(count * 2 * area);
  for (let sample = 0; sample < count; sample++) {
    data.set(images.subarray(2 * sample * area, (2 * sample + 1) * area), 2 * sample * area);
    data.set(nucleus, (2 * sample + 1) * area);
  }
  const stack = {
    data: { dtype: "float32" as const, shape: [count, 2, height, width], data },
    channelNames: ["protein (synthetic)", "nucleus (input)"],
    channelColors: [0x00ff50, 0x285aff],
    pixelSizeMicrons,
    name,
  };
  const files: Files = new Map();
  if (formats.includes("ome-tiff"))
    files.set(
      `${name}_synthetic.ome.tiff`,
      writeOmeTiff({ ...stack, description: "Synthetic", annotations: { synthetic: "true" } }),
    );
  if (formats.includes("ome-zarr"))
    for (const [path, bytes] of writeOmeZarr({ ...stack, attributes: { synthetic: true } }))
      files.set(`${name}_synthetic.ome.zarr/${path}`, bytes);
  if (formats.includes("png"))
    for (let sample = 0; sample < count; sample++) {
      const protein = data.subarray(2 * sample * area, (2 * sample + 1) * area);
      const picture = compositeCell({ nucleus, protein }, { width, height });
      files.set(`${name}_sample${sample}_synthetic.png`, rgbPng(picture, { synthetic: "true" }));
    }
  return files;
}

function tableOf({ cells, mutate, scan }: StoredResult): string {
  if (scan !== undefined)
    return writeCsv(
      scan.windows.map(({ change, images, ...row }) => row),
      scanColumns,
    );
  if (mutate !== undefined)
    return writeCsv(
      mutate.variants.map((row) => ({ ...pick(row), variant: row.name, description: row.description })),
      variantColumns,
    );
  const labels = Object.keys(cells[0]?.compartments ?? {});
  const rows = cells.flatMap(({ protein, nucleusId, seed, classified }) =>
    classified.map((row, sample) => ({ protein: protein.id, nucleus: nucleusId, seed, sample, ...row })),
  );
  return writeCsv(rows, ["protein", "nucleus", "seed", "sample", ...labels]);
}

const effectColumns = ["effect", "effectSize", "p", "q", "compartment"] as const;
const scanColumns = ["first", "last", "residues", ...effectColumns];
const variantColumns = ["variant", "description", ...effectColumns];

function pick<T extends Record<(typeof effectColumns)[number], string | number>>(row: T) {
  return Object.fromEntries(effectColumns.map((name) => [name, row[name]]));
}
