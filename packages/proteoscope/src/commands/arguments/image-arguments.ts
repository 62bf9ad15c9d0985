// The options of commands that measure images: which channel is which, the size of a pixel, and how values are scaled. The
// commands `compare` and `retrieve` share them.
import type { MeasuredImageOptions } from "@proteoscope/microscope/experiments";
import type { ArgsDef } from "citty";
import { parseNumber } from "../../cli/arguments.ts";

const scalings = ["range", "percentiles"] as const;

export const imageArgs = {
  "protein-channel": {
    type: "string",
    valueHint: "channel",
    description:
      "Channel of the protein: number from 0 or name; by default the only one, or the one called so",
  },
  "nucleus-channel": {
    type: "string",
    valueHint: "channel",
    description: "Channel of the nuclei: number from 0 or name; by default the one called so",
  },
  "pixel-size": {
    type: "string",
    valueHint: "microns",
    description: "Pixel size of the images; what the files say when absent",
  },
  scaling: {
    type: "enum",
    options: [...scalings],
    default: "range",
    description:
      "Values by the range of their type, or from the 0.1st to the 99.9th percentile of each image",
  },
} as const satisfies ArgsDef;

interface ImageArguments {
  readonly "protein-channel"?: string | undefined;
  readonly "nucleus-channel"?: string | undefined;
  readonly "pixel-size"?: string | undefined;
  readonly scaling: "range" | "percentiles";
}

/** What the options say. @throws CommandError (usage). */
export function parseImageArguments(args: ImageArguments, signal: AbortSignal): MeasuredImageOptions {
  const size = args["pixel-size"];
  return {
    ...{ proteinChannel: args["protein-channel"], nucleusChannel: args["nucleus-channel"], signal },
    pixelSizeMicrons:
      size === undefined ? undefined : parseNumber("pixel-size", size, { min: 0.001, max: 1000 }),
    scaling: args.scaling,
  };
}
