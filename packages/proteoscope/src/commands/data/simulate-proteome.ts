// `proteoscope data simulate-proteome`: proteins whose sequences hold sorting signals, and images that follow from them by
// a written rule, as a data set with its truth. After an interrupt the same command goes on.
import { join } from "node:path";
import { writePng } from "@proteoscope/formats";
import { compositeCell, type Tile, tileImages } from "@proteoscope/imaging";
import {
  type CropPixels,
  openCropPixels,
  picturesOfLibrary,
  type SimulatedProteome,
  simulateProteome,
  writeProteome,
} from "@proteoscope/lab";
import { readModelNuclei } from "@proteoscope/microscope";
import { parseInteger } from "../../cli/arguments.ts";
import { defineCommand } from "../../cli/command.ts";
import { refuseInputs, writeFileAtomic } from "../../cli/output.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { showProgress } from "../../cli/progress.ts";
import { openModel } from "../../model-folder.ts";
import { packageVersion } from "../../package-files.ts";
import { parseSeed, requireOption } from "./data-arguments.ts";

const sheetRows = 12;
const sheetColumns = 8;

export const dataSimulateProteomeCommand = defineCommand({
  name: "simulate-proteome",
  description: "Simulate proteins whose sequences decide what their images show, with the truth in tables",
  savesAtInterrupt: true,
  args: {
    output: { type: "string", alias: "o", valueHint: "folder", description: "Output folder" },
    proteins: { type: "string", valueHint: "number", default: "500", description: "Proteins with images" },
    crops: { type: "string", valueHint: "number", default: "40", description: "Images per protein" },
    sequences: {
      type: "string",
      valueHint: "number",
      default: "4000",
      description: "Further proteins with a sequence and labels, and no images",
    },
    side: {
      type: "string",
      valueHint: "pixels",
      default: "100",
      description: "Side of the crops, of 0.4126 um per pixel",
    },
    model: {
      type: "string",
      valueHint: "folder",
      description:
        "The model whose library of real nuclei cells are grown around; default the one that ships",
    },
  },
  examples: [
    "proteoscope data simulate-proteome --proteins 500 --crops 40 --seed 0 -o proteome",
    "proteoscope data simulate-proteome --proteins 60 --crops 10 --sequences 400 --side 64 -o small",
  ],
  notes: [
    "The rule is written in docs/simulated-proteome.md. Beside the files of a data set the folder has",
    "proteins_truth.csv, signals_truth.csv, crops_truth.csv and cells.npy.",
  ],
  async run({ model, ...args }, { stdout, stderr, env, signal }) {
    const output = requireOption("-o", args.output, "the output folder");
    await refuseInputs(output, model === undefined ? [] : [model]);
    const options = {
      proteins: parseInteger("proteins", args.proteins, { min: 1, max: 100_000 }),
      crops: parseInteger("crops", args.crops, { min: 5, max: 10_000 }),
      sequences: parseInteger("sequences", args.sequences, { min: 0, max: 1_000_000 }),
      seed: parseSeed(args.seed),
    };
    const library = await readModelNuclei(await openModel(model, env));
    const side = parseInteger("side", args.side, { min: 32, max: library.width });
    const proteome = simulateProteome(picturesOfLibrary(library, side), options);
    const progress = showProgress(stderr);
    const { source, licence, pixelSizeMicrons } = library;
    const madeBy = `proteoscope ${packageVersion()} data simulate-proteome`;
    try {
      const about = { output, pixelSizeMicrons, madeBy, nuclei: { source, licence } };
      await writeProteome(proteome, about, { signal, onProgress: progress.show });
    } finally {
      progress.close();
    }
    const sheet = join(output, "contact-sheet.png");
    await writeFileAtomic(sheet, await drawSheet(await openCropPixels(output), proteome));
    const done = { output, ...options, side, images: proteome.cropCount };
    if (args.json) printJson(stdout, done);
    else printLines(stderr, `${done.images} crops of ${options.proteins} proteins; look at ${sheet}`);
    return undefined;
  },
});

/** A PNG with one row per protein, protein green and nucleus blue. */
async function drawSheet(pixels: CropPixels, { all, proteins, crops }: SimulatedProteome) {
  const rows: Tile[][] = [];
  for (let row = 0; row < Math.min(sheetRows, proteins); row++) {
    const tiles: Tile[] = [];
    const protein = Math.floor((row * proteins) / Math.min(sheetRows, proteins));
    for (let column = 0; column < Math.min(sheetColumns, crops); column++) {
      const { data, width, height } = await pixels.read(protein * crops + column);
      const plane = width * height;
      const cell = { protein: data.subarray(0, plane), nucleus: data.subarray(plane, 2 * plane) };
      const label = column === 0 ? labelOf(all[protein]!.phenotype.mixture) : "simulated";
      tiles.push({ image: compositeCell(cell, { height, width }), label });
    }
    rows.push(tiles);
  }
  const { width, height, data } = tileImages(rows);
  return writePng({ width, height, channels: 3, depth: 8, data });
}

const labelOf = (mixture: Readonly<Record<string, number>>): string =>
  Object.entries(mixture).sort(([, a], [, b]) => b - a)[0]![0];
