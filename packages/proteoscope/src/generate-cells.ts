// Draws proteins around nuclei and writes their files: the work behind `generate`, which loads it while the runtime
// starts. All files of a run appear together when it is done, or none.
import { createHash } from "node:crypto";
import type { Runtime } from "@proteoscope/engine";
import type { RgbImage } from "@proteoscope/imaging";
import {
  type CompartmentProbabilities,
  type Drawing,
  type DrawOptions,
  type Microscope,
  mostSteps,
  openMicroscope,
  type ReadProtein,
  readModel,
} from "@proteoscope/microscope";
import type { FileSource, ProteinContext } from "@proteoscope/models";
import type { CommandContext } from "./command.ts";
import { type DrawnCell, drawSheet, writeDrawing } from "./drawing-files.ts";
import type { DrawingFormat } from "./drawing-formats.ts";
import { CommandError, exitCodes } from "./errors.ts";
import { type ChooseOptions, type ChosenNucleus, chooseNuclei } from "./nuclei.ts";
import { type OutputFolder, withOutputFolder } from "./output.ts";
import { packageVersion } from "./package-files.ts";
import { type Progress, startProgress } from "./progress.ts";
import type { NamedProtein } from "./proteins.ts";

export type Settings = Required<Omit<DrawOptions, "signal" | "onStep">>;

export interface GenerateRequest {
  readonly proteins: readonly NamedProtein[];
  /** What is known beside the sequences and the genes of the proteins. */
  readonly context: Omit<ProteinContext, "gene">;
  readonly nuclei: ChooseOptions;
  readonly settings: Settings;
  readonly formats: readonly DrawingFormat[];
  /** Folder. */
  readonly output: string;
}

export interface Audience extends Pick<CommandContext, "signal" | "stderr"> {
  /** Called with the picture of each cell when it is drawn, where there is somebody to see it. */
  readonly show: ((sheet: RgbImage) => void) | undefined;
}

/** Every protein around every nucleus. @throws CommandError and what the readers of model and image throw. */
export async function generateCells(
  runtime: Runtime,
  folder: FileSource,
  { proteins, context, nuclei, settings, formats, output }: GenerateRequest,
  { signal, stderr, show }: Audience,
): Promise<CellSummary[]> {
  const chosen = await chooseNuclei(folder, nuclei);
  const work = proteins.flatMap((protein) => chosen.map((nucleus) => ({ protein, nucleus })));
  const drawAll = async (outputFolder: OutputFolder): Promise<CellSummary[]> => {
    const microscope = openMicroscope(runtime, await readModel(folder));
    checkSteps(microscope, settings);
    checkContext(microscope, context);
    const summaries: CellSummary[] = [];
    let progress: Progress | undefined;
    try {
      let read: ReadProtein | undefined;
      for (const [index, { protein, nucleus }] of work.entries()) {
        signal.throwIfAborted();
        if (nucleus === chosen[0] || read === undefined)
          read = await microscope.read(protein.sequence, { ...context, gene: protein.gene });
        const onStep = (done: number, total: number): void => {
          progress ??= startProgress("generate", work.length * total, { stream: stderr });
          progress.update(index * total + done, protein.id);
        };
        const drawing = await microscope.draw(read, nucleus.distance, { ...settings, signal, onStep });
        const cell = describeCell(microscope, { protein, read, nucleus, drawing, settings, context });
        summaries.push(await writeCell(outputFolder, cell, formats));
        show?.(drawSheet(cell));
      }
    } finally {
      progress?.close();
    }
    return summaries;
  };
  return withOutputFolder(output, drawAll, { signal });
}

function checkSteps({ model }: Microscope, { sampler, steps }: Settings): void {
  const most = mostSteps(model, sampler);
  if (steps > most)
    throw new CommandError(`--steps is at most ${most} for ${sampler}, got ${steps}`, exitCodes.usage);
}

