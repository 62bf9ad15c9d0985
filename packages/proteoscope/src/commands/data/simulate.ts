// `proteoscope data simulate`: simulated cells around the real nuclei of an atlas's training crops, so that compartments
// with only a handful of real images can be learned. The same seed gives the same files; all appear, or none.
import { setImmediate } from "node:timers/promises";
import { writeNpy, writePng } from "@proteoscope/formats";
import { compositeCell, type Tile, tileImages } from "@proteoscope/imaging";
import {
  createCropSimulator,
  imageCompartments,
  type NucleusPicture,
  readNucleusPictures,
  type SimulatedCrop,
  simulatedTable,
} from "@proteoscope/lab";
import { parseInteger } from "../../cli/arguments.ts";
import { defineCommand } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { withOutputFolder } from "../../cli/output.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { startProgress } from "../../cli/progress.ts";
import { packageVersion } from "../../package-files.ts";

const mostCrops = 50_000; // 1.5 GB of pixels: an npy is written as one piece
const sheetColumns = 12;

export const dataSimulateCommand = defineCommand({
  name: "simulate",
  description: "Simulate cells of every compartment around the real nuclei of an atlas, to train on",
  args: {
    data: { type: "string", valueHint: "folder", description: "The atlas folder that nuclei are taken from" },
    output: { type: "string", alias: "o", valueHint: "folder", description: "Output folder" },
    count: {
      type: "string",
      valueHint: "number",
      default: "6000",
      description: "Number of crops, spread evenly over the compartments",
    },
  },
  examples: [
    "proteoscope data simulate --data atlas -o simulated --count 6000 --seed 1",
    "proteoscope train autoencoder --data atlas -o runs/vae data.simulated=simulated 'data.simulated_share={start: 0.5, end: 0.1}'",
  ],
  async run({ data, output, ...args }, { stdout, stderr, signal }) {
    if (data === undefined) throw usage("--data is missing: name the atlas folder");
    if (output === undefined) throw usage("-o is missing: name the output folder");
    const count = parseInteger("count", args.count, { min: 1, max: mostCrops });
    const seed = parseInteger("seed", args.seed);
    const pictures = await readNucleusPictures(data);
    const simulate = createCropSimulator(pictures, seed);
    const { side } = pictures[0]!;
    const pixels = new Uint8Array(count * side * side * 3);
    const crops: Omit<SimulatedCrop, "bytes">[] = [];
    const progress = startProgress("simulate", count, { stream: stderr, unit: "crops" });
    try {
      for (let index = 0; index < count; index++) {
        const { bytes, ...crop } = simulate(index);
        pixels.set(bytes, index * bytes.length);
        crops.push(crop);
        progress.update(index + 1);
        await setImmediate(); // lets an interrupt in
        signal.throwIfAborted();
      }
    } finally {
      progress.close();
    }
    const manifest = describeCrops(crops, seed, pictures);
    const shape = [count, side, side, 3];
    await withOutputFolder(
      output,
      async (folder) => {
        await folder.write("crops_u8.npy", writeNpy({ dtype: "uint8", shape, data: pixels }));
        await folder.write("crops.csv", simulatedTable(crops));
        await folder.write("contact-sheet.png", drawSheet(pixels, side));
        await folder.write("manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
      },
      { signal, inputs: [data] },
    );
    if (args.json) printJson(stdout, { output, ...manifest });
    else printLines(stderr, `${count} simulated crops in ${output}; look at ${output}/contact-sheet.png`);
    return undefined;
  },
});

/** What the folder holds, how it was made, and whose nuclei it shows. */
function describeCrops(
  crops: readonly Omit<SimulatedCrop, "bytes">[],
  seed: number,
  pictures: readonly NucleusPicture[],
) {
  const sources = [...new Set(crops.map(({ nuclei }) => nuclei.source))].sort();
  return {
    made_by: `proteoscope ${packageVersion()} data simulate`,
    ...{ seed, count: crops.length },
    protein_channel: "simulated: no observation",
    compartments: Object.fromEntries(
      imageCompartments.map((name) => [name, crops.filter(({ compartment }) => compartment === name).length]),
    ),
    nuclei: sources.map((source) => ({
      source,
      pictures: pictures.filter((picture) => picture.source === source).length,
      crops: crops.filter(({ nuclei }) => nuclei.source === source).length,
      licences: [
        ...new Set(pictures.filter((picture) => picture.source === source).map(({ licence }) => licence)),
      ],
    })),
  };
}

/** A PNG with one row per compartment, protein green and nucleus blue. */
function drawSheet(pixels: Uint8Array, side: number): Uint8Array {
  const cropBytes = side * side * 3;
  const count = pixels.length / cropBytes;
  const rows = imageCompartments.map((name, row) =>
    Array.from({ length: sheetColumns }, (_, column): Tile | null => {
      const index = column * imageCompartments.length + row;
      if (index >= count) return null;
      const crop = pixels.subarray(index * cropBytes, (index + 1) * cropBytes);
      const channel = (at: number) =>
        Float32Array.from({ length: side * side }, (_, i) => crop[3 * i + at]! / 255);
      const image = compositeCell(
        { protein: channel(0), nucleus: channel(1) },
        { height: side, width: side },
      );
      return { image, label: column === 0 ? name : "simulated" };
    }),
  );
  const { width, height, data } = tileImages(rows);
  return writePng({ width, height, channels: 3, depth: 8, data });
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
