// The whole suite over images, wherever they come from: real ones, sets of generated ones with their floors, and pairs around one
// nucleus. Every image is looked at once; figures are made from what was noted.

import { ProteoscopeError } from "@proteoscope/formats";
import type { WorkOptions } from "@proteoscope/microscope";
import { pause } from "../../pause.ts";
import type { CellEncoder } from "../encoders/encoder.ts";
import type { BootstrapOptions } from "../measures/bootstrap.ts";
import { meanByUnit } from "../measures/bootstrap-sums.ts";
import { judgeResults, namingResults, profileOf } from "./assemble.ts";
import type { SuiteDetails, SuiteSubject } from "./details.ts";
import { type Figure, figureOf } from "./figure.ts";
import type { ImagePair, ImageSet, PairSet } from "./image-set.ts";
import {
  accuracyFigures,
  averageFigures,
  classesOf,
  jointName,
  judgeLooks,
  judgeReal,
  rightForAll,
} from "./judge-figures.ts";
import { type CompartmentJudge, isIndependent, openJudge } from "./judges.ts";
import { imageChannels, type Look, type LookedSet, type LookTools, lookAt } from "./look.ts";
import { measurePairs, pairFigures } from "./pair-figures.ts";
import { measureRealism } from "./realism.ts";
import type { SuiteResults } from "./results.ts";
import { setDistances } from "./set-distances.ts";
import { umapFigure } from "./umap-figure.ts";

/** What the suite measures. */
export interface SuiteInput {
  readonly real: ImageSet;
  /** The first is the one that the figures are about. */
  readonly subjects: readonly SuiteSubject[];
  readonly pairs?: PairSet | undefined;
  /** Several images of each protein, for the averages. */
  readonly samples?: ImageSet | undefined;
  readonly tools: LookTools;
  readonly seed: number;
  readonly onPair?: (pair: ImagePair) => void;
}

/** Measures everything. @throws ProteoscopeError (data) for a set without an image, the signal's reason when it is aborted; what the encoders throw */
export async function measureSuite(
  input: SuiteInput,
  work: WorkOptions,
): Promise<{ readonly results: SuiteResults; readonly details: SuiteDetails }> {
  const { tools, seed } = input;
  const options = { seed };
  const real = await lookAt(input.real, tools, work);
  const judges = await fitJudges(tools.encoders, real.looks, work);
  const subjects: SuiteDetails["subjects"][number][] = [];
  for (const { subject, set, images } of input.subjects)
    subjects.push({ subject, set, looked: await lookAt(images, tools, work) });
  const samples = input.samples && (await lookAt(input.samples, tools, work));
  const pairs = input.pairs && (await measurePairs(input.pairs, tools.encoders, work, input.onPair));
  const details: SuiteDetails = { real, subjects, judges, pairs };
  const main = subjects[0]!;
  const empty = [real, main.looked].find(({ looks }) => looks.length === 0);
  if (empty !== undefined)
    throw new ProteoscopeError(`${empty.name}: holds no image that can be measured`, { kind: "data" });
  const phases = openPhases(work);
  const figures = [
    ...(await phases("figures of images", () =>
      [
        imageFigures(real, "real", "all", options),
        ...subjects.map((one) => imageFigures(one.looked, one.subject, one.set, options)),
      ].flat(),
    )),
    ...(await phases("distances of sets", () => setDistances(details, tools.encoders, seed, work))),
    ...(await phases("judges", () => allAccuracies(details, options))),
    ...(await phases("averages", () =>
      samples === undefined
        ? []
        : judges.flatMap((judge) => averageFigures(judge, samples.looks, { set: main.set }, options)),
    )),
    ...(await phases("pairs", () => (pairs === undefined ? [] : pairFigures(pairs.rows, options)))),
  ];
  const realism = await phases("real or generated", () =>
    measureRealism(unseenOf(real), main.looked.looks, main.set, options),
  );
  const evaluator = evaluatorOf(tools.encoders);
  const umap = await umapFigure(evaluator.name, { real, generated: main.looked }, seed, work);
  return {
    details,
    results: {
      spaces: tools.encoders.map(({ name, title, trainedOn }) => ({
        ...{ name, title, trained_on: trainedOn },
        dimensions: real.looks[0]?.encoded.get(name)?.embedding.length ?? 0,
      })),
      ...judgeResults(details),
      figures: [...figures, ...realism.figures],
      ...namingResults(pairs, tools.encoders, seed),
      revealing: realism.revealing.map(({ realMedian, generatedMedian, ...rest }) => ({
        ...rest,
        ...{ real_median: realMedian, generated_median: generatedMedian },
      })),
      profiles: [{ subject: "real", set: "all" as const, looked: real }, ...subjects].map(profileOf),
      umap,
      notes: suiteNotes,
    },
  };
}