/** @throws CommandError for what the model cannot be told. */
function checkContext({ model }: Microscope, { cellLine, expression }: GenerateRequest["context"]): void {
  const usage = (message: string) => new CommandError(message, exitCodes.usage);
  const conditions = model.extra?.config.conditions ?? [];
  const lines = conditions.flatMap((one) => (one.kind === "cell_line" ? one.cellLines : []));
  if (cellLine !== undefined && !lines.some((name) => name.toUpperCase() === cellLine.toUpperCase()))
    throw usage(
      lines.length === 0
        ? `--cell-line: ${model.name} was told no cell lines`
        : `--cell-line: ${model.name} was told ${lines.join(", ")}, not "${cellLine}"`,
    );
  if (expression !== undefined && !conditions.some(({ kind }) => kind === "level"))
    throw usage(`--expression: ${model.name} was told no levels`);
}

interface Work {
  readonly protein: NamedProtein;
  readonly read: ReadProtein;
  readonly nucleus: ChosenNucleus;
  readonly drawing: Drawing;
  readonly settings: Settings;
  readonly context: GenerateRequest["context"];
}

function describeCell(
  { model }: Microscope,
  { protein, read, nucleus, drawing, settings, context }: Work,
): DrawnCell {
  const { omitted } = read.window;
  const provenance = {
    synthetic: true,
    software: { proteoscope: packageVersion(), node: process.version },
    model: { name: model.name, sha256: model.checksums },
    protein: {
      id: protein.id,
      description: protein.description,
      source: protein.source,
      gene: protein.gene ?? null,
      residues: protein.sequence.length,
      sha256: createHash("sha256").update(protein.sequence).digest("hex"),
      shown: read.window.sequence.length,
      omitted: omitted === undefined ? null : { first: omitted.begin + 1, last: omitted.end },
    },
    homologs: {
      nearest: read.nearestHomolog ?? null,
      meaning:
        "likeness of the nearest annotated protein that the model brings, 0 to 1; at 1 the protein's own annotation was looked up",
    },
    // Extra conditions that the picture was drawn with; of all others the model was told nothing.
    context: { names: read.context, ...context },
    nucleus: nucleus.origin,
    settings,
    compartments: {
      fromSequence: read.compartments,
      // What the denoiser was told to draw, decided of the former where the model decides.
      targetCompartments: read.targetCompartments ?? null,
      seenInImages: drawing.compartments,
      seenInEachSample: drawing.seen,
    },
    agreement: {
      value: drawing.agreement,
      meaning: "mean pairwise correlation of the samples inside the cell, 0 to 1; agreement, not correctness",
      medoidSample: drawing.medoid,
    },
  };
  const name = nucleus.label === "" ? protein.id : `${protein.id}_${nucleus.label}`;
  return { name, drawing, nucleus: nucleus.nucleus, pixelSizeMicrons: nucleus.pixelSizeMicrons, provenance };
}

/** A cell as it is told of when all is done. */
export interface CellSummary {
  readonly name: string;
  readonly files: readonly string[];
  readonly provenance: DrawnCell["provenance"];
  readonly fromSequence: string;
  readonly targetCompartments: string | null;
  readonly seenInImages: string;
  readonly nearestHomolog: number | null;
  readonly agreement: number | null;
}

async function writeCell(
  output: OutputFolder,
  cell: DrawnCell,
  formats: readonly DrawingFormat[],
): Promise<CellSummary> {
  const files = await writeDrawing(output, cell, formats);
  const record = `${cell.name}_provenance.json`;
  await output.write(record, `${JSON.stringify(cell.provenance, null, 2)}\n`);
  const { compartments, homologs } = cell.provenance as {
    compartments: Record<"fromSequence" | "seenInImages", CompartmentProbabilities> & {
      targetCompartments: CompartmentProbabilities | null;
    };
    homologs: { nearest: number | null };
  };
  return {
    name: cell.name,
    files: [...files, record],
    provenance: cell.provenance,
    fromSequence: mostLikely(compartments.fromSequence),
    targetCompartments: compartments.targetCompartments && mostLikely(compartments.targetCompartments),
    seenInImages: mostLikely(compartments.seenInImages),
    nearestHomolog: homologs.nearest,
    agreement: cell.drawing.agreement,
  };
}

function mostLikely(compartments: CompartmentProbabilities): string {
  const best = Object.entries(compartments).sort(([, a], [, b]) => b - a);
  return best
    .slice(0, 2)
    .map(([name, p]) => `${name} ${(100 * p).toFixed(0)} %`)
    .join(", ");
}
