// `proteoscope data import-images`: fields of view of one's own as a data set: channels named, pixel sizes brought to one, nuclei
// segmented, crops cut and measured, with a contact sheet to look at before anything is trained.
import { join } from "node:path";
import { type ImagePreset, imagePresets, importImages } from "@proteoscope/lab";
import { parseInteger, parseNumber } from "../../cli/arguments.ts";
import { defineCommand } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { showProgress } from "../../cli/progress.ts";
import { packageVersion } from "../../package-files.ts";
import { parseSeed, requireOption } from "./data-arguments.ts";
import { addFasta, fastaArgument } from "./fasta-sources.ts";
import { nextSteps } from "./next-steps.ts";

export const importImagesCommand = defineCommand({
  name: "import-images",
  description: "Import fields of view (TIFF, OME-TIFF, OME-Zarr, PNG, npy) by a CSV with one row per field",
  savesAtInterrupt: true,
  args: {
    table: { type: "positional", description: "The CSV, or what the preset reads" },
    output: { type: "string", alias: "o", valueHint: "folder", description: "The data set to write" },
    preset: {
      type: "enum",
      options: Object.keys(imagePresets),
      description: "A table of another maker, see below",
    },
    channel: {
      type: "string",
      valueHint: "NAME=CHANNEL,...",
      description: "Channels of every file, by name or number: nucleus=DAPI,protein=GFP",
    },
    "pixel-size": {
      type: "string",
      valueHint: "microns",
      default: "0.4126",
      description: "Pixel size of the crops",
    },
    "crop-pixels": { type: "string", valueHint: "number", default: "100", description: "Side of the crops" },
    "source-pixel-size": {
      type: "string",
      valueHint: "microns",
      description: "Pixel size of images where neither the table nor the file says it",
    },
    source: {
      type: "string",
      valueHint: "text",
      default: "own images",
      description: "Where the images come from",
    },
    licence: {
      type: "string",
      valueHint: "text",
      default: "not said",
      description: "Licence of the images",
    },
    fasta: fastaArgument,
    strict: { type: "boolean", description: "Stop at the first field that is refused" },
  },
  examples: [
    "proteoscope data import-images fields.csv -o set --channel nucleus=DAPI,protein=GFP",
    "proteoscope data import-images hpa-fields --preset hpa --source-pixel-size 0.32 -o set",
    "proteoscope data import-images manifest.tsv --preset dream -o set",
  ],
  notes: [
    "Columns: field, file, CHANNEL_file, CHANNEL_channel, pixel_size_microns, protein, gene, ensembl, uniprot,",
    "compartments, sequence, cell_line, source, licence. CHANNEL is nucleus, protein, or a further stain.",
    ...Object.entries(imagePresets).map(([name, meaning]) => `preset ${name}: ${meaning}`),
    "What is refused is listed in refused.csv, and the exit code is 3.",
  ],
  async run(args, { stdout, stderr, signal }) {
    const output = requireOption("-o", args.output, "the data set to write");
    const progress = showProgress(stderr);
    const sourceSize = args["source-pixel-size"];
    try {
      const report = await importImages(
        {
          ...{ table: args.table as string, output, source: args.source, licence: args.licence },
          preset: args.preset as ImagePreset | undefined,
          channels: parseChannels(args.channel),
          pixelSizeMicrons: parseNumber("pixel-size", args["pixel-size"], { min: 0.02, max: 5 }),
          cropPixels: parseInteger("crop-pixels", args["crop-pixels"], { min: 8, max: 1024 }),
          sourcePixelSizeMicrons:
            sourceSize === undefined
              ? undefined
              : parseNumber("source-pixel-size", sourceSize, { min: 0.02, max: 5 }),
          seed: parseSeed(args.seed),
          isStrict: args.strict ?? false,
          madeBy: `proteoscope ${packageVersion()} data import-images`,
        },
        { signal, onProgress: progress.show },
      );
      const sequences = await addFasta(output, args.fasta, { signal, onProgress: progress.show });
      progress.close();
      if (args.json) printJson(stdout, { output, ...report, sequences: sequences?.report });
      else
        printLines(
          stderr,
          ...report.warnings.map((warning) => `warning: ${warning}`),
          `${output}: ${report.crops} crops of ${report.fields} fields, ${report.refused} fields refused; channels ${report.channels.join(", ")}`,
          `look at ${join(output, "contact-sheet.png")}`,
          ...(sequences?.lines ?? []),
          ...nextSteps(output, report.refused),
        );
      return report.refused > 0 || (sequences?.report.missing.length ?? 0) > 0
        ? exitCodes.badData
        : exitCodes.ok;
    } finally {
      progress.close();
    }
  },
});

function parseChannels(text: string | undefined): Map<string, string> {
  const parts = text === undefined ? [] : text.split(",");
  return new Map(
    parts.map((part) => {
      const [name = "", channel = ""] = part.split("=");
      if (/^[a-z][a-z0-9_]*$/.test(name) && channel !== "") return [name, channel];
      throw new CommandError(`--channel takes NAME=CHANNEL,..., got "${part}"`, exitCodes.usage);
    }),
  );
}
