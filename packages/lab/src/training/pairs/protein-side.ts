// The protein's side of a network that is trained on images and sequences: what a finished language model says of each
// protein, brought to unit deviation over the training proteins, and which protein an image goes with.

import type { Runtime } from "@proteoscope/engine";
import {
  type LoadedCondition,
  type LoadedHomologs,
  loadSequenceCondition,
  openHomologs,
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
  prototypesName,
  type SequenceEmbedder,
  type SequenceModel,
  tabulateProteins,
} from "../frozen/sequence-embedder.ts";
import type { PrepareOptions } from "../loop.ts";
import { prototypeLogits } from "./class-prototypes.ts";

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
  readonly pairingInverseTemperature: number;
  /** Annotated proteins whose labels are told beside the head's; a protein's own are not. */
  readonly homologs?: LoadedHomologs | undefined;
  /** How sharply a model that draws from the condition decides between compartments; 0, the default, is not at all. */
  readonly targetInverseTemperature?: number;
  readonly seed: number;
}

/** Opens it for the proteins that may be learned from. Close the embedder when done. */
export async function openProteinSide(
  runtime: Runtime,
  proteins: readonly Protein[],
  options: ProteinSideOptions,
): Promise<ProteinSide> {
  const { plm, startFrom, pairingInverseTemperature, homologs, seed, onRead } = options;
  const { input = "full", targetInverseTemperature = 0 } = options;
  const index = homologs && openHomologs(homologs.config, homologs.proteins);
  const homologLogits = index && ((sequence: string) => index.score(sequence, { others: true }).logits);
  const reader = { ...(await readSequenceModel(openFolder(plm))), homologLogits };
  const table = await tabulateProteins(
    runtime,
    reader,
    proteins.map(({ sequence }) => sequence),
    input,
    onRead,
  );
  const measured = { input, weights: conditionWeights(table, seed, input) };
  const kept =
    startFrom === undefined ? measured : await resumeCondition(measured, { startFrom, plm, reader });
  const labels = reader.head?.config.labels ?? [];
  const condition = targetBy(kept, table, labels, targetInverseTemperature);
  const embedder = await createEmbedder(runtime, reader, condition);
  const pairing = pairByConfidence(proteins, table, labels, pairingInverseTemperature);
  return { reader, embedder, pairing, condition };
}

/** The condition with what is to be decided, measured of these proteins as they are read now. */
function targetBy(
  { input, weights }: LoadedCondition,
  { compartments: rows }: ProteinTable,
  labels: readonly string[],
  inverseTemperature: number,
): LoadedCondition {
  const others = [...weights].filter(([name]) => name !== prototypesName);
  if (inverseTemperature === 0 || rows === undefined) return { input, weights: new Map(others) };
  const compartments = imageCompartments.filter((name) => labels.includes(name));
  const prototypes = prototypeLogits(rows, labels, compartments);
  return {
    ...{ input, target: { compartments, inverseTemperature } },
    weights: new Map([...others, [prototypesName, prototypes]]),
  };
}

const featureHeadFile = "sequence_features/model.safetensors"; // which a model may do without

/** The condition of an earlier run, measured anew where it was measured of another language model or other heads. */
async function resumeCondition(
  measured: LoadedCondition,
  { startFrom, plm, reader }: { startFrom: string; plm: string; reader: SequenceModel },
): Promise<LoadedCondition> {
  const [before, now] = [openFolder(startFrom), openFolder(plm)];
  const earlier = await loadSequenceCondition(before, reader.esm.config, reader.head?.config);
  if (earlier.input !== measured.input)
    throw new ConfigError(`train.start_from: ${startFrom} was told "${earlier.input}": give sequence_input`);
  const isSame = async (file: string) => {
    const [had, has] = [await before.exists(file), await now.exists(file)];
    if (!had || !has) return had === has && file === featureHeadFile;
    return Buffer.compare(await before.read(file), await now.read(file)) === 0;
  };
  const files = ["plm/model.safetensors", "localization/model.safetensors", featureHeadFile];
  if (!(await Promise.all(files.map(isSame))).includes(false)) return earlier;
  const directions = [...earlier.weights].filter(([name]) => name.endsWith(".directions"));
  return { ...measured, weights: new Map([...measured.weights, ...directions]) };
}
