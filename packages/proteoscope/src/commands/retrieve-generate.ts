// `proteoscope retrieve IMAGE --generate`: sequences that fit a picture of a protein, by CELL-Diff, as FASTA. Each residue takes a
// reading of the whole sequence and a step of the network.

import { cutCrop, resamplePlane } from "@proteoscope/imaging";
import type { PicturedCell } from "@proteoscope/microscope/experiments";
import { parseInteger } from "../cli/arguments.ts";
import type { CommandContext } from "../cli/command.ts";
import { CommandError, type ExitCode, exitCodes } from "../cli/errors.ts";
import { writeFileAtomic } from "../cli/output.ts";
import { printJson } from "../cli/print.ts";
import { showProgress } from "../cli/progress.ts";
import { openImageFile } from "../image-file.ts";
import { withRuntime } from "../model-folder.ts";
import { readFieldFor } from "../nuclei.ts";
import { parseImageArguments } from "./arguments/image-arguments.ts";
import { parseStains } from "./arguments/stain-arguments.ts";
import { openCellDiffModel } from "./cell-diff-model.ts";

type Arguments = Parameters<typeof parseImageArguments>[0] & {
  readonly query?: string | undefined;
  readonly model?: string | undefined;
  readonly sequence?: string | undefined;
  readonly length?: string | undefined;
  readonly stain?: string | undefined;
  readonly output?: string | undefined;
  readonly top: string;
  readonly seed: string;
  readonly json?: boolean | undefined;
  readonly device: Parameters<typeof withRuntime>[0];
};

/** Draws sequences and prints them as FASTA, or writes them to a file. @throws CommandError, and what the readers throw. */
export async function printSequences(args: Arguments, context: CommandContext): Promise<ExitCode> {
  const { query: image, model: named, sequence, length, output } = args;
  if (image === undefined || named === undefined || (sequence === undefined) === (length === undefined))
    throw new CommandError(
      "--generate takes an image, --model and either --sequence with <mask> or --length",
      exitCodes.usage,
    );
  const { stdout, stderr, signal } = context;
  const count = parseInteger("top", args.top, { min: 1, max: 1000 });
  const seed = parseInteger("seed", args.seed);
  const template = sequence ?? "<mask>".repeat(parseInteger("length", length!, { min: 1, max: 2048 }));
  const { sequencesOfImage } = await import("@proteoscope/microscope/experiments");
  const model = await openCellDiffModel(named, context);
  const cell = await readPicturedCell(image, args, model, signal);
  const progress = showProgress(stderr);
  const drawn = await withRuntime(args.device, async (runtime) => {
    const found = [];
    const options = { signal, onProgress: progress.show };
    for await (const one of sequencesOfImage(runtime, model, cell, { template, count, seed }, options))
      found.push(one);
    return found;
  }).finally(progress.close);
  if (args.json) {
    printJson(stdout, { image, model: model.name, seed, sequences: drawn });
    return exitCodes.ok;
  }
  const fasta = drawn
    .map(
      ({ sequence, meanLogProbability }, index) =>
        `>synthetic${index} ${model.name}, mean log-probability ${meanLogProbability.toFixed(3)}\n${sequence}\n`,
    )
    .join("");
  if (output === undefined) stdout.write(fasta);
  else await writeFileAtomic(output, fasta, context);
  return exitCodes.ok;
}

/** The cell around the first whole nucleus of a picture that shows protein and nucleus. */
async function readPicturedCell(
  path: string,
  args: Arguments,
  model: Awaited<ReturnType<typeof openCellDiffModel>>,
  signal: AbortSignal,
): Promise<PicturedCell> {
  const { cellDiffConstants, readMeasuredImage } = await import("@proteoscope/microscope/experiments");
  const { chooseNucleus, cutPlane } = await import("@proteoscope/microscope");
  const constants = cellDiffConstants(model);
  const measured = parseImageArguments(args, signal);
  const { stack } = await openImageFile(path, { signal });
  const { protein, nucleus } = await readMeasuredImage(stack, measured);
  if (nucleus === undefined)
    throw new CommandError(
      `${path}: no channel of nuclei is named so: give --nucleus-channel`,
      exitCodes.usage,
    );
  const nucleusChannel =
    args["nucleus-channel"] ??
    stack.channelNames.findIndex((name) => /nucle|dapi|hoechst|dna/i.test(name ?? ""));
  const field = await readFieldFor(constants, path, {
    ...{ nucleusChannel, pixelSizeMicrons: measured.pixelSizeMicrons, signal },
    stains: parseStains(args.stain, path),
  });
  const chosen = chooseNucleus(field, 0, field.wholeNuclei);
  const light = resamplePlane(protein, stack, field.field.fieldSize);
  const { origin } = cutCrop(field.field, field.nuclei[0]!, constants);
  return { ...chosen, protein: cutPlane(light, field.field.fieldSize, origin, constants.cropPixels) };
}
