// `tsx scripts/draw-grid.ts ATLAS OUT.png [MODEL]`: the picture of the README, real crops next to generated ones.
// One row per example protein: the first real crops of its compartment (OpenCell's where there are any) in the order of
// the atlas, then samples at seeds 0, 1, 2, 3 around the library's nuclei of those seeds. Nothing is chosen by eye.
import { readFile, writeFile } from "node:fs/promises";
import { openRuntime } from "@proteoscope/engine/node";
import { parseFasta, writePng } from "@proteoscope/formats";
import { compositeCell, markSynthetic, pickNucleus, type Tile, tileImages } from "@proteoscope/imaging";
import { type Crop, openCropPixels, readCrops } from "@proteoscope/lab";
import { generateDefaults, openMicroscope, readModel, readModelNuclei } from "@proteoscope/microscope";
import { openFolder } from "@proteoscope/models/node";

const [atlas, out, modelFolder = "checkpoints/proteoscope-mini"] = process.argv.slice(2);
if (atlas === undefined || out === undefined)
  throw new Error("usage: tsx scripts/draw-grid.ts ATLAS OUT.png [MODEL]");
const genes = ["FBL", "TP53", "LMNB1", "TOMM20", "CANX", "GOLGA2", "LAMP1", "GAPDH"];
const seeds = [0, 1, 2, 3];
const realColumns = 2;

const { crops } = await readCrops(atlas);
const pixels = await openCropPixels(atlas);
const folder = openFolder(modelFolder);
const library = await readModelNuclei(folder);
const runtime = await openRuntime();
const microscope = openMicroscope(runtime, await readModel(folder));
const proteins = parseFasta(await readFile("examples/proteins.fasta", "utf8"), {
  name: "examples/proteins.fasta",
});
const size = { height: pixels.height, width: pixels.width };
const area = size.height * size.width;

const rows: Tile[][] = [];
for (const gene of genes) {
  const record = proteins.find(({ description }) => description.startsWith(`${gene} `))!;
  const compartment = /expected: (\w+)/.exec(record.description)![1]!;
  const row: Tile[] = [];
  for (const crop of realCrops(compartment)) {
    const { data } = await pixels.read(crop.index);
    const image = compositeCell(
      { protein: data.subarray(0, area), nucleus: data.subarray(area, 2 * area) },
      size,
    );
    row.push({ image, label: `real ${compartment}` });
  }
  while (row.length < realColumns)
    row.push({ image: { ...size, data: new Uint8Array(3 * area) }, label: "no real crop" });
  const protein = await microscope.encode(record.sequence);
  for (const seed of seeds) {
    const cell = pickNucleus(library, seed);
    const { images } = await microscope.generate(protein, cell, {
      ...generateDefaults,
      samples: 1,
      seed,
    });
    const image = markSynthetic(
      compositeCell({ protein: images.subarray(0, area), nucleus: cell.nucleus }, size),
    );
    row.push({ image, label: `${gene} seed ${seed}` });
  }
  rows.push(row);
  console.log(gene, protein.probabilities);
}
const { width, height, data } = tileImages(rows, { scale: 1 });
await writeFile(out, writePng({ width, height, channels: 3, depth: 8, data, text: { synthetic: "partly" } }));
await runtime.close();

function realCrops(compartment: string): Crop[] {
  const real = crops.filter(({ isBlend, primary }) => !isBlend && primary === compartment);
  const openCell = real.filter(({ source }) => source === "opencell_gallery");
  return [...openCell, ...real.filter((crop) => !openCell.includes(crop))].slice(0, realColumns);
}
