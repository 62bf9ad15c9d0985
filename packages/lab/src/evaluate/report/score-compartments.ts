// Figures about compartments: how often generated images show the right one, compared with the prediction from the
// sequence, baselines on sequences, floors (a shuffled sequence, another protein's, random numbers or none in its place,
// the best constant prediction, chance) and ceilings (real crops of the same classes, as they are and through the
// autoencoder). Every figure comes with its interval; n counts proteins, or fields of view for real crops.

import { imageCompartments } from "../../data/atlas/compartments.ts";
import type { LabelClass } from "../../data/atlas/label-class.ts";
import { groupBy } from "../../data/group-by.ts";
import type { ConfidentRecord, ProteinRecord } from "../answers-file.ts";
import {
  accuracy,
  bestMacroClass,
  type ClassPrediction,
  chanceOf,
  isRight,
  likeliest,
  macroMean,
  mostFrequentClass,
} from "../measures/accuracy.ts";
import { type BootstrapOptions, bootstrap, type Estimate, mean } from "../measures/bootstrap.ts";
import type { BaselineName } from "../predict/sequence-methods.ts";

/** The compartment that the classifier recognises in a real crop. */
export interface ClassifiedCrop {
  readonly field: string;
  readonly compartment: string;
  readonly predicted: string;
  /** The compartment that it recognises after the autoencoder; undefined for crops that were trained on. */
  readonly decodedPrediction: string | undefined;
}

export interface Score {
  readonly accuracy: Estimate | null;
  /** Mean of the classes' recalls. */
  readonly macroRecall: Estimate | null;
}

export const contenders = ["drawn", "otherNucleus", "languageModel", "uncalibrated"] as const;
export const floors = [
  "shuffledSequence",
  "otherProtein",
  "randomEmbedding",
  "unconditional",
  "mostFrequentAnswer",
  "chance",
] as const;
export const ceilings = ["decodedCrops", "realCrops"] as const;
export type ScoreName =
  | (typeof contenders)[number]
  | BaselineName
  | (typeof floors)[number]
  | (typeof ceilings)[number];

/** Differences, paired by protein. */
export interface Margins {
  readonly languageModel: Estimate | null;
  readonly strongestFloor: (Estimate & { readonly floor: string }) | null;
}

export interface SetScores {
  readonly proteins: number;
  /** Number of proteins per class. */
  readonly classes: Readonly<Record<string, number>>;
  /** The scores that were measured. */
  readonly scores: Readonly<Partial<Record<ScoreName, Score>>>;
  /** Scores of generated images minus the others. */
  readonly drawnLess: Readonly<Record<keyof Score, Margins>>;
}

export interface ClassScores {
  readonly name: string;
  readonly chance: number;
  readonly unseen: Estimate | null;
  readonly isAboveTwiceChance: boolean | null;
  readonly seen: Estimate | null;
  /** Recall of the prediction from the sequence, over unseen proteins. */
  readonly languageModel: Estimate | null;
  /** Recall over real crops that nothing was trained on. */
  readonly real: (Estimate & { readonly crops: number }) | null;
  /** Recall over the confident subset: unseen proteins with the largest predicted probability of the class, right or wrong. */
  readonly confident: Estimate | null;
}

export type ScoredProtein = Pick<ProteinRecord, "label" | "languageModel" | "uncalibrated" | "changed"> & {
  readonly drawn: Pick<ProteinRecord["drawn"], "probabilities">;
  /** Posteriors of the baselines, where there are any. */
  readonly baselines?: Readonly<Record<BaselineName, readonly number[]>> | undefined;
};

/** The compartment of the largest of probabilities [image compartments]. */
export function mostProbable(probabilities: readonly number[]): string {
  return likeliest(imageCompartments, probabilities);
}

/** The compartment recognised in a generated image, with the protein's label. */
export function drawnPrediction({ label, drawn }: ScoredProtein): ClassPrediction {
  return { label, predicted: mostProbable(drawn.probabilities) };
}

