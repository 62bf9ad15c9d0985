// The result of a job as it is stored: the cells as microscope gives them, from which files are encoded, and the tables of
// experiments. `toJobResult` puts it into the form of the page.
import type { GeneratedCell } from "@proteoscope/microscope";
import type { MutateResult, NullSummary, ScanResult, ScanWindow } from "@proteoscope/microscope/experiments";
import type { ByCompartment, Cell, JobResult, NullBand, Preview, Protein } from "../api/types.ts";

/** A cell with what the page has to know of it. */
export interface StoredCell {
  readonly protein: Protein;
  readonly variant: string | null;
  readonly nucleusId: string;
  readonly seed: number;
  readonly pixelSizeMicrons: number;
  readonly nucleus: Float32Array;
  /** [samples, 2, H, W] */
  readonly images: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly classified: readonly ByCompartment[];
  readonly compartments: ByCompartment;
  readonly agreement: number | null;
  readonly medoid: number;
  /** The cell as it was generated, for its files; absent in experiments. */
  readonly generated?: GeneratedCell | undefined;
}

/** A scan whose windows have their changes in short form; earlier versions of the page stored none. */
export type StoredScan = Omit<ScanResult, "windows"> & {
  readonly windows: readonly (ScanWindow & { readonly variant?: string | null })[];
};

/** The result of a job. */
export interface StoredResult {
  readonly cells: readonly StoredCell[];
  readonly mutate?: Omit<MutateResult, "wildType"> | undefined;
  readonly scan?: StoredScan | undefined;
  /** What a cancelled job had come to. */
  readonly preview?: Preview | undefined;
}

/** The result in the form of the page; planes are views of the stored images. */
export function toJobResult({ cells, mutate, scan, preview }: StoredResult): JobResult {
  return {
    preview,
    cells: cells.map(toCell),
    variants: mutate?.variants.map((variant) => ({
      ...{ name: variant.name, description: variant.description, compartment: variant.compartment },
      ...{ effect: variant.effect, effectSize: variant.effectSize, p: variant.p, q: variant.q },
      change: variant.change,
      null: bandOf(variant.null),
    })),
    scan: scan && {
      mode: scan.mode,
      null: bandOf(scan.null),
      windows: scan.windows.map(({ first, last, residues, variant = null, ...row }) => ({
        ...{ first, last, residues, variant, effect: row.effect, effectSize: row.effectSize },
        ...{ p: row.p, q: row.q, compartment: row.compartment, change: row.change },
      })),
    },
  };
}

function bandOf({ median, smallestEffect, draws }: NullSummary): NullBand {
  return { median, threshold: smallestEffect, draws };
}

function toCell(cell: StoredCell): Cell {
  const area = cell.height * cell.width;
  const count = cell.images.length / (2 * area);
  const samples = Array.from({ length: count }, (_, sample) => ({
    protein: { data: cell.images.slice(2 * sample * area, (2 * sample + 1) * area) },
    compartments: cell.classified[sample] ?? cell.compartments,
  }));
  const { protein, variant, nucleusId, seed, width, height, agreement, medoid } = cell;
  return {
    ...{ protein, variant, nucleusId, seed, width, height, samples, agreement, medoid },
    pixelSizeMicrometers: cell.pixelSizeMicrons,
    nucleus: { data: cell.nucleus },
    classified: cell.compartments,
    provenance: (cell.generated?.provenance as unknown as Record<string, unknown> | undefined) ?? null,
  };
}
