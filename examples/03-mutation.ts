// Compares a protein with a mutant around the same nucleus, from the same noise: the compartments predicted from the
// sequence, those that the classifier recognises in the images, and the correlation of the images inside the cell. Here
// COX8A loses its transit peptide, the 25 residues by which mitochondria import it (UniProt P10176).
import {
  generate,
  openMicroscope,
  openModel,
  openRuntime,
  readModel,
  readNuclei,
  readProteins,
} from "proteoscope";
import { cellFootprint, sampleAgreement } from "proteoscope/imaging";

const [wildType] = await readProteins("COX8A");
const mutant = { ...wildType!, id: "COX8A-del2-25", sequence: `M${wildType!.sequence.slice(25)}` };

const runtime = await openRuntime();
const model = await openModel();
const microscope = openMicroscope(runtime, await readModel(model));
const nuclei = await readNuclei(model);
const request = { proteins: [wildType!, mutant], nuclei, settings: { samples: 1, steps: 20, seed: 0 } };
const images: Float32Array[] = []; // the protein's channel, [H, W]
for await (const { name, images: generated, provenance } of generate(microscope, request)) {
  const { predicted, posterior, classified } = provenance.compartments;
  for (const [list, probabilities] of Object.entries({ predicted, posterior, classified })) {
    const sorted = Object.entries(probabilities).sort(([, a], [, b]) => b - a);
    const largest = sorted.slice(0, 3).map(([compartment, value]) => `${compartment} ${value.toFixed(2)}`);
    console.log(`${name}, ${list}: ${largest.join(", ")}`);
  }
  images.push(generated.images.subarray(0, generated.height * generated.width));
}
await runtime.close();

const { reliability } = sampleAgreement(images, cellFootprint(nuclei[0]!.distance));
console.log(`correlation of the images: ${reliability!.toFixed(3)}`);