/** The predictions that are scored; undefined where a record has none. */
const predictors: Readonly<Record<string, (record: ScoredProtein) => readonly number[] | undefined>> = {
  drawn: ({ drawn }) => drawn.probabilities,
  languageModel: ({ languageModel }) => languageModel,
  uncalibrated: ({ uncalibrated }) => uncalibrated,
  composition: ({ baselines }) => baselines?.composition,
  kmers: ({ baselines }) => baselines?.kmers,
  otherNucleus: ({ changed }) => changed?.otherNucleus.probabilities,
  shuffledSequence: ({ changed }) => changed?.shuffledSequence.probabilities,
  otherProtein: ({ changed }) => changed?.otherProtein.probabilities,
  randomEmbedding: ({ changed }) => changed?.randomEmbedding.probabilities,
  unconditional: ({ changed }) => changed?.unconditional.probabilities,
};

/** Scores of one set of proteins; real crops are weighted as the set's classes are. */
export function scoreSet(
  records: readonly ScoredProtein[],
  real: readonly ClassifiedCrop[],
  options: BootstrapOptions,
): SetScores {
  const labels = records.map(({ label }) => label);
  const hits = hitsOf(records, labels);
  const means: Readonly<Record<keyof Score, (values: readonly number[]) => Estimate | null>> = {
    accuracy: (values) => bootstrap(values, mean, options),
    macroRecall: (values) =>
      bootstrap(
        values.map((value, i) => ({ label: labels[i]!, value })),
        macroMean,
        options,
      ),
  };
  const scores = Object.fromEntries(
    [...hits].map(([name, of]) => [
      name,
      { accuracy: means.accuracy(of.accuracy), macroRecall: means.macroRecall(of.macroRecall) },
    ]),
  );
  const margins = (measure: keyof Score): Margins => {
    const drawn = hits.get("drawn")![measure];
    const less = (name: string) => {
      const other = hits.get(name)![measure];
      return means[measure](drawn.map((hit, i) => hit - other[i]!));
    };
    const strengthOf = (name: string) => scores[name]![measure]?.value ?? 0;
    const floor = floors
      .filter((name) => hits.has(name))
      .reduce((a, b) => (strengthOf(b) > strengthOf(a) ? b : a));
    const margin = less(floor);
    return {
      languageModel: less("languageModel"),
      strongestFloor: margin === null ? null : { floor, ...margin },
    };
  };
  const decoded = real.flatMap((crop) =>
    crop.decodedPrediction === undefined ? [] : [{ ...crop, predicted: crop.decodedPrediction }],
  );
  return {
    proteins: records.length,
    classes: Object.fromEntries(
      [...groupBy(labels, ({ name }) => name)].map(([name, { length }]) => [name, length]),
    ),
    scores: {
      ...scores,
      decodedCrops: scoreReal(labels, decoded, options),
      realCrops: scoreReal(labels, real, options),
    },
    drawnLess: { accuracy: margins("accuracy"), macroRecall: margins("macroRecall") },
  };
}

/** One value per protein and measure; the measures differ in what the best constant prediction is. */
type Hits = Readonly<Record<keyof Score, readonly number[]>>;

/** The score of each prediction for each protein: 1 right, 0 wrong, a probability for chance. */
function hitsOf(records: readonly ScoredProtein[], labels: readonly LabelClass[]): Map<string, Hits> {
  const judge = (answers: readonly string[]) =>
    answers.map((predicted, i) => (isRight({ label: labels[i]!, predicted }) ? 1 : 0));
  const hits = new Map<string, Hits>();
  for (const [name, probabilitiesOf] of Object.entries(predictors)) {
    const answers = records.flatMap((record) => {
      const probabilities = probabilitiesOf(record);
      return probabilities === undefined ? [] : [mostProbable(probabilities)];
    });
    const judged = judge(answers);
    if (answers.length === records.length) hits.set(name, { accuracy: judged, macroRecall: judged });
  }
  const always = (predicted: string) => judge(labels.map(() => predicted));
  hits.set("mostFrequentAnswer", {
    accuracy: always(mostFrequentClass(labels, imageCompartments)),
    macroRecall: always(bestMacroClass(labels, imageCompartments)),
  });
  const chance = labels.map((label) => chanceOf(label, imageCompartments.length));
  hits.set("chance", { accuracy: chance, macroRecall: chance });
  return hits;
}

