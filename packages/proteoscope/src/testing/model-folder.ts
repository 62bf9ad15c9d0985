// A temporary folder with a model of random weights and pictures of nuclei, for tests of commands.
// The model generates crops of 40 pixels of one micron.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type NdArray, writeNpy, writeOmeTiff } from "@proteoscope/formats";
import { randomModelFiles } from "@proteoscope/microscope/testing";
import { runCommandLine } from "../cli.ts";
import { recordCommandContext } from "./command-context.ts";

export interface Workplace {
  readonly path: string;
  /** The model folder. */
  readonly model: string;
  /** Writes a file and returns its path. */
  file(name: string, data: Uint8Array | string): string;
  remove(): void;
}

export function createWorkplace(modelFiles = randomModelFiles()): Workplace {
  const path = mkdtempSync(join(tmpdir(), "proteoscope-workplace-"));
  const file = (name: string, data: Uint8Array | string): string => {
    const target = join(path, name);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, data);
    return target;
  };
  for (const [name, bytes] of modelFiles) file(`model/${name}`, bytes);
  return {
    path,
    model: join(path, "model"),
    file,
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Runs a command line in this process. */
export async function runWords(
  words: readonly string[],
  options: { input?: string | Uint8Array; isTTY?: boolean } = {},
) {
  const { commandContext, output } = recordCommandContext({}, options.input);
  Object.assign(commandContext.stdout, { isTTY: options.isTTY === true, columns: 40 });
  return { exitCode: await runCommandLine(words, commandContext), ...output };
}

/** Centres of nuclei, in microns. */
export const twoNuclei = [
  { x: 30, y: 30 },
  { x: 70, y: 50 },
];

/** A field of 100x80 um with half a micron per pixel and round nuclei of 14 um, 16 bits. [160, 200] */
export function fieldOfNuclei(centres: readonly { x: number; y: number }[] = twoNuclei): NdArray {
  const [height, width] = [160, 200];
  const data = Uint16Array.from({ length: height * width }, (_, pixel) => {
    const [x, y] = [(pixel % width) / 2, Math.floor(pixel / width) / 2];
    const isInside = centres.some((centre) => Math.hypot(x - centre.x, y - centre.y) < 7);
    return (isInside ? 3000 : 200) + ((pixel * 7919) % 40);
  });
  return { dtype: "uint16", shape: [height, width], data };
}

/** An OME-TIFF with its pixel size; without one for null. */
export function tiffOf({ dtype, shape, data }: NdArray, pixelSizeMicrons: number | null = 0.5): Uint8Array {
  return writeOmeTiff({
    data: { dtype, shape: [1, ...shape], data },
    channelNames: ["Hoechst"],
    ...(pixelSizeMicrons === null ? {} : { pixelSizeMicrons }),
  });
}

export function npyOf(array: NdArray): Uint8Array {
  return writeNpy(array);
}
