// `tsx scripts/score-on-proteome.ts MODEL SET OUT.json [PROTEINS]`: what a model draws for proteins of a simulated proteome that
// it never saw, beside the truth. The set's own images of the same proteins are the ceiling, the drawn images under
// another protein's name are the floor. MODEL is a model folder with the image classifier of the proteome, SET a folder of
// `proteoscope data simulate-proteome`; at most PROTEINS (default 60) proteins of the held-out partition are drawn.
import { writeFile } from "node:fs/promises";
import { openRuntime } from "@proteoscope/engine/node";
import { pickNucleus } from "@proteoscope/imaging";
import {
  measureTexture,
  openCropPixels,
  type ProteinTruth,
  readCrops,
  readProteins,
  readProteinTruth,
  ruledCompartments,
  type ShownProtein,
  scoreProteome,
  scoreShuffled,
} from "@proteoscope/lab";
import { openMicroscope, readModel, readModelNuclei } from "@proteoscope/microscope";
import { openFolder } from "@proteoscope/models/node";

const [modelPath, set, out, most = "60"] = process.argv.slice(2);
if (modelPath === undefined || set === undefined || out === undefined)
  throw new Error("usage: tsx scripts/score-on-proteome.ts MODEL SET OUT.json [PROTEINS]");
const imagesOfProtein = 4;
const heldOut = 4;

const folder = openFolder(modelPath);
const runtime = await openRuntime({ device: "cpu" });
const microscope = openMicroscope(runtime, await readModel(folder));
const library = await readModelNuclei(folder);
const sequences = new Map((await readProteins(set)).map(({ id, sequence }) => [id, sequence]));
const truths = (await readProteinTruth(set))
  .filter(({ partition, hasImages }) => partition === heldOut && hasImages)
  .slice(0, Number(most));
const pixels = await openCropPixels(set);
const { crops } = await readCrops(set);
const { cropPixels: side } = microscope.model.constants;
const plane = side * side;

/** The means over images of one protein, [protein, nucleus] each, with their nuclear distances. */
async function show(
  truth: ProteinTruth,
  images: readonly { readonly planes: Float32Array; readonly distance: Float32Array }[],
): Promise<ShownProtein> {
  const rows = await Promise.all(
    images.map(async ({ planes, distance }) => {
      const [probabilities] = await microscope.classify(planes, distance);
      const shares = ruledCompartments.map((name) => probabilities![name] ?? 0);
      return [...shares, ...Object.values(measureTexture(planes.subarray(0, plane), side))];
    }),
  );
  const means = rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
  const mixture = means.slice(0, ruledCompartments.length);
  const total = mixture.reduce((sum, share) => sum + share, 0);
  const [brightness = 0, granularity = 0] = means.slice(ruledCompartments.length);
  return { truth, mixture: mixture.map((share) => share / total), granularity, brightness };
}

const drawn: ShownProtein[] = [];
const real: ShownProtein[] = [];
for (const [number, truth] of truths.entries()) {
  const encoded = await microscope.encode(sequences.get(truth.id)!, {}, { homologs: false });
  const generated = [];
  for (let image = 0; image < imagesOfProtein; image++) {
    const { distance } = pickNucleus(library, number * imagesOfProtein + image);
    const settings = { samples: 1, steps: 20, sampler: "dpm++", guidance: 1.5, seed: image } as const;
    const { images } = await microscope.generate(encoded, distance, settings);
    generated.push({ planes: images, distance });
  }
  drawn.push(await show(truth, generated));
  const own = crops.filter(({ uniprot }) => uniprot === truth.id).slice(0, imagesOfProtein);
  const recorded = await Promise.all(
    own.map(async ({ index }) => {
      const { data } = await pixels.read(index);
      return { planes: data.slice(0, 2 * plane), distance: data.slice(2 * plane, 3 * plane) };
    }),
  );
  real.push(await show(truth, recorded));
  console.error(`${number + 1} of ${truths.length}  ${truth.id}`);
}
await microscope.close();
await runtime.close();
const scores = { drawn: scoreProteome(drawn), ceiling: scoreProteome(real), floor: scoreShuffled(drawn) };
await writeFile(out, `${JSON.stringify(scores, null, 2)}\n`);
console.log(JSON.stringify(scores, null, 2));
