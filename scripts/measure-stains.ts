// What further stains are worth to a denoiser: real cells of held-out fields are generated with and without them, and the pictures
// compared with the protein's real one: overlap of the brighter halves (intersection over union at the medians), correlation, and
// the nuclear proportion. The condition is a known protein of the cell's compartment, because the cells' genes are not known.
//
//     npx tsx scripts/measure-stains.ts ATLAS CLASSIFIER_MODEL MODEL [er,microtubules|er|none] [CELLS]     # one line of JSON
import { createGenerator } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { medianOverlap, nuclearProportion, percentiles, planeCorrelation } from "@proteoscope/imaging";
import { openCropPixels, openStainPixels, readCrops } from "@proteoscope/lab";
import {
  openMicroscope,
  readImageClassifier,
  readImagingConstants,
  readSequenceModel,
} from "@proteoscope/microscope";
import { type FurtherStain, furtherStains, loadAs, loadNoiseSchedule, subfolder } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";

const [atlas, shipped, path, given = "none", most = "1000"] = process.argv.slice(2);
if (atlas === undefined || shipped === undefined || path === undefined)
  throw new Error("usage: measure-stains.ts ATLAS CLASSIFIER_MODEL MODEL [STAINS] [CELLS]");
const shown = furtherStains.filter((stain) => given.split(",").includes(stain));

const folder = openFolder(path);
const [unet, autoencoder] = [
  await loadAs("unet", subfolder(folder, "unet")),
  await loadAs("autoencoder", subfolder(folder, "vae")),
];
const schedule = await loadNoiseSchedule(subfolder(folder, "scheduler"));
const model = {
  ...{ ...(await readSequenceModel(folder)), unet, autoencoder, schedule },
  constants: await readImagingConstants(folder),
  classifier: await readImageClassifier(openFolder(shipped)),
};
const runtime = await openRuntime({ device: "cpu", threads: 1 });
const microscope = openMicroscope(runtime, model);

const pixels = await openCropPixels(atlas);
const stains = await openStainPixels(atlas, pixels);
const plane = pixels.height * pixels.width;

/** A known protein of a compartment, conditioned on that compartment alone; undefined where the model has none. */
const proteins = new Map<string, ReturnType<typeof findProtein>>();
async function findProtein(compartment: string) {
  const { annotations, proteins: table } = model.homologs!;
  for (const [row, { compartments, organism }] of annotations.entries()) {
    if (organism !== "human" || compartments.length !== 1 || compartments[0]!.name !== compartment) continue;
    const bytes = table.sequences.subarray(table.ends[row - 1] ?? 0, table.ends[row]!);
    const encoded = await microscope.encode(new TextDecoder().decode(bytes));
    const target = encoded.knownTargets.find((one) => one.compartment === compartment);
    if (target !== undefined) return { ...encoded, knownTargets: [target], condition: target.condition };
  }
  return undefined;
}

interface Measured {
  readonly field: string;
  readonly overlap: number;
  readonly correlation: number;
  readonly nuclearError: number;
}

const measured: Measured[] = [];
const held = (await readCrops(atlas)).crops.filter(({ split }) => split === "val");
for (const crop of fieldByField(held)) {
  if (measured.length >= Number(most)) break;
  const pictures = new Map<FurtherStain, Float32Array>();
  for (const stain of furtherStains) {
    const picture = await stains.read(crop.index, stain);
    if (picture !== undefined) pictures.set(stain, picture);
  }
  if (pictures.size < furtherStains.length) continue;
  if (!proteins.has(crop.primary)) proteins.set(crop.primary, findProtein(crop.primary));
  const protein = await proteins.get(crop.primary);
  if (protein === undefined) continue;
  const { data } = await pixels.read(crop.index);
  const [real, nucleus, distance] = [0, 1, 2].map((channel) =>
    data.subarray(channel * plane, (channel + 1) * plane),
  );
  const cell = {
    ...{ distance: distance!, nucleus: nucleus!, seed: crop.index },
    stains: Object.fromEntries(shown.map((stain) => [stain, pictures.get(stain)!])),
  };
  const [drawn] = await microscope.generateCells(protein, [cell], {
    ...{ samples: 1, steps: 15, sampler: "dpm++", guidance: 2 },
  });
  const generated = drawn!.images.subarray(0, plane);
  measured.push({
    field: crop.fieldOfView,
    overlap: medianOverlap(real!, generated),
    correlation: planeCorrelation(real!, generated),
    nuclearError: Math.abs(nuclearProportion(real!, distance!) - nuclearProportion(generated, distance!)),
  });
  process.stderr.write(`${measured.length} `);
}
await microscope.close();
await runtime.close();

const of = (name: Exclude<keyof Measured, "field">) => interval(measured, (cell) => cell[name]);
console.log(
  JSON.stringify({
    ...{
      model: path,
      stains: shown,
      cells: measured.length,
      fields: new Set(measured.map(({ field }) => field)).size,
    },
    ...{ overlap: of("overlap"), correlation: of("correlation"), nuclearError: of("nuclearError") },
  }),
);

/** The crops of all fields in turn, so that a few of them are of as many fields as there are. */
function fieldByField(crops: typeof held): typeof held {
  const rank = (crop: (typeof held)[number]) =>
    crops.filter(({ fieldOfView, index }) => fieldOfView === crop.fieldOfView && index < crop.index).length;
  return crops.toSorted((a, b) => rank(a) - rank(b) || a.index - b.index);
}

/** Mean over cells, with a 95 % interval by bootstrap over fields. */
function interval(cells: readonly Measured[], value: (cell: Measured) => number) {
  const meanOf = (some: readonly Measured[]) =>
    some.reduce((sum, cell) => sum + value(cell), 0) / some.length;
  const fields = [...new Set(cells.map(({ field }) => field))].map((name) =>
    cells.filter(({ field }) => field === name),
  );
  const means = Array.from({ length: 1000 }, (_, draw) =>
    meanOf(
      [...createGenerator(0, "fields", draw).integers(fields.length, fields.length)].flatMap(
        (i) => fields[i]!,
      ),
    ),
  );
  const [low, high] = percentiles(Float32Array.from(means), [2.5, 97.5]);
  const round = (x: number) => Math.round(x * 1000) / 1000;
  return { mean: round(meanOf(cells)), low: round(low!), high: round(high!) };
}
