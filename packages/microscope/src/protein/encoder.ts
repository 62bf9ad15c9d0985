// A protein's sequence, encoded: the condition that the denoiser is given, and the compartments that are predicted from the
// sequence by the localization head, the head on sequence features and the protein's homologs.

import { compile, type NdArray, type Runtime, type Tensor } from "@proteoscope/engine";
import { ProteoscopeError } from "@proteoscope/formats";
import {
  applyCompartmentTarget,
  compartmentCondition,
  type Homologs,
  labelProbabilities,
  openHomologs,
  type ProteinContext,
  posteriorProbabilities,
  randomSequence,
  type SequenceWindow,
  sequenceCondition,
  sequenceInputWidth,
  sequenceRows,
} from "@proteoscope/models";
import type { SequenceModel } from "../model/model.ts";
import { openContextEncoder } from "./context.ts";
import { type KnownProtein, knownProtein, type NearProtein, nearProtein } from "./known.ts";
import { mainCompartments } from "./main-compartments.ts";
import {
  applyProteinNetworks,
  type ProteinNetworks,
  proteinInputs,
  proteinInputTypes,
  proteinWeights,
} from "./networks.ts";
import { byName, type CompartmentProbabilities } from "./probabilities.ts";

/** A protein as the networks encode it: the condition of an image, and what is predicted from the sequence. */
export interface EncodedProtein {
  readonly sequence: string;
  /** The residues that the language model was shown. */
  readonly window: SequenceWindow;
  /** The annotation of exactly this sequence; undefined where the model has none. */
  readonly known: KnownProtein | undefined;
  /** The annotated protein that this sequence is a mutant, an isoform or a fragment of; undefined where it is known itself. */
  readonly near: NearProtein | undefined;
  /** The denoiser's condition, [tokens, width]: <cls>, the residues and <eos>, then the context tokens. */
  readonly condition: Float32Array;
  /**
   * Conditions on each main compartment of a known protein by itself, the largest share first, whose first is `condition`;
   * every image shows one of them. Empty where the target is predicted.
   */
  readonly knownTargets: readonly KnownTarget[];
  readonly width: number;
  /** Names of the context tokens in the condition. */
  readonly context: readonly string[];
  /** k-mer similarity of the nearest annotated protein of the model, in [0, 1]; at 1 the protein itself is annotated. */
  readonly nearestHomolog: number | undefined;
  /** Whether the homologs' annotations are in `logits`: not for a protein that is known or near a known one. */
  readonly usesHomologs: boolean;
  /** Logits of the compartments by the heads and, where they are used, the homologs, in the order of the labels. */
  readonly logits: Float32Array;
  /** Multi-label probabilities: each compartment by itself, so that they need not sum to 1. */
  readonly probabilities: CompartmentProbabilities;
  /** Single-label, balanced posterior: for a protein of one compartment, where all are equally frequent. Sums to 1. */
  readonly posterior: CompartmentProbabilities;
  /** Shares of the compartments that the denoiser is conditioned on, which sum to 1; undefined where the model has none. */
  readonly targetCompartments: CompartmentProbabilities | undefined;
}

/** A main compartment of a known protein. */
export interface KnownTarget {
  readonly compartment: string;
  /** Share of the images that show it. */
  readonly share: number;
  /** [tokens, width] */
  readonly condition: Float32Array;
}

/** How a protein is encoded. */
export interface EncodeOptions {
  /**
   * Whether annotated proteins count: the protein's own annotation and those of its homologs. Without them everything is
   * predicted from the sequence alone, as mutants and scans need it. Default true.
   */
  readonly homologs?: boolean | undefined;
}

/** Compiled networks that encode a protein. */
export interface ProteinEncoder {
  readonly model: SequenceModel;
  /**
   * Encodes a sequence; a model that was trained without context ignores `context`.
   * @throws SequenceError for a residue that the language model does not know, RangeError for an unknown cell line.
   */
  encode(sequence: string, context?: ProteinContext, options?: EncodeOptions): Promise<EncodedProtein>;
  close(): Promise<void>;
}

