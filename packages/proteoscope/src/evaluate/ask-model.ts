// What a model is asked of each protein: an image around a nucleus of the library, and of unseen proteins three more
// with one thing changed - the sequence shuffled, another protein's sequence, another nucleus - from the same noise.
// An answer depends on the protein and the seed alone, not on which others are asked or in which order.
import { createGenerator } from "@proteoscope/engine";
import { FormatError } from "@proteoscope/formats";
import {
  type CropImage,
  type EvaluatedProtein,
  type ImageReader,
  imageCompartments,
  type KnownCrop,
  nuclearProportion,
} from "@proteoscope/lab";
import {
  type CompartmentProbabilities,
  type Drawing,
  type DrawOptions,
  type Microscope,
  type NucleusLibrary,
  pickNucleus,
  type ReadProtein,
} from "@proteoscope/microscope";
import type { CropRecord, ProteinRecord } from "./answers-file.ts";

export type DrawSettings = Required<Omit<DrawOptions, "signal" | "onStep">>;

export interface Instruments {
  readonly microscope: Microscope;
  readonly library: NucleusLibrary;
  readonly reader: ImageReader;
  readonly settings: DrawSettings;
  readonly signal: AbortSignal;
  /** Called after each drawing. */
  readonly onDrawn: () => void;
}

/** Drawings that a protein takes. */
export function drawingsOf({ set }: EvaluatedProtein): number {
  return set === "seen" ? 1 : 4;
}

/** Asks of one protein; `others` are the proteins of its set, from which another one is chosen. */
export async function askProtein(
  instruments: Instruments,
  evaluated: EvaluatedProtein,
  others: readonly EvaluatedProtein[],
): Promise<ProteinRecord> {
  const { library, reader, settings, microscope } = instruments;
  const { set, protein, label } = evaluated;
  const random = (name: string) => createGenerator(settings.seed, "evaluate", name, protein.id);
  const read = await readRow(microscope, evaluated);
  const seed = random("noise").integer(2 ** 32);
  const nucleus = random("nucleus").integer(library.count);
  const { distance } = pickNucleus(library, nucleus);
  const draw = (shown: ReadProtein, around: Float32Array) => drawOne(instruments, shown, around, seed);

  const drawing = await draw(read, distance);
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
  const record = {
    kind: "protein" as const,
    ...{ id: protein.id, set, nucleus, drawn },
    label: { name: label.name, members: [...label.members] },
    languageModel: inOrder(read.compartments),
  };
  if (set === "seen") return { ...record, changed: null };

  const order = random("shuffle").shuffle(protein.sequence.length);
  const shuffled = Array.from(order, (place) => protein.sequence[place]).join("");
  const other = chooseOther(evaluated, others, random("other").uniform(1)[0]!);
  const next =
    (nucleus + 1 + random("other nucleus").integer(Math.max(1, library.count - 1))) % library.count;
  const seen = async (shown: ReadProtein, around: Float32Array) =>
    inOrder((await draw(shown, around)).compartments);
  return {
    ...record,
    changed: {
      shuffledSequence: await seen(await microscope.read(shuffled), distance),
      otherProtein: {
        id: other.protein.id,
        probabilities: await seen(await readRow(microscope, other), distance),
      },
      otherNucleus: {
        nucleus: next,
        probabilities: await seen(read, pickNucleus(library, next).distance),
      },
    },
  };
}

/** Draws the protein of a real crop around the crop's own nucleus. */
export async function askCrop(
  instruments: Instruments,
  { crop, protein, isSeen }: KnownCrop,
  image: CropImage,
): Promise<CropRecord> {
  const area = image.height * image.width;
  const distance = image.data.slice(2 * area);
  const seed = createGenerator(instruments.settings.seed, "evaluate", "crop", crop.index).integer(2 ** 32);
  const read = await instruments.microscope.read(protein.sequence);
  const { images } = await drawOne(instruments, read, distance, seed);
  const proportion = (plane: Float32Array) => numberOrNull(nuclearProportion(plane, distance));
  return {
    ...{ kind: "crop", crop: crop.index, protein: protein.id, isSeen },
    drawn: proportion(images.subarray(0, area)),
    real: proportion(image.data.subarray(0, area)),
  };
}

/** The protein channel of a record, in [0, 1]. */
export function decodePlane(base64: string): Float32Array {
  return Float32Array.from(Buffer.from(base64, "base64"), (value) => value / 255);
}

function encodePlane(plane: Float32Array): string {
  return Buffer.from(Uint8Array.from(plane, (value) => Math.round(255 * value))).toString("base64");
}

async function drawOne(
  { microscope, settings, signal, onDrawn }: Instruments,
  read: ReadProtein,
  distance: Float32Array,
  seed: number,
): Promise<Drawing> {
  const drawing = await microscope.draw(read, distance, { ...settings, seed, signal });
  onDrawn();
  return drawing;
}

async function readRow(microscope: Microscope, { protein }: EvaluatedProtein): Promise<ReadProtein> {
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