/** Scores of real crops, weighted by how often their classes occur among labels; classes without a crop are left out. */
function scoreReal(
  labels: readonly LabelClass[],
  real: readonly ClassifiedCrop[],
  options: BootstrapOptions,
): Score {
  const classes = [...groupBy(labels, ({ name }) => name).values()];
  const recalls = (fields: readonly (readonly ClassifiedCrop[])[]) => {
    const crops = fields.flat();
    return classes.flatMap(([label, ...others]) => {
      const recall = accuracy(predictionsOf(label!, crops));
      return Number.isNaN(recall) ? [] : [{ recall, count: 1 + others.length }];
    });
  };
  const total = (rows: readonly { count: number }[]) => rows.reduce((sum, { count }) => sum + count, 0);
  const members = new Set(labels.flatMap((label) => label.members));
  const fields = groupByField(real.filter(({ compartment }) => members.has(compartment)));
  return {
    accuracy: bootstrap(
      fields,
      (drawn) => {
        const rows = recalls(drawn);
        return rows.reduce((sum, { recall, count }) => sum + recall * count, 0) / total(rows);
      },
      options,
    ),
    macroRecall: bootstrap(fields, (drawn) => mean(recalls(drawn).map(({ recall }) => recall)), options),
  };
}

export interface ClassRecords {
  readonly unseen: readonly ScoredProtein[];
  readonly seen: readonly ScoredProtein[];
  readonly confident: readonly Pick<ConfidentRecord, "compartment" | "drawn">[];
  readonly real: readonly ClassifiedCrop[];
}

/** Recall of every class that occurs, over generated images of unseen and seen proteins and over real crops. */
export function scoreClasses(
  { unseen, seen, confident, real }: ClassRecords,
  options: BootstrapOptions,
): ClassScores[] {
  const [unseenClasses, seenClasses] = [unseen, seen].map((set) =>
    groupBy(set.map(drawnPrediction), ({ label }) => label.name),
  );
  const languageModelClasses = groupBy(
    unseen.map(({ label, languageModel }) => ({ label, predicted: mostProbable(languageModel) })),
    ({ label }) => label.name,
  );
  const confidentClasses = groupBy(
    confident.map(({ compartment, drawn }) => ({
      ...{ predicted: mostProbable(drawn), label: { name: compartment, members: [compartment] } },
    })),
    ({ label }) => label.name,
  );
  const labels = new Map([...unseen, ...seen].map(({ label }) => [label.name, label]));
  for (const name of new Set([...real, ...confident].map(({ compartment }) => compartment)))
    if (!labels.has(name)) labels.set(name, { name, members: [name] });
  const order = [...imageCompartments, "nucleus (any part)", "cytoplasm (any part)"];
  return [...labels.values()]
    .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
    .map((label) => {
      const chance = chanceOf(label, imageCompartments.length);
      const ofClass = (classes: Map<string, ClassPrediction[]>) =>
        bootstrap(classes.get(label.name) ?? [], accuracy, options);
      const drawn = ofClass(unseenClasses!);
      const crops = real.filter(({ compartment }) => label.members.includes(compartment));
      const recall = bootstrap(
        groupByField(crops),
        (fields) => accuracy(predictionsOf(label, fields.flat())),
        options,
      );
      return {
        name: label.name,
        chance,
        unseen: drawn,
        isAboveTwiceChance: drawn === null ? null : drawn.value >= 2 * chance,
        seen: ofClass(seenClasses!),
        languageModel: ofClass(languageModelClasses),
        real: recall === null ? null : { ...recall, crops: crops.length },
        confident: ofClass(confidentClasses),
      };
    });
}

function predictionsOf(label: LabelClass, crops: readonly ClassifiedCrop[]): ClassPrediction[] {
  return crops
    .filter(({ compartment }) => label.members.includes(compartment))
    .map(({ predicted }) => ({ label, predicted }));
}

function groupByField(crops: readonly ClassifiedCrop[]): ClassifiedCrop[][] {
  return [...groupBy(crops, ({ field }) => field).values()];
}
