// Generates what is evaluated of each protein: an image around a nucleus of the library, and for unseen proteins further
// images from the same noise with one thing changed: another nucleus, the shuffled sequence, another protein's sequence,
// random numbers in its place, or no sequence. A record depends on the protein and the seed alone, not on the other proteins
// or their order. Proteins come in blocks, because what does not depend on the sequence is generated for several at once.
import { createGenerator } from "@proteoscope/engine";
import { FormatError } from "@proteoscope/formats";
import { medianOverlap, type NucleusLibrary, nuclearProportion, pickNucleus } from "@proteoscope/imaging";
import {
  byName,
  type Cell,
  type CompartmentProbabilities,
  type EncodedProtein,
  type GeneratedImages,
  type GenerateSettings,
  type ImageClassifier,
  type Microscope,
} from "@proteoscope/microscope";
import { noCalibration, posteriorProbabilities } from "@proteoscope/models";
import { imageCompartments } from "../../data/atlas/compartments.ts";
import type { CropImage } from "../../data/atlas/crop-pixels.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import type { ConfidentRecord, CropRecord, ProteinRecord, SweepRecord } from "../answers-file.ts";
import type { EvaluatedProtein, KnownCrop } from "../sets.ts";

export type DrawSettings = GenerateSettings;

export interface EvaluationTools {
  readonly microscope: Microscope;
  readonly library: NucleusLibrary;
  readonly classifier: ImageClassifier;
  readonly settings: DrawSettings;
  readonly signal: AbortSignal;
  /** Called after images were generated, with their number. */
  readonly onDrawn: (count: number) => void;
}

/** Number of proteins that are generated together. */
export const blockSize = 4;

/** Number of images that a protein takes. */
export function drawingsOf({ set }: EvaluatedProtein): number {
  return set === "seen" ? 1 : 6;
}

/**
 * Generates the records of the proteins that stand at `block * blockSize` and behind it in their set; `others` are the
 * proteins of the set, from which another one is chosen for each.
 */
export async function generateForProteins(
  tools: EvaluationTools,
  block: number,
  evaluated: readonly EvaluatedProtein[],
  others: readonly EvaluatedProtein[],
): Promise<ProteinRecord[]> {
  const generated: GeneratedProtein[] = [];
  for (const one of evaluated) generated.push(await generateForProtein(tools, one, others));
  if (evaluated[0]?.set === "seen") return generated.map(({ record }) => ({ ...record, changed: null }));
  const { constants } = tools.microscope.model;
  const width = generated[0]!.read.width;
  const cells = generated.map(({ cell }) => cell);
  const values = createGenerator(tools.settings.seed, "evaluate", "random embedding", block);
  const condition = values.normal((constants.windowResidues + 2) * width);
  const random = { ...generated[0]!.read, knownTargets: [], condition };
  const seenOf = async (shown: EncodedProtein, guidance: number) =>
    (await drawEach(tools, shown, cells, { guidance })).map(changedImage);
  const randomEmbedding = await seenOf(random, tools.settings.guidance);
  const unconditional = await seenOf(random, 0);
  return generated.map(({ record, changed }, index) => ({
    ...record,
    changed: {
      ...changed!,
      randomEmbedding: randomEmbedding[index]!,
      unconditional: unconditional[index]!,
    },
  }));
}

type Changed = NonNullable<ProteinRecord["changed"]>;

interface GeneratedProtein {
  readonly read: EncodedProtein;
  readonly cell: Cell;
  readonly record: Omit<ProteinRecord, "changed">;
  /** null for a protein that was trained on. */
  readonly changed: Omit<Changed, "randomEmbedding" | "unconditional"> | null;
}

