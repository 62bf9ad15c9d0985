// From answers to figures about compartments: how often drawn images show the right one, beside the language model's own
// answer, baselines that read sequences as well, floors (a shuffled sequence, another protein's, random numbers or none in
// its place, the best constant answer, chance) and ceilings (real crops of the same classes, as they are and through the
// autoencoder). Every figure comes with its interval; n counts proteins, for real crops fields of view.

import { imageCompartments } from "../../data/atlas/compartments.ts";
import type { LabelClass } from "../../data/atlas/label-class.ts";
import type { ConfidentRecord, ProteinRecord } from "../answers-file.ts";
import type { BaselineName } from "../ask/sequence-methods.ts";
import {
  type Answer,
  accuracy,
  bestMacroAnswer,
  chanceOf,
  isRight,
  likeliest,
  macroMean,
  mostFrequentAnswer,
} from "../measures/accuracy.ts";
import { type BootstrapOptions, bootstrap, type Estimate, mean } from "../measures/bootstrap.ts";
import { groupBy } from "../measures/group-by.ts";

/** What the classifier saw in a real crop. */
export interface RealAnswer {
  readonly field: string;
  readonly compartment: string;
  readonly answer: string;
  /** The same of what the autoencoder makes of the crop. */
  readonly decodedAnswer: string | undefined;
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
  /** Proteins of each class. */
  readonly classes: Readonly<Record<string, number>>;
  /** Those that were measured. */
  readonly scores: Readonly<Partial<Record<ScoreName, Score>>>;
  /** Of drawn images less the others. */
  readonly drawnLess: Readonly<Record<keyof Score, Margins>>;
}

export interface ClassScores {
  readonly name: string;
  readonly chance: number;
  readonly unseen: Estimate | null;
  readonly isAboveTwiceChance: boolean | null;
  readonly seen: Estimate | null;
  /** Of the language model's answers, unseen proteins. */
  readonly languageModel: Estimate | null;
  /** Of real crops that nothing was trained on. */
  readonly real: (Estimate & { readonly crops: number }) | null;
  /** Of drawings of unseen proteins that the language model is sure are there, whether they are or not. */
  readonly confident: Estimate | null;
}

export type Answered = Pick<ProteinRecord, "label" | "languageModel" | "uncalibrated" | "changed"> & {
  readonly drawn: Pick<ProteinRecord["drawn"], "probabilities">;
  /** Of the baselines, where they were asked. */
  readonly baselines?: Readonly<Record<BaselineName, readonly number[]>> | undefined;
};

export function answerOf(probabilities: readonly number[]): string {
  return likeliest(imageCompartments, probabilities);
}

export function drawnAnswer({ label, drawn }: Answered): Answer {
  return { label, answer: answerOf(drawn.probabilities) };
}

/** Whose answers are judged; undefined where it was not asked. */
const answerers: Readonly<Record<string, (record: Answered) => readonly number[] | undefined>> = {
  drawn: ({ drawn }) => drawn.probabilities,
  languageModel: ({ languageModel }) => languageModel,
  uncalibrated: ({ uncalibrated }) => uncalibrated,
  composition: ({ baselines }) => baselines?.composition,
  kmers: ({ baselines }) => baselines?.kmers,
  otherNucleus: ({ changed }) => changed?.otherNucleus.probabilities,
  shuffledSequence: ({ changed }) => changed?.shuffledSequence,
  otherProtein: ({ changed }) => changed?.otherProtein.probabilities,
  randomEmbedding: ({ changed }) => changed?.randomEmbedding,
  unconditional: ({ changed }) => changed?.unconditional,
};

/** Scores of one set of proteins; real crops are weighted as the set's classes are. */
export function scoreSet(
  records: readonly Answered[],
  real: readonly RealAnswer[],
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
    crop.decodedAnswer === undefined ? [] : [{ ...crop, answer: crop.decodedAnswer }],
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

/** Of each protein, for either measure, which differ in what the best constant answer is. */
type Hits = Readonly<Record<keyof Score, readonly number[]>>;

/** What each answerer is worth for each protein: 1 right, 0 wrong, between them what chance gives. */
function hitsOf(records: readonly Answered[], labels: readonly LabelClass[]): Map<string, Hits> {
  const judge = (answers: readonly string[]) =>
    answers.map((answer, i) => (isRight({ label: labels[i]!, answer }) ? 1 : 0));
  const hits = new Map<string, Hits>();
  for (const [name, probabilitiesOf] of Object.entries(answerers)) {
    const answers = records.flatMap((record) => {
      const probabilities = probabilitiesOf(record);
      return probabilities === undefined ? [] : [answerOf(probabilities)];
    });
    const judged = judge(answers);
    if (answers.length === records.length) hits.set(name, { accuracy: judged, macroRecall: judged });
  }
  const always = (answer: string) => judge(labels.map(() => answer));
  hits.set("mostFrequentAnswer", {
    accuracy: always(mostFrequentAnswer(labels, imageCompartments)),
    macroRecall: always(bestMacroAnswer(labels, imageCompartments)),
  });
  const chance = labels.map((label) => chanceOf(label, imageCompartments.length));
  hits.set("chance", { accuracy: chance, macroRecall: chance });
  return hits;
}

/** Real crops of the classes of some labels, as often as the labels have them; classes without a crop are left out. */
function scoreReal(
  labels: readonly LabelClass[],
  real: readonly RealAnswer[],
  options: BootstrapOptions,
): Score {
  const classes = [...groupBy(labels, ({ name }) => name).values()];
  const recalls = (fields: readonly (readonly RealAnswer[])[]) => {
    const crops = fields.flat();
    return classes.flatMap(([label, ...others]) => {
      const recall = accuracy(answersOf(label!, crops));
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
  readonly unseen: readonly Answered[];
  readonly seen: readonly Answered[];
  readonly confident: readonly Pick<ConfidentRecord, "compartment" | "drawn">[];
  readonly real: readonly RealAnswer[];
}

/** Recall of every class that occurs, of drawn images of unseen and seen proteins and of real crops. */
export function scoreClasses(
  { unseen, seen, confident, real }: ClassRecords,
  options: BootstrapOptions,
): ClassScores[] {
  const [unseenClasses, seenClasses] = [unseen, seen].map((set) =>
    groupBy(set.map(drawnAnswer), ({ label }) => label.name),
  );
  const languageModelClasses = groupBy(
    unseen.map(({ label, languageModel }) => ({ label, answer: answerOf(languageModel) })),
    ({ label }) => label.name,
  );
  const confidentClasses = groupBy(
    confident.map(({ compartment, drawn }) => ({
      ...{ answer: answerOf(drawn), label: { name: compartment, members: [compartment] } },
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
      const ofClass = (classes: Map<string, Answer[]>) =>
        bootstrap(classes.get(label.name) ?? [], accuracy, options);
      const drawn = ofClass(unseenClasses!);
      const crops = real.filter(({ compartment }) => label.members.includes(compartment));
      const recall = bootstrap(
        groupByField(crops),
        (fields) => accuracy(answersOf(label, fields.flat())),
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

function answersOf(label: LabelClass, crops: readonly RealAnswer[]): Answer[] {
  return crops
    .filter(({ compartment }) => label.members.includes(compartment))
    .map(({ answer }) => ({ label, answer }));
}

function groupByField(crops: readonly RealAnswer[]): RealAnswer[][] {
  return [...groupBy(crops, ({ field }) => field).values()];
}
