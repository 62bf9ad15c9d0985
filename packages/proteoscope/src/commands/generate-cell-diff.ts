// `proteoscope generate --model cell-diff`: pictures by the released weights of CELL-Diff, which take minutes each: how long is
// said before the work begins.

import type { GenerateRequest, ImageFormat } from "@proteoscope/microscope";
import { chooseWholeNuclei } from "@proteoscope/microscope";
import type {
  CellDiffEstimate,
  CellDiffProvenance,
  CellDiffSettings,
} from "@proteoscope/microscope/experiments";
import type { CommandContext } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { type Inputs, withOutputFolder } from "../cli/output.ts";
import { printLines } from "../cli/print.ts";
import { showProgress } from "../cli/progress.ts";
import { withRuntime } from "../model-folder.ts";
import type { ReadFieldOptions } from "../nuclei.ts";
import { packageVersion } from "../package-files.ts";
import { openCellDiffModel } from "./cell-diff-model.ts";

/** What is drawn with CELL-Diff, and where to. */
export interface CellDiffCommand {
  readonly model: string;
  readonly device: Parameters<typeof withRuntime>[0];
  readonly proteins: GenerateRequest["proteins"];
  /** Path of the picture of nuclei. */
  readonly nucleus: string | undefined;
  readonly nuclei: ReadFieldOptions;
  readonly maxNuclei: number | undefined;
  readonly settings: CellDiffSettings;
  readonly formats: readonly ImageFormat[];
  readonly output: string;
  readonly inputs: Inputs;
  readonly strict: boolean;
}

/** A cell whose files are written. */
export interface WrittenCellDiffCell {
  readonly name: string;
  readonly files: readonly string[];
  readonly provenance: CellDiffProvenance;
}

/** Draws and writes every protein around every nucleus. @throws CommandError, and what the readers and the network throw. */
export async function writeWithCellDiff(
  { model: named, device, nucleus, nuclei, maxNuclei, ...writing }: CellDiffCommand,
  context: CommandContext,
): Promise<WrittenCellDiffCell[]> {
  const { stderr, signal } = context;
  if (nucleus === undefined)
    throw new CommandError(
      "CELL-Diff draws in pictures of 0.2 or 0.3 micrometres per pixel, of which none ship: give --nucleus",
      exitCodes.usage,
    );
  const { cellDiffConstants } = await import("@proteoscope/microscope/experiments");
  const { readFieldFor } = await import("../nuclei.ts");
  const model = await openCellDiffModel(named, context);
  const constants = cellDiffConstants(model);
  const strange = (nuclei.stains ?? []).find(({ stain }) => !constants.stains.includes(stain));
  if (strange !== undefined)
    throw new CommandError(`--stain: ${model.name} does not take ${strange.stain}`, exitCodes.usage);
  const field = await readFieldFor(constants, nucleus, { ...nuclei, signal });
  if (field.choice !== undefined) printLines(stderr, `${nucleus}: ${field.choice}`);
  const request = { ...writing, nuclei: chooseWholeNuclei(field, maxNuclei) };
  return withRuntime(device, (runtime) => writeCells(runtime, model, request, context));
}

async function writeCells(
  runtime: Parameters<Parameters<typeof withRuntime>[1]>[0],
  model: Awaited<ReturnType<typeof openCellDiffModel>>,
  {
    output,
    formats,
    inputs,
    strict,
    ...request
  }: Omit<CellDiffCommand, "model" | "device" | "nucleus" | "nuclei" | "maxNuclei"> &
    Pick<GenerateRequest, "nuclei">,
  { stderr, signal }: CommandContext,
): Promise<WrittenCellDiffCell[]> {
  const { encodeCellDiffFiles, generateWithCellDiff } = await import("@proteoscope/microscope/experiments");
  const progress = showProgress(stderr);
  const software = { proteoscope: packageVersion(), node: process.version };
  const options = {
    ...{ signal, onProgress: progress.show },
    onEstimate: (estimate: CellDiffEstimate) => printLines(stderr, describeEstimate(model.name, estimate)),
  };
  const work = withOutputFolder(
    output,
    async (folder) => {
      const written: WrittenCellDiffCell[] = [];
      for await (const cell of generateWithCellDiff(runtime, model, { ...request, software }, options)) {
        const files = encodeCellDiffFiles(cell, formats);
        for (const [path, bytes] of files) await folder.write(path, bytes);
        const names = new Set([...files.keys()].map((path) => path.split("/")[0]!));
        written.push({ name: cell.name, files: [...names], provenance: cell.provenance });
        if (!strict) await folder.publish();
      }
      return written;
    },
    { signal, inputs },
  );
  return work.finally(progress.close);
}

function describeEstimate(name: string, { pictures, steps, seconds, speed }: CellDiffEstimate): string {
  const what = `${pictures} ${pictures === 1 ? "picture" : "pictures"} of ${steps} steps`;
  return `${name}: ${what}, about ${describeTime(seconds)} at ${Math.round(speed / 1e9)} GFLOP/s`;
}

/** "3 min", "2.5 h" */
function describeTime(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** The lines of all cells and a last one with the number of files. */
export function describeCellDiffCells(cells: readonly WrittenCellDiffCell[], output: string): string[] {
  const count = cells.reduce((sum, { files }) => sum + files.length, 0);
  const describe = ({ name, provenance: { model, stains } }: WrittenCellDiffCell): string => {
    const without = stains.missing.length > 0 ? `, without ${stains.missing.join(", ")}` : "";
    return `${name}: ${model.name}, on ${stains.given.join(", ")}${without}`;
  };
  return [
    ...cells.map(describe),
    `${count} files in ${output} (synthetic images: hypotheses, not observations)`,
  ];
}
