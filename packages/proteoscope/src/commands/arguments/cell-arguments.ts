// The cells of an experiment on the command line: which nuclei, how many samples around each, and how they are generated.
// Fewer steps than `generate` takes by default, of a sampler that needs fewer: an experiment compares many images.

import { samplerNames } from "@proteoscope/microscope";
import type { CellChoice } from "@proteoscope/microscope/experiments";
import type { FileSource } from "@proteoscope/models";
import type { ArgsDef } from "citty";
import { parseChannel, parseInteger, parseNumber } from "../../cli/arguments.ts";

export const cellArgs = {
  nucleus: {
    type: "string",
    valueHint: "image",
    description: "TIFF, PNG, npy or OME-Zarr folder; nuclei of the library when absent",
  },
  "nucleus-channel": {
    type: "string",
    valueHint: "channel",
    description: "Channel of the nuclei: its number from 0 or its name",
  },
  "pixel-size": {
    type: "string",
    valueHint: "microns",
    description: "Pixel size of the image; what the file says when absent",
  },
  nuclei: { type: "string", valueHint: "number", default: "3", description: "Number of nuclei" },
  samples: { type: "string", valueHint: "number", default: "4", description: "Images around each nucleus" },
  steps: { type: "string", valueHint: "number", default: "15", description: "Sampling steps" },
  sampler: { type: "enum", options: [...samplerNames], default: "dpm++", description: "Sampling method" },
  guidance: {
    type: "string",
    valueHint: "number",
    default: "3",
    description: "Weight of classifier-free guidance",
  },
} as const satisfies ArgsDef;

type CellArguments = {
  readonly sampler: CellChoice["settings"]["sampler"];
  readonly seed: string;
} & Readonly<Record<"nuclei" | "samples" | "steps" | "guidance", string>> & {
    readonly [name in "nucleus" | "nucleus-channel" | "pixel-size"]?: string | undefined;
  };

/** What the options say, checked before anything is read. @throws CommandError (usage). */
export function parseCells(args: CellArguments) {
  const channel = args["nucleus-channel"];
  const pixelSize = args["pixel-size"];
  return {
    settings: {
      samples: parseInteger("samples", args.samples, { min: 1, max: 256 }),
      steps: parseInteger("steps", args.steps, { min: 1, max: 999 }),
      sampler: args.sampler,
      guidance: parseNumber("guidance", args.guidance, { min: 0, max: 100 }),
      seed: parseInteger("seed", args.seed),
    },
    image: args.nucleus,
    count: parseInteger("nuclei", args.nuclei, { min: 1, max: 48 }),
    nucleusChannel: channel === undefined ? undefined : parseChannel("nucleus-channel", channel),
    pixelSizeMicrons: pixelSize === undefined ? undefined : parseNumber("pixel-size", pixelSize),
  };
}

/** Reads the nuclei. @throws NucleusError or FormatError that names the image. */
export async function readCells(
  folder: FileSource,
  { settings, image, count, ...options }: ReturnType<typeof parseCells>,
  signal: AbortSignal,
): Promise<CellChoice> {
  const { readNuclei } = await import("../../nuclei.ts");
  if (image !== undefined)
    return { settings, nuclei: await readNuclei(folder, { ...options, image, maxNuclei: count, signal }) };
  const seeds = Array.from({ length: count }, (_, index) => settings.seed + index);
  return { settings, nuclei: (await Promise.all(seeds.map((seed) => readNuclei(folder, { seed })))).flat() };
}
