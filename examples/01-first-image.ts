// Generates images of a protein, fibrillarin, around a nucleus of the model's own,
// and saves them as PNG files.
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

const runtime = await openRuntime();
const model = await openModel();
const microscope = openMicroscope(runtime, await readModel(model));
const request = { proteins: await readProteins("FBL"), nuclei: await readNuclei(model) };
for await (const cell of generate(microscope, request)) {
  console.log(cell.name, cell.images.compartments);
  for (const [file, bytes] of encodeFiles(cell, ["png"])) await writeFile(file, bytes);
}
await runtime.close();