/** cytoself where one is given, else a network that saw no simulated cell, else the features. */
export function evaluatorOf(encoders: readonly CellEncoder[]): CellEncoder {
  return (
    encoders.find(({ proteins }) => proteins !== undefined) ??
    encoders.find(({ trainedOn }) => trainedOn === "images that it does not name") ??
    encoders.find(({ name }) => name === "features") ??
    encoders[0]!
  );
}

/** Runs the parts of the conclusion one after the other, each with a line of progress. */
function openPhases({ signal, onProgress }: WorkOptions) {
  let done = 0;
  const total = 6;
  return async <T>(note: string, work: () => T | Promise<T>): Promise<T> => {
    await pause(signal);
    onProgress?.({ phase: "figures", done: done++, total, unit: "parts", note });
    return work();
  };
}

async function fitJudges(
  encoders: readonly CellEncoder[],
  real: readonly Look[],
  { signal, onProgress }: WorkOptions,
): Promise<CompartmentJudge[]> {
  const judges: CompartmentJudge[] = [];
  for (const [index, encoder] of encoders.entries()) {
    signal.throwIfAborted();
    const note = encoder.name;
    onProgress?.({ phase: "fit judges", done: index, total: encoders.length, unit: "judges", note });
    const cells = real.flatMap(({ real: known, field, encoded }) =>
      known?.judgedClass === undefined
        ? []
        : [
            {
              ...{ encoded: encoded.get(encoder.name)!, label: known.judgedClass, field },
              isUnseen: known.isUnseen,
            },
          ],
    );
    const judge = await openJudge(encoder, cells);
    if (judge !== undefined) judges.push(judge);
  }
  return judges;
}

/** Real images that no network learned from; all where nothing is known of that. */
function unseenOf({ looks }: LookedSet): readonly Look[] {
  const unseen = looks.filter(({ real }) => real?.isUnseen !== false);
  return unseen.length > 0 ? unseen : looks;
}

/** Means of what is measured of single images. */
function imageFigures(
  { looks }: LookedSet,
  subject: string,
  set: Figure["set"],
  options: BootstrapOptions,
): Figure[] {
  const isReal = subject === "real";
  const rows = isReal ? unseenOf({ looks } as LookedSet) : looks;
  const unitOf = ({ protein, field }: Look) => (isReal ? field : protein);
  const figure = (measure: string, channel: Figure["channel"], measured: (look: Look) => number) =>
    figureOf(
      { measure, subject, set, channel, unit: isReal ? "fields" : "proteins" },
      meanByUnit(
        rows.map((look) => ({ unit: unitOf(look), value: measured(look) })),
        options,
      ),
      rows.length,
    );
  return [
    figure("nuclear_proportion", "protein", (look) => look.nuclearProportion),
    ...imageChannels.map((channel) =>
      figure("resolvability_um", channel, ({ resolution }) => resolution[channel]),
    ),
  ];
}

function allAccuracies({ judges, subjects }: SuiteDetails, options: BootstrapOptions): Figure[] {
  const classes = classesOf(subjects[0]!.looked.looks);
  const byJudge = judges.flatMap((judge) => [
    ...accuracyFigures(
      judgeReal(judge, classes),
      { subject: "real", set: "all", by: judge.name, unit: "fields" },
      options,
    ),
    ...subjects.flatMap(({ subject, set, looked }) =>
      accuracyFigures(judgeLooks(judge, looked.looks), { subject, set, by: judge.name }, options),
    ),
  ]);
  return [...byJudge, ...jointAccuracies({ judges, subjects }, options)];
}

/** What counts only where every judge that saw no simulated cell is right; none where there is one such judge. */
function jointAccuracies(
  { judges, subjects }: Pick<SuiteDetails, "judges" | "subjects">,
  options: BootstrapOptions,
): Figure[] {
  const independent = judges.filter(isIndependent);
  if (independent.length < 2) return [];
  return subjects.flatMap(({ subject, set, looked }) => {
    const judged = rightForAll(independent.map((judge) => judgeLooks(judge, looked.looks)));
    return accuracyFigures(judged, { subject, set, by: jointName(independent) }, options);
  });
}

const suiteNotes = [
  "Intervals are 95 %, by bootstrap over proteins; for real images over fields of view. The distances of sets have them centred, since repeated images raise a distance.",
  "Distances of sets are of equal numbers of images, 2,000 at most, in a space brought to unit deviation over half of the real images; the other half is the floor. Compare only distances of one space and one n; with fewer images than dimensions a Fréchet distance is of singular covariances.",
  "A judge's own accuracy is on real crops that no network learned from, of the classes that are generated; a judge by logistic regression is asked about each crop by a fit to other fields of view.",
  "Cytoplasm and ER are one class for every judge: no judge of crops of this size distinguishes them.",
  "The shared nucleus gives a protein away where images are compared around one nucleus: what another protein's image reaches there is the floor.",
  "Resolvability measures detail and not whether it is right: noise resolves as well.",
  "UMAP shows neighbourhoods, not distances; the agreement of neighbours is measured in the whole space.",
];