/** Compiles the networks that read a sequence, for sequences of any length. */
export async function openProteinEncoder(runtime: Runtime, model: SequenceModel): Promise<ProteinEncoder> {
  const { constants, localization, calibration, languageModel, condition, extra } = model;
  const { labels } = localization.config;
  const networks = { ...model, windowResidues: constants.windowResidues };
  const width = sequenceInputWidth(condition.input, languageModel.config);
  const program = await compileEncoder(runtime, model, networks);
  const contextEncoder = extra && (await openContextEncoder(runtime, extra));
  let index: Homologs | undefined; // made when a protein is not known: it takes a fifth of a second
  const recall = (sequence: string): Recalled => {
    const known = model.homologs && knownProtein(model.homologs, sequence);
    if (known !== undefined) return { known, nearest: 1 };
    index ??= model.homologs && openHomologs(model.homologs.config, model.homologs.proteins);
    const score = index?.score(sequence);
    const near = score && nearProtein(model.homologs!, sequence, score.candidates);
    return { near, nearest: score?.nearest, logits: near ? undefined : score?.logits };
  };
  return {
    model,
    encode: async (sequence, context = {}, options = {}) => {
      if (!anyKnownResidue.test(sequence))
        throw new ProteoscopeError("no residue of the sequence is known", {
          kind: "data",
          field: "sequence",
        });
      const recalled: Recalled = options.homologs === false ? {} : recall(sequence);
      const { known, near, nearest, logits: homologLogits = new Float32Array(labels.length) } = recalled;
      const { window, inputs } = proteinInputs(networks, sequence, homologLogits);
      const outputs = await program.run(inputs);
      const logits = outputs.logits!.data as Float32Array;
      const { names, tokens } = (await contextEncoder?.encode(context)) ?? {
        ...{ names: [], tokens: new Float32Array(0) },
      };
      const predicted = byName(labels, labelProbabilities(logits, calibration));
      const knownTargets = known ? targetsOf(model, known, predicted, outputs, tokens) : [];
      const [first] = knownTargets;
      const residues = outputs.condition?.data ?? randomSequence(sequence, width);
      const { target } = condition;
      const shares = outputs.shares?.data as Float32Array | undefined;
      return {
        ...{ sequence, window, known, near, width, logits, knownTargets },
        ...{ context: names, nearestHomolog: nearest, usesHomologs: recalled.logits !== undefined },
        condition: first?.condition ?? concatenate(residues as Float32Array, tokens),
        probabilities: predicted,
        posterior: byName(labels, posteriorProbabilities(logits, calibration)),
        targetCompartments:
          target &&
          shares &&
          (first ? sharesOf(target.compartments, knownTargets) : byName(target.compartments, shares)),
      };
    },
    close: async () => {
      await program.close();
      await contextEncoder?.close();
    },
  };
}

/** What the annotated proteins have for a sequence. */
const anyKnownResidue = /[ACDEFGHIKLMNPQRSTVWY]/i;

interface Recalled {
  readonly known?: KnownProtein | undefined;
  readonly near?: NearProtein | undefined;
  /** Similarity of the nearest homolog. */
  readonly nearest?: number | undefined;
  /** What the homologs add to the heads' logits; absent where they do not count. */
  readonly logits?: Float32Array | undefined;
}

/** The conditions on the main compartments of a known protein; none where the model has no compartment target. */
function targetsOf(
  { condition: { target }, homologs }: SequenceModel,
  known: KnownProtein,
  predicted: CompartmentProbabilities,
  { residues, directions }: Readonly<Record<string, NdArray>>,
  context: Float32Array,
): KnownTarget[] {
  if (target === undefined || residues === undefined || directions === undefined) return [];
  const { compartments } = target;
  const main = mainCompartments(known, { sources: homologs!.sources, predicted, shown: compartments });
  const width = residues.shape[2]!;
  return [...main].map(([compartment, share]) => {
    const row = compartments.indexOf(compartment) * width;
    const direction = (directions.data as Float32Array).subarray(row, row + width);
    const targeted = (residues.data as Float32Array).map((value, i) => value + direction[i % width]!);
    return { compartment, share, condition: concatenate(targeted, context) };
  });
}

function sharesOf(
  compartments: readonly string[],
  targets: readonly KnownTarget[],
): CompartmentProbabilities {
  const shares = new Map(targets.map(({ compartment, share }) => [compartment, share]));
  return Object.fromEntries(compartments.map((name) => [name, shares.get(name) ?? 0]));
}

/**
 * inputs of `proteinInputTypes` -> logits [1, labels]; unless the condition is random numbers, condition
 * [1, tokens, width]; and where the model has a compartment target, its shares [1, target compartments], the condition
 * without compartments [1, tokens, width] as `residues`, and what each target compartment adds to every token of it,
 * `directions` [target compartments, width].
 */
function compileEncoder(
  runtime: Runtime,
  { localization, condition, calibration }: SequenceModel,
  networks: ProteinNetworks,
) {
  const { labels } = localization.config;
  const width = sequenceInputWidth(condition.input, networks.languageModel.config);
  const scoped = [...condition.weights].map(([name, value]) => [`condition.${name}`, value] as const);
  return compile(
    runtime,
    (w, inputs): Record<string, Tensor> => {
      const reading = applyProteinNetworks(w, networks, inputs);
      const logits = reading.compartmentLogits!;
      if (condition.input === "random") return { logits };
      const rows = sequenceRows(reading, condition.input, networks.languageModel.config);
      const scope = w.at("condition");
      if (condition.target === undefined) return { logits, condition: sequenceCondition(scope, rows) };
      const targeted = applyCompartmentTarget(scope, logits, condition.target, labels, calibration.posterior);
      const conditioned = { ...rows, compartmentLogits: targeted.logits };
      return {
        ...{ logits, shares: targeted.shares, condition: sequenceCondition(scope, conditioned) },
        residues: sequenceCondition(scope, { ...rows, compartmentLogits: undefined }),
        directions: compartmentCondition(scope, targeted.prototypes, width),
      };
    },
    proteinInputTypes(networks, { homologs: true }),
    { weights: new Map([...proteinWeights(networks), ...scoped]) },
  );
}

function concatenate(first: Float32Array, second: Float32Array): Float32Array {
  if (second.length === 0) return first;
  const whole = new Float32Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
