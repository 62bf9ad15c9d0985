// `tsx scripts/measure-mini.ts ATLAS [MODEL] [COUNT]`: how often the mini model draws the right compartment, as JSON.
// Proteins of the held-out homology partition and of OpenCell's validation split that have one compartment; a label
// that does not resolve the nucleus or the cytoplasm counts any part of it as right. Beside the drawn images: the
// language model's own answer, shuffled sequences, the most frequent answer, and real crops of unseen fields.
// Intervals are 95 %, by bootstrap over proteins (or crops).
import { createGenerator } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import {
  compartmentGroups,
  imageCompartments,
  openCropPixels,
  type Protein,
  placeCompartment,
  readCrops,
  readLocalisation,
  readProteins,
  splitSequences,
} from "@proteoscope/lab";
import {
  type CompartmentProbabilities,
  openMicroscope,
  pickNucleus,
  readModel,
  readModelNuclei,
} from "@proteoscope/microscope";
import { openFolder } from "@proteoscope/models/node";

const [atlas, modelFolder = "checkpoints/proteoscope-mini", count = "200"] = process.argv.slice(2);
if (atlas === undefined) throw new Error("usage: tsx scripts/measure-mini.ts ATLAS [MODEL] [COUNT]");
const seed = 0;

const folder = openFolder(modelFolder);
const library = await readModelNuclei(folder);
const runtime = await openRuntime();
const microscope = openMicroscope(runtime, await readModel(folder));
const proteins = await unseenProteins(Number(count));

const answers: Record<"drawn" | "language model" | "shuffled sequence", boolean[]> = {
  drawn: [],
  "language model": [],
  "shuffled sequence": [],
};
const truths: string[][] = [];
for (const [index, protein] of proteins.entries()) {
  const right = rightAnswers(protein);
  truths.push(right);
  const read = await microscope.read(protein.sequence);
  answers["language model"].push(right.includes(best(read.compartments)));
  answers.drawn.push(right.includes(await drawn(read, index)));
  const order = createGenerator(seed, "shuffle", protein.id).shuffle(protein.sequence.length);
  const shuffled = Array.from(order, (place) => protein.sequence[place]).join("");
  answers["shuffled sequence"].push(right.includes(await drawn(await microscope.read(shuffled), index)));
  process.stderr.write(`\r${index + 1}/${proteins.length}`);
}
const majority = imageCompartments
  .map((name) => truths.map((right) => right.includes(name)))
  .reduce((a, b) => (share(a) >= share(b) ? a : b));
const report = {
  model: modelFolder,
  proteins: proteins.length,
  images: "1 a protein, dpm++ of 15 steps, guidance 3, a library nucleus each",
  accuracy: Object.fromEntries(
    Object.entries({
      ...answers,
      "most frequent answer": majority,
      "real crops of unseen fields": await realCrops(),
    }).map(([name, hits]) => [name, { n: hits.length, accuracy: share(hits), interval95: interval(hits) }]),
  ),
};
console.log(JSON.stringify(report, null, 2));
await runtime.close();

async function unseenProteins(most: number): Promise<Protein[]> {
  const all = [...(await readProteins(atlas!)), ...(await readLocalisation(atlas!))];
  const splits = splitSequences(all);
  const fits = all.filter((protein, index) => {
    const isUnseen = splits[index] === "test" || splits[index] === "opencell";
    const isHuman =
      protein.source === "opencell" || (protein.source === "deeploc2-swissprot" && protein.isHuman);
    return isUnseen && isHuman && rightAnswers(protein).length > 0;
  });
  const order = createGenerator(seed, "unseen").shuffle(fits.length);
  return Array.from(order.subarray(0, most), (index) => fits[index]!);
}

/** The compartments that are right for a protein of one compartment; none for other proteins. */
function rightAnswers(protein: Protein): string[] {
  const named = [...new Set(protein.labels.map(({ name }) => placeCompartment(name)))];
  const only = named[0];
  if (named.length !== 1 || only === undefined || !imageCompartments.includes(only)) return [];
  const group = compartmentGroups.find(({ members }) => members[0] === only);
  return protein.source === "opencell" || group === undefined ? [only] : [...group.members];
}

function best(compartments: CompartmentProbabilities): string {
  return imageCompartments.reduce((a, b) => ((compartments[b] ?? 0) > (compartments[a] ?? 0) ? b : a));
}

async function drawn(read: Awaited<ReturnType<typeof microscope.read>>, index: number): Promise<string> {
  const { distance } = pickNucleus(library, index);
  const drawing = await microscope.draw(read, distance, {
    samples: 1,
    steps: 15,
    sampler: "dpm++",
    seed: index,
  });
  return best(drawing.compartments);
}

/** Whether the classifier names the compartment of real single cells whose fields were not trained on. */
async function realCrops(): Promise<boolean[]> {
  const { crops } = await readCrops(atlas!);
  const pixels = await openCropPixels(atlas!);
  const area = pixels.height * pixels.width;
  const hits: boolean[] = [];
  for (const crop of crops.filter(({ isBlend, split }) => !isBlend && split === "val")) {
    const label = placeCompartment(crop.primary);
    if (label === undefined) continue;
    const { data } = await pixels.read(crop.index);
    const [seen] = await microscope.classify(data.subarray(0, 2 * area), data.subarray(2 * area));
    hits.push(best(seen!) === label);
  }
  return hits;
}

function share(hits: readonly boolean[]): number {
  return hits.filter(Boolean).length / hits.length;
}

function interval(hits: readonly boolean[]): [number, number] {
  const rounds = 2000;
  const shares = Float64Array.from({ length: rounds }, (_, round) => {
    const drawnRows = createGenerator(seed, "bootstrap", round).integers(hits.length, hits.length);
    return share(Array.from(drawnRows, (row) => hits[row]!));
  }).sort();
  return [shares[Math.floor(0.025 * rounds)]!, shares[Math.floor(0.975 * rounds)]!];
}
