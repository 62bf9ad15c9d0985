// `tsx scripts/draw-compartments.ts ATLAS OUT.png [MODEL]`: the picture of the model card, every compartment that the model
// draws: two rows of eight, real crops above what is generated of human proteins that are annotated with it first, and with
// as little else as there are. Crops are the first of their compartment from eight fields of view, proteins of as many
// compartments are drawn by lot, nuclei are those of the seeds 0 to 7: nothing is chosen by eye. Prints how often the model's classifier recognises the compartment.
import { writeFile } from "node:fs/promises";
import { createGenerator } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { writePng } from "@proteoscope/formats";
import { compositeCell, markSynthetic, pickNucleus, type Tile, tileImages } from "@proteoscope/imaging";
import { type Crop, imageCompartments, openCropPixels, readCrops, simulatedSource } from "@proteoscope/lab";
import { generateDefaults, openMicroscope, readModel, readModelNuclei } from "@proteoscope/microscope";
import { residuesOf } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";

const [atlas, out, modelFolder = "checkpoints/proteoscope-mini"] = process.argv.slice(2);
if (atlas === undefined || out === undefined)
  throw new Error("usage: tsx scripts/draw-compartments.ts ATLAS OUT.png [MODEL]");
const columns = 8;

const { crops } = await readCrops(atlas);
const pixels = await openCropPixels(atlas);
const folder = openFolder(modelFolder);
const library = await readModelNuclei(folder);
const model = await readModel(folder);
const runtime = await openRuntime();
const microscope = openMicroscope(runtime, model);
const size = { height: pixels.height, width: pixels.width };
const area = size.height * size.width;
const empty = { ...size, data: new Uint8Array(3 * area) };

const rows: Tile[][] = [];
for (const compartment of imageCompartments) {
  const real: Tile[] = [];
  for (const crop of realCrops(compartment)) {
    const { data } = await pixels.read(crop.index);
    const planes = { protein: data.subarray(0, area), nucleus: data.subarray(area, 2 * area) };
    real.push({ image: compositeCell(planes, size), label: `real ${compartment}` });
  }
  const drawn: Tile[] = [];
  let recognised = 0;
  for (const [seed, { gene, sequence }] of annotatedProteins(compartment).entries()) {
    const cell = pickNucleus(library, seed);
    const settings = { ...generateDefaults, samples: 1, seed };
    const protein = await microscope.encode(sequence);
    const { images, compartments } = await microscope.generate(protein, cell, settings);
    const image = markSynthetic(
      compositeCell({ protein: images.subarray(0, area), nucleus: cell.nucleus }, size),
    );
    drawn.push({ image, label: gene });
    const seen = Object.entries(compartments).sort((a, b) => b[1] - a[1])[0]![0];
    if (seen === compartment) recognised++;
  }
  console.log(`${compartment}: the classifier recognises ${recognised} of ${drawn.length}`);
  for (const row of [real, drawn]) {
    while (row.length < columns) row.push({ image: empty, label: "none" });
    rows.push(row);
  }
}
const { width, height, data } = tileImages(rows, { scale: 1 });
await writeFile(out, writePng({ width, height, channels: 3, depth: 8, data, text: { synthetic: "partly" } }));
await runtime.close();

/** The first real crop of each of eight fields of view. */
function realCrops(compartment: string): Crop[] {
  const real = crops.filter(
    ({ isBlend, primary, source }) => !isBlend && primary === compartment && source !== simulatedSource,
  );
  return [...new Map(real.toReversed().map((crop) => [crop.fieldOfView, crop])).values()]
    .toReversed()
    .slice(0, columns);
}

/** Eight human proteins that every source has in this compartment first, those of fewest others, drawn by lot. */
function annotatedProteins(compartment: string): { gene: string; sequence: string }[] {
  const homologs = model.homologs;
  if (homologs === undefined) throw new Error(`${modelFolder} brings no annotated proteins`);
  const byGene = new Map<string, { protein: number; firsts: Set<string>; all: Set<string> }>();
  for (const [protein, { gene, organism, compartments }] of homologs.annotations.entries()) {
    if (organism !== "human" || gene === "" || compartments.length === 0) continue;
    const found = byGene.get(gene) ?? { protein, firsts: new Set(), all: new Set() };
    found.firsts.add(compartments[0]!.name);
    for (const { name } of compartments) found.all.add(name);
    byGene.set(gene, found);
  }
  const candidates = [...byGene].filter(([, { firsts }]) => firsts.size === 1 && firsts.has(compartment));
  const lot = createGenerator(0, `proteins of ${compartment}`).uniform(candidates.length);
  return candidates
    .map(([gene, { protein, all }], index) => ({ gene, protein, order: all.size + lot[index]! }))
    .sort((a, b) => a.order - b.order)
    .slice(0, columns)
    .map(({ gene, protein }) => ({
      gene,
      sequence: new TextDecoder().decode(residuesOf(homologs.proteins, protein)),
    }));
}
