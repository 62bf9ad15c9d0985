// The option `--stain`: further stains of the field that the picture of nuclei shows, each a picture of its own or a channel
// of one.

import { type FurtherStain, furtherStains } from "@proteoscope/models";
import { parseChannel } from "../../cli/arguments.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import type { NamedStain } from "../../nuclei.ts";

export const stainArg = {
  type: "string",
  valueHint: "stain=image",
  description:
    "Further stain of the same field, for a model trained with them: er=FILE, microtubules=FILE, a channel of it as er=FILE#1, of the picture of nuclei as er=#1; may be given several times",
} as const;

/** What `--stain` says; nothing where it is absent. @throws CommandError (usage). */
export function parseStains(text: string | undefined, nucleus: string | undefined): NamedStain[] {
  if (text === undefined) return [];
  const stains = text.split(/,(?=[a-z]+=)/).map((part): NamedStain => {
    const [, name, file, channel] = /^([a-z]+)=([^#]*)(?:#(.+))?$/.exec(part.trim()) ?? [];
    const path = file || nucleus;
    if (!isStain(name) || path === undefined || (file === "" && channel === undefined))
      throw usage(
        `"${part}" is no stain with its picture, such as er=er.tif; stains are ${furtherStains.join(", ")}`,
      );
    return { stain: name, path, channel: channel === undefined ? undefined : parseChannel("stain", channel) };
  });
  const twice = stains.find(({ stain }, index) => stains.findIndex((one) => one.stain === stain) < index);
  if (twice !== undefined) throw usage(`${twice.stain} is given twice`);
  if (nucleus === undefined)
    throw usage("a further stain belongs to a picture of nuclei: give it with --nucleus");
  return stains;
}

function isStain(name: string | undefined): name is FurtherStain {
  return furtherStains.some((known) => known === name);
}

function usage(message: string): CommandError {
  return new CommandError(`--stain: ${message}`, exitCodes.usage);
}