/** The images of one protein that do not depend on its block. */
async function generateForProtein(
  tools: EvaluationTools,
  evaluated: EvaluatedProtein,
  others: readonly EvaluatedProtein[],
): Promise<GeneratedProtein> {
  const { library, classifier, settings, microscope } = tools;
  const { set, protein, label } = evaluated;
  const random = (name: string) => createGenerator(settings.seed, "evaluate", name, protein.id);
  const read = await readRow(microscope, protein);
  const { nucleus, cell } = chooseCell(tools, protein);
  const { distance, seed } = cell;
  const next =
    (nucleus + 1 + random("other nucleus").integer(Math.max(1, library.count - 1))) % library.count;
  const elsewhere = { ...pickNucleus(library, next), seed };

  const drawings = await drawEach(tools, read, set === "seen" ? [cell] : [cell, elsewhere]);
  const drawing = drawings[0]!;
  const area = distance.length;
  const image = new Float32Array(3 * area);
  image.set(drawing.images.subarray(0, 2 * area));
  image.set(distance, 2 * area);
  const drawn = {
    probabilities: inOrder(drawing.compartments),
    agreement: drawing.agreement,
    nuclearProportion: numberOrNull(nuclearProportion(image.subarray(0, area), distance)),
    features: compact((await classifier.classify(image))[0]!.features),
    protein: encodePlane(image.subarray(0, area)),
    nucleus: encodePlane(image.subarray(area, 2 * area)),
    others: Array.from({ length: settings.samples - 1 }, (_, i) =>
      encodePlane(drawing.images.subarray(2 * (i + 1) * area, (2 * (i + 1) + 1) * area)),
    ),
  };
  const { labels } = microscope.model.localization.config;
  const uncalibrated = posteriorProbabilities(read.logits, noCalibration(labels.length));
  const record = {
    kind: "protein" as const,
    ...{ id: protein.id, set, nucleus, drawn },
    label: { name: label.name, members: [...label.members] },
    languageModel: inOrder(read.posterior),
    uncalibrated: inOrder(byName(labels, uncalibrated)),
  };
  if (set === "seen") return { read, cell, record, changed: null };

  const order = random("shuffle").shuffle(protein.sequence.length);
  const shuffled = Array.from(order, (index) => protein.sequence[index]).join("");
  const other = chooseOther(evaluated, others, random("other").uniform(1)[0]!);
  const seen = async (shown: EncodedProtein) => changedImage((await drawEach(tools, shown, [cell]))[0]!);
  const changed = {
    otherNucleus: { nucleus: next, probabilities: inOrder(drawings[1]!.compartments) },
    shuffledSequence: await seen(await microscope.encode(shuffled)),
    otherProtein: { id: other.protein.id, ...(await seen(await readRow(microscope, other.protein))) },
  };
  return { read, cell, record, changed };
}

/** Number of images that a crop takes. */
export const drawingsOfCrop = 2;

/** Generates the protein of a real crop, and another protein, around the crop's own nucleus. */
export async function generateForCrop(
  tools: EvaluationTools,
  { crop, protein, isSeen }: KnownCrop,
  other: KnownCrop,
  image: CropImage,
): Promise<CropRecord> {
  const area = image.height * image.width;
  const distance = image.data.slice(2 * area);
  const real = image.data.subarray(0, area);
  const seed = createGenerator(tools.settings.seed, "evaluate", "crop", crop.index).integer(2 ** 32);
  const nucleus = crop.hasDnaStain ? image.data.slice(area, 2 * area) : undefined;
  const cell = { distance, nucleus, seed };
  const draw = async (sequence: string) => {
    const read = await tools.microscope.encode(sequence);
    return (await drawEach(tools, read, [cell]))[0]!.images.subarray(0, area);
  };
  const drawn = await draw(protein.sequence);
  const proportion = (plane: Float32Array) => numberOrNull(nuclearProportion(plane, distance));
  const otherDrawn = await draw(other.protein.sequence);
  return {
    ...{ kind: "crop", crop: crop.index, protein: protein.id, isSeen },
    drawn: proportion(drawn),
    real: proportion(real),
    overlap: numberOrNull(medianOverlap(drawn, real)),
    otherOverlap: numberOrNull(medianOverlap(otherDrawn, real)),
    image: encodePlane(drawn),
    otherImage: encodePlane(otherDrawn),
  };
}

