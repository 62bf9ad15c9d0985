// What a model is asked of each protein: an image around a nucleus of the library, and of unseen proteins more with one
// thing changed - another nucleus, the sequence shuffled, another protein's sequence, random numbers in its place, none -
// from the same noise. An answer depends on the protein and the seed alone, not on which others are asked or in which
// order; proteins are asked in blocks, for what does not depend on the sequence is drawn for several at once.
import { createGenerator } from "@proteoscope/engine";
import { FormatError } from "@proteoscope/formats";
import { medianOverlap, type NucleusLibrary, pickNucleus } from "@proteoscope/imaging";
import {
  byName,
  type Cell,
  type CompartmentProbabilities,
  type Drawing,
  type DrawOptions,
  type ImageReader,
  type Microscope,
  type ReadProtein,
} from "@proteoscope/microscope";
import { answerProbabilities, noCalibration } from "@proteoscope/models";
import { imageCompartments } from "../../data/atlas/compartments.ts";
import type { CropImage } from "../../data/atlas/crop-pixels.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import type { ConfidentRecord, CropRecord, ProteinRecord } from "../answers-file.ts";
import { nuclearProportion } from "../measures/nuclear-proportion.ts";
import type { EvaluatedProtein, KnownCrop } from "../sets.ts";

export type DrawSettings = Required<Omit<DrawOptions, "signal" | "onStep">>;

export interface EvaluationTools {
  readonly microscope: Microscope;
  readonly library: NucleusLibrary;
  readonly reader: ImageReader;
  readonly settings: DrawSettings;
  readonly signal: AbortSignal;
  /** Called after drawings, with their number. */
  readonly onDrawn: (count: number) => void;
}

/** Proteins that are asked together. */
export const blockSize = 4;

/** Drawings that a protein takes. */
export function drawingsOf({ set }: EvaluatedProtein): number {
  return set === "seen" ? 1 : 6;
}

/**
 * Asks of the proteins of one set that stand at `block * blockSize` and behind it; `others` are the proteins of the
 * set, from which another one is chosen for each.
 */
export async function askProteins(
  instruments: EvaluationTools,
  block: number,
  evaluated: readonly EvaluatedProtein[],
  others: readonly EvaluatedProtein[],
): Promise<ProteinRecord[]> {
  const asked: Asked[] = [];
  for (const one of evaluated) asked.push(await askOne(instruments, one, others));
  if (evaluated[0]?.set === "seen") return asked.map(({ record }) => ({ ...record, changed: null }));
  const { constants } = instruments.microscope.model;
  const width = asked[0]!.read.width;
  const cells = asked.map(({ cell }) => cell);
  const values = createGenerator(instruments.settings.seed, "evaluate", "random embedding", block);
  const random = { ...asked[0]!.read, condition: values.normal((constants.windowResidues + 2) * width) };
  const seenOf = async (shown: ReadProtein, guidance: number) =>
    (await drawEach(instruments, shown, cells, { guidance })).map(({ compartments }) =>
      inOrder(compartments),
    );
  const randomEmbedding = await seenOf(random, instruments.settings.guidance);
  const unconditional = await seenOf(random, 0);
  return asked.map(({ record, changed }, index) => ({
    ...record,
    changed: {
      ...changed!,
      randomEmbedding: randomEmbedding[index]!,
      unconditional: unconditional[index]!,
    },
  }));
}

type Changed = NonNullable<ProteinRecord["changed"]>;

interface Asked {
  readonly read: ReadProtein;
  readonly cell: Cell;
  readonly record: Omit<ProteinRecord, "changed">;
  /** null for a protein that was trained on. */
  readonly changed: Omit<Changed, "randomEmbedding" | "unconditional"> | null;
}

