// The protein's side of a network that is trained on images and sequences: what a finished language model says of each
// protein, brought to unit deviation over the training proteins, and which protein an image goes with.

import type { Runtime } from "@proteoscope/engine";
import {
  type LoadedCondition,
  type LoadedRelatives,
  loadSequenceCondition,
  openRelatives,
  type SequenceInput,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { ConfigError } from "../../config/compose.ts";
import { imageCompartments } from "../../data/atlas/compartments.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { createPairing, type Pairing } from "../../data/batches/pairs.ts";
import { readSequenceModel } from "../frozen/finished-models.ts";
import {
  conditionWeights,
  createEmbedder,
  type ProteinTable,
  type SequenceEmbedder,
  type SequenceModel,
  tabulateProteins,
  typicalName,
} from "../frozen/sequence-embedder.ts";
import type { PrepareOptions } from "../loop.ts";
import { typicalLogits } from "./class-prototypes.ts";

/**
 * Pairs images with proteins. An image of unknown gene goes with a protein of its compartment, drawn by the localization
 * head's probability of that compartment to a power: above 0, by those whose sequence tells where they are. Without a
 * head, which nobody has asked then, all proteins of a compartment are drawn equally often.
 */
export function pairByConfidence(
  proteins: readonly Protein[],
  { compartments: logits }: ProteinTable,
  labels: readonly string[],
  power: number,
): Pairing {
  if (logits === undefined) return createPairing(proteins);
  const rows = new Map(proteins.map((protein, row) => [protein, logits[row]!]));
  /** Of being in all of some compartments, were they independent. */
  const confidence = (protein: Protein, compartments: readonly string[]): number =>
    compartments.reduce((product, name) => {
      const logit = rows.get(protein)![labels.indexOf(name)]!;
      return product / (1 + Math.exp(-logit));
    }, 1);
  return createPairing(proteins, (protein, compartments) => confidence(protein, compartments) ** power);
}

export interface ProteinSide {
  readonly reader: SequenceModel;
  readonly embedder: SequenceEmbedder;
  readonly pairing: Pairing;
  /** What was measured of the proteins, which belongs to what is trained on it. */
  readonly condition: LoadedCondition;
}

export interface ProteinSideOptions extends PrepareOptions {
  /** The `model` folder of a run of `train plm`, or a checkpoint of ESM2. */
  readonly plm: string;
  /** What is told of a sequence. Default "full". */
  readonly input?: SequenceInput;
  /** The `model` folder of an earlier run, whose condition is kept; of another language model, its directions alone. */
  readonly startFrom: string | undefined;
  readonly partnerConfidence: number;
  /** Annotated proteins whose labels are told beside the head's; a protein's own are not. */
  readonly relatives?: LoadedRelatives | undefined;
  /** How sharply a model that draws from the condition decides between compartments; 0, the default, is not at all. */
  readonly decisionSharpness?: number;
  readonly seed: number;
}

/** Opens it for the proteins that may be learned from. Close the embedder when done. */
export async function openProteinSide(
  runtime: Runtime,
  proteins: readonly Protein[],
  options: ProteinSideOptions,
): Promise<ProteinSide> {
  const { plm, startFrom, partnerConfidence, relatives, seed, onRead } = options;
  const { input = "full", decisionSharpness = 0 } = options;
  const index = relatives && openRelatives(relatives.config, relatives.proteins);
  const tellRelatives = index && ((sequence: string) => index.tell(sequence, { others: true }).logits);
  const reader = { ...(await readSequenceModel(openFolder(plm))), tellRelatives };
  const table = await tabulateProteins(
    runtime,
    reader,
    proteins.map(({ sequence }) => sequence),
    input,
    onRead,
  );
  const measured = { input, weights: conditionWeights(table, seed, input) };
  const kept = startFrom === undefined ? measured : await goOn(measured, { startFrom, plm, reader });
  const labels = reader.head?.config.labels ?? [];
  const condition = decideBy(kept, table, labels, decisionSharpness);
  const embedder = await createEmbedder(runtime, reader, condition);
  const pairing = pairByConfidence(proteins, table, labels, partnerConfidence);
  return { reader, embedder, pairing, condition };
}

/** The condition with what is to be decided, measured of these proteins as they are read now. */
function decideBy(
  { input, weights }: LoadedCondition,
  { compartments: rows }: ProteinTable,
  labels: readonly string[],
  sharpness: number,
): LoadedCondition {
  const others = [...weights].filter(([name]) => name !== typicalName);
  if (sharpness === 0 || rows === undefined) return { input, weights: new Map(others) };
  const compartments = imageCompartments.filter((name) => labels.includes(name));
  const typical = typicalLogits(rows, labels, compartments);
  return {
    ...{ input, decision: { compartments, sharpness } },
    weights: new Map([...others, [typicalName, typical]]),
  };
}

const descriptorsFile = "descriptors/model.safetensors"; // which a model may do without

/** The condition of an earlier run, measured anew where it was measured of another language model or other heads. */
async function goOn(
  measured: LoadedCondition,
  { startFrom, plm, reader }: { startFrom: string; plm: string; reader: SequenceModel },
): Promise<LoadedCondition> {
  const [before, now] = [openFolder(startFrom), openFolder(plm)];
  const earlier = await loadSequenceCondition(before, reader.esm.config, reader.head?.config);
  if (earlier.input !== measured.input)
    throw new ConfigError(`train.start_from: ${startFrom} was told "${earlier.input}": give sequence_input`);
  const isSame = async (file: string) => {
    const [had, has] = [await before.exists(file), await now.exists(file)];
    if (!had || !has) return had === has && file === descriptorsFile;
    return Buffer.compare(await before.read(file), await now.read(file)) === 0;
  };
  const files = ["plm/model.safetensors", "localization/model.safetensors", descriptorsFile];
  if (!(await Promise.all(files.map(isSame))).includes(false)) return earlier;
  const directions = [...earlier.weights].filter(([name]) => name.endsWith(".directions"));
  return { ...measured, weights: new Map([...measured.weights, ...directions]) };
}