/** Generates a protein of the confident subset. */
export async function generateConfident(
  tools: EvaluationTools,
  confident: Pick<ConfidentRecord, "compartment" | "rank" | "probability">,
  protein: Protein,
): Promise<ConfidentRecord> {
  const { microscope } = tools;
  const { nucleus, cell } = chooseCell(tools, protein);
  const [drawing] = await drawEach(tools, await readRow(microscope, protein), [cell], { samples: 1 });
  return {
    kind: "confident",
    ...confident,
    protein: protein.id,
    nucleus,
    drawn: inOrder(drawing!.compartments),
    image: encodePlane(drawing!.images.subarray(0, cell.distance.length)),
  };
}

/** The nucleus that a protein is generated around, and the seed of the noise. */
function chooseCell(
  { library, settings }: EvaluationTools,
  { id }: Protein,
): { nucleus: number; cell: Cell } {
  const random = (name: string) => createGenerator(settings.seed, "evaluate", name, id);
  const nucleus = random("nucleus").integer(library.count);
  return { nucleus, cell: { ...pickNucleus(library, nucleus), seed: random("noise").integer(2 ** 32) } };
}

/** Generates a protein as its record has it, with other settings. */
export async function generateForSweep(
  tools: EvaluationTools,
  { set, protein }: EvaluatedProtein,
  setting: string,
  changes: Partial<DrawSettings>,
): Promise<SweepRecord> {
  const { cell } = chooseCell(tools, protein);
  const read = await readRow(tools.microscope, protein);
  const [drawing] = await drawEach(tools, read, [cell], { ...changes, samples: 1 });
  const image = encodePlane(drawing!.images.subarray(0, cell.distance.length));
  return { kind: "sweep", id: protein.id, set, setting, image };
}

function changedImage({ images, height, width, compartments }: GeneratedImages): Changed["shuffledSequence"] {
  return { probabilities: inOrder(compartments), protein: encodePlane(images.subarray(0, height * width)) };
}

/** The protein channel of a record, in [0, 1]. */
export function decodePlane(base64: string): Float32Array {
  return Float32Array.from(Buffer.from(base64, "base64"), (value) => value / 255);
}

function encodePlane(plane: Float32Array): string {
  return Buffer.from(Uint8Array.from(plane, (value) => Math.round(255 * value))).toString("base64");
}

async function drawEach(
  { microscope, settings, signal, onDrawn }: EvaluationTools,
  read: EncodedProtein,
  cells: readonly Cell[],
  changes: Partial<DrawSettings> = {},
): Promise<GeneratedImages[]> {
  const drawings = await microscope.generateCells(read, cells, { ...settings, ...changes, signal });
  onDrawn(drawings.length);
  return drawings;
}

/** Encodes a protein of an atlas. @throws FormatError for a sequence that the language model cannot read. */
export async function readRow(microscope: Microscope, protein: Protein): Promise<EncodedProtein> {
  try {
    return await microscope.encode(protein.sequence);
  } catch (cause) {
    if (!(cause instanceof Error) || cause.name !== "SequenceError") throw cause;
    const hint = "correct the sequence";
    throw new FormatError("atlas", `protein ${protein.id}: ${cause.message}`, { hint, cause });
  }
}

/** Another protein of the set, of any compartment. */
function chooseOther(
  evaluated: EvaluatedProtein,
  others: readonly EvaluatedProtein[],
  uniform: number,
): EvaluatedProtein {
  const rest = others.filter(({ protein }) => protein.id !== evaluated.protein.id);
  return rest[Math.floor(uniform * rest.length)] ?? evaluated;
}

function inOrder(compartments: CompartmentProbabilities): number[] {
  return compact(imageCompartments.map((name) => compartments[name]!));
}

/** Rounds to seven digits, the precision of a float32. */
function compact(values: ArrayLike<number>): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(7)));
}

function numberOrNull(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(7)) : null;
}
