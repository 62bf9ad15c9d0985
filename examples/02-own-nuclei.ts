// Generates a protein around each nucleus of a microscope's image: one cell per nucleus, saved as OME-TIFF. The size of a
// pixel is given here, since many TIFF files do not say it.
//
//     node 02-own-nuclei.js nuclei.tif 0.2 LMNB1
import { writeFile } from "node:fs/promises";
import {
  encodeFiles,
  generate,
  openMicroscope,
  openModel,
  openRuntime,
  readModel,
  readNuclei,
  readProteins,
} from "proteoscope";

const [image = "nuclei.tif", pixelSizeMicrons = "0.2", protein = "LMNB1"] = process.argv.slice(2);

const model = await openModel();
const nuclei = await readNuclei(model, { image, pixelSizeMicrons: Number(pixelSizeMicrons) });
console.log(`${image}: ${nuclei.length} nuclei`);

const runtime = await openRuntime();
const microscope = openMicroscope(runtime, await readModel(model));
const request = { proteins: await readProteins(protein), nuclei, settings: { samples: 1, steps: 20 } };
for await (const cell of generate(microscope, request)) {
  for (const [file, bytes] of encodeFiles(cell, ["ome-tiff"])) await writeFile(file, bytes);
  const { firstPixel } = cell.provenance.nucleus; // of the crop, in pixels of the model
  console.log(`${cell.name}: ${JSON.stringify(firstPixel)}`);
}
await runtime.close();
