// The protein's side of a network that is trained on images and sequences: the conditions that a finished language model gives
// to the training proteins, at unit deviation over them, and the pairing of images with proteins.

import type { Runtime } from "@proteoscope/engine";
import { readProteinNetworks } from "@proteoscope/microscope";
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
import { conditionWeights, type ProteinTable, tabulateProteins } from "../frozen/protein-statistics.ts";
import {
  createEmbedder,
  prototypesName,
  type SequenceEmbedder,
  type TrainingEncoder,
} from "../frozen/sequence-embedder.ts";
import type { PrepareOptions } from "../loop.ts";
import { prototypeLogits } from "./class-prototypes.ts";

/**
 * Pairs images with proteins. An image of unknown gene is paired with a protein of its compartment, sampled in proportion to
 * the localization head's probability of that compartment to a power. Without a head, all proteins of a compartment are
 * sampled equally often.
 */
export function pairByConfidence(
  proteins: readonly Protein[],
  { compartments: logits }: ProteinTable,
  labels: readonly string[],
  power: number,
): Pairing {
  if (logits === undefined) return createPairing(proteins);
  const rows = new Map(proteins.map((protein, row) => [protein, logits[row]!]));
  /** Probability of being in all of some compartments, if they were independent. */
  const confidence = (protein: Protein, compartments: readonly string[]): number =>
    compartments.reduce((product, name) => {
      const logit = rows.get(protein)![labels.indexOf(name)]!;
      return product / (1 + Math.exp(-logit));
    }, 1);
  return createPairing(proteins, (protein, compartments) => confidence(protein, compartments) ** power);
}

export interface ProteinSide {
  readonly reader: TrainingEncoder;
  readonly embedder: SequenceEmbedder;
  readonly pairing: Pairing;
  /** What was measured on the proteins, which is stored with the network that is trained on it. */
  readonly condition: LoadedCondition;
}

export interface ProteinSideOptions extends PrepareOptions {
  /** The `model` folder of a run of `train plm`, or a checkpoint of ESM2 or ESMC. */
  readonly plm: string;
  /** What represents a sequence; default "full". */
  readonly input?: SequenceInput;
  /** The `model` folder of an earlier run, whose condition is used again; of another language model, its directions alone. */
  readonly startFrom: string | undefined;
  readonly pairingInverseTemperature: number;
  /** Annotated proteins whose labels are added to the head's logits; a protein's own labels are left out. */
  readonly homologs?: LoadedHomologs | undefined;
  /** Inverse temperature of the target compartment; 0, the default, for a model without one. */
  readonly targetInverseTemperature?: number;
  readonly seed: number;
}

/** Opens the side of the training proteins. Close the embedder when done. @throws ConfigError, CheckpointError */
export async function openProteinSide(
  runtime: Runtime,
  proteins: readonly Protein[],
  options: ProteinSideOptions,
): Promise<ProteinSide> {
  const { plm, startFrom, pairingInverseTemperature, homologs, seed } = options;
  const { input = "full", targetInverseTemperature = 0 } = options;
  const index = homologs && openHomologs(homologs.config, homologs.proteins);
  const homologLogits = index && ((sequence: string) => index.score(sequence, { others: true }).logits);
  const reader = { ...(await readProteinNetworks(openFolder(plm))), homologLogits };
  const table = await tabulateProteins(
    runtime,
    reader,
    proteins.map(({ sequence }) => sequence),
    input,
    options,
  );
  const measured = { input, weights: conditionWeights(table, seed, input) };
  const earlier =
    startFrom === undefined ? measured : await resumeCondition(measured, { startFrom, plm, reader });
  const labels = reader.localization?.config.labels ?? [];
  const condition = targetBy(earlier, table, labels, targetInverseTemperature);
  const embedder = await createEmbedder(runtime, reader, condition, options);
  const pairing = pairByConfidence(proteins, table, labels, pairingInverseTemperature);
  return { reader, embedder, pairing, condition };
}

/** The condition with the prototypes of target compartments, measured on these proteins with these networks. */
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
  { startFrom, plm, reader }: { startFrom: string; plm: string; reader: TrainingEncoder },
): Promise<LoadedCondition> {
  const [before, now] = [openFolder(startFrom), openFolder(plm)];
  const earlier = await loadSequenceCondition(
    before,
    reader.languageModel.config,
    reader.localization?.config,
  );
  if (earlier.input !== measured.input)
    throw new ConfigError(
      `train.start_from: ${startFrom} has sequence_input "${earlier.input}": give the same`,
    );
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
