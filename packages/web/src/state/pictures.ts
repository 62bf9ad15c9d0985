// Pictures: the samples of a job's cells with their planes in memory, as
// the viewer takes them, and what is said of them.
import type { Backend } from "../api/backend.ts";
import type { ByCompartment, Cell, JobResult } from "../api/types.ts";

/** One sample of a cell. */
export interface Picture {
  /** Job, place of the cell and sample: no two pictures have one key. */
  readonly key: string;
  readonly job: string;
  readonly cellIndex: number;
  readonly sample: number;
  readonly cell: Cell;
  readonly nucleus: Float32Array;
  readonly protein: Float32Array;
  readonly isMedoid: boolean;
}

/** All pictures of a result, cell by cell. */
export async function picturesOf(job: string, { cells }: JobResult, backend: Backend): Promise<Picture[]> {
  const all = await Promise.all(
    cells.map(async (cell, cellIndex) => {
      const nucleus = await backend.plane(cell.nucleus);
      return Promise.all(
        cell.samples.map(
          async ({ protein }, sample): Promise<Picture> => ({
            ...{ key: `${job}:${cellIndex}:${sample}`, job, cellIndex, sample, cell, nucleus },
            protein: await backend.plane(protein),
            isMedoid: cell.samples.length > 1 && sample === cell.medoid,
          }),
        ),
      );
    }),
  );
  return all.flat();
}

/** "FBL", or "FBL, del:2-25". */
export function titleOf({ protein, variant }: Cell): string {
  return variant === null ? protein.id : `${protein.id}, ${variant}`;
}

/** What a picture shows, for who does not see it. */
export function describePicture({ cell, sample, isMedoid }: Picture): string {
  const [first] = ranked(cell.samples[sample]?.compartments ?? cell.classified);
  const place = first === undefined ? "" : `, most like ${words(first[0])}`;
  return `Synthetic image of ${titleOf(cell)}, sample ${sample + 1}${isMedoid ? ", the medoid" : ""}${place}`;
}

/** Compartments from the largest value down. */
export function ranked(values: ByCompartment): [name: string, value: number][] {
  return Object.entries(values).sort(([, a], [, b]) => b - a);
}

/** The compartments that pictures are most like, each once. */
export function shownCompartments(classified: readonly ByCompartment[]): string[] {
  return [...new Set(classified.flatMap((values) => ranked(values)[0]?.[0] ?? []))];
}

/** A name of a compartment as words. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

/** 0.973 as "97 %", small ones as "< 1 %". */
export function percent(value: number): string {
  if (value > 0 && value < 0.01) return "< 1 %";
  return `${Math.round(100 * value)} %`;
}

/** 75 as "1 min 15 s". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 36134326 as "36 MB". */
export function megabytes(bytes: number): string {
  return `${Math.max(1, Math.round(bytes / 1e6))} MB`;
}