/** What is asked of a protein by itself. */
async function askOne(
  instruments: EvaluationTools,
  evaluated: EvaluatedProtein,
  others: readonly EvaluatedProtein[],
): Promise<Asked> {
  const { library, reader, settings, microscope } = instruments;
  const { set, protein, label } = evaluated;
  const random = (name: string) => createGenerator(settings.seed, "evaluate", name, protein.id);
  const read = await readRow(microscope, protein);
  const { nucleus, cell } = chooseCell(instruments, protein);
  const { distance, seed } = cell;
  const next =
    (nucleus + 1 + random("other nucleus").integer(Math.max(1, library.count - 1))) % library.count;
  const elsewhere = { distance: pickNucleus(library, next).distance, seed };

  const drawings = await drawEach(instruments, read, set === "seen" ? [cell] : [cell, elsewhere]);
  const drawing = drawings[0]!;
  const area = distance.length;
  const image = new Float32Array(3 * area);
  image.set(drawing.images.subarray(0, 2 * area));
  image.set(distance, 2 * area);
  const drawn = {
    probabilities: inOrder(drawing.compartments),
    agreement: drawing.agreement,
    nuclearProportion: numberOrNull(nuclearProportion(image.subarray(0, area), distance)),
    features: compact((await reader.read(image)).features),
    protein: encodePlane(image.subarray(0, area)),
  };
  const { labels } = microscope.model.localization.config;
  const uncalibrated = answerProbabilities(read.logits, noCalibration(labels.length));
  const record = {
    kind: "protein" as const,
    ...{ id: protein.id, set, nucleus, drawn },
    label: { name: label.name, members: [...label.members] },
    languageModel: inOrder(read.answer),
    uncalibrated: inOrder(byName(labels, uncalibrated)),
  };
  if (set === "seen") return { read, cell, record, changed: null };

  const order = random("shuffle").shuffle(protein.sequence.length);
  const shuffled = Array.from(order, (place) => protein.sequence[place]).join("");
  const other = chooseOther(evaluated, others, random("other").uniform(1)[0]!);
  const seen = async (shown: ReadProtein) =>
    inOrder((await drawEach(instruments, shown, [cell]))[0]!.compartments);
  const changed = {
    otherNucleus: { nucleus: next, probabilities: inOrder(drawings[1]!.compartments) },
    shuffledSequence: await seen(await microscope.read(shuffled)),
    otherProtein: {
      id: other.protein.id,
      probabilities: await seen(await readRow(microscope, other.protein)),
    },
  };
  return { read, cell, record, changed };
}

/** Drawings that a crop takes. */
export const drawingsOfCrop = 2;

/** Draws the protein of a real crop, and another one, around the crop's own nucleus. */
export async function askCrop(
  instruments: EvaluationTools,
  { crop, protein, isSeen }: KnownCrop,
  other: KnownCrop,
  image: CropImage,
): Promise<CropRecord> {
  const area = image.height * image.width;
  const distance = image.data.slice(2 * area);
  const real = image.data.subarray(0, area);
  const seed = createGenerator(instruments.settings.seed, "evaluate", "crop", crop.index).integer(2 ** 32);
  const draw = async (sequence: string) => {
    const read = await instruments.microscope.read(sequence);
    return (await drawEach(instruments, read, [{ distance, seed }]))[0]!.images.subarray(0, area);
  };
  const drawn = await draw(protein.sequence);
  const proportion = (plane: Float32Array) => numberOrNull(nuclearProportion(plane, distance));
  return {
    ...{ kind: "crop", crop: crop.index, protein: protein.id, isSeen },
    drawn: proportion(drawn),
    real: proportion(real),
    overlap: numberOrNull(medianOverlap(drawn, real)),
    otherOverlap: numberOrNull(medianOverlap(await draw(other.protein.sequence), real)),
  };
}

/** Draws a protein of which the language model is sure that it is in a compartment. */
export async function askConfident(
  instruments: EvaluationTools,
  confident: Pick<ConfidentRecord, "compartment" | "rank" | "probability">,
  protein: Protein,
): Promise<ConfidentRecord> {
  const { microscope } = instruments;
  const { nucleus, cell } = chooseCell(instruments, protein);
  const [drawing] = await drawEach(instruments, await readRow(microscope, protein), [cell]);
  return {
    kind: "confident",
    ...confident,
    protein: protein.id,
    nucleus,
    drawn: inOrder(drawing!.compartments),
  };
}

/** The nucleus that a protein is drawn around, and the noise. */
function chooseCell(
  { library, settings }: EvaluationTools,
  { id }: Protein,
): { nucleus: number; cell: Cell } {
  const random = (name: string) => createGenerator(settings.seed, "evaluate", name, id);
  const nucleus = random("nucleus").integer(library.count);
  const { distance } = pickNucleus(library, nucleus);
  return { nucleus, cell: { distance, seed: random("noise").integer(2 ** 32) } };
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
  read: ReadProtein,
  cells: readonly Cell[],
  changes: Partial<DrawSettings> = {},
): Promise<Drawing[]> {
  const drawings = await microscope.drawCells(read, cells, { ...settings, ...changes, signal });
  onDrawn(drawings.length);
  return drawings;
}

/** @throws FormatError for a sequence that the language model cannot read. */
export async function readRow(microscope: Microscope, protein: Protein): Promise<ReadProtein> {
  try {
    return await microscope.read(protein.sequence);
  } catch (cause) {
    if (!(cause instanceof Error) || cause.name !== "SequenceError") throw cause;
    const hint = "correct the sequence";
    throw new FormatError("atlas", `protein ${protein.id}: ${cause.message}`, { hint, cause });
  }
}

/** Any protein of the set but this one: of another compartment or, as chance has it, of the same. */
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

/** Seven digits: what a float32 holds. */
function compact(values: ArrayLike<number>): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(7)));
}

function numberOrNull(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(7)) : null;
}
