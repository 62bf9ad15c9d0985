// Figures about pictures: how far generated images are from real ones in the classifier's feature space, how nuclear they
// are, what changes them besides the protein, whether samples that agree are right, and whether an image is a memorised
// training crop. n counts proteins unless a name says otherwise.
import { createGenerator } from "@proteoscope/engine";
import { kernelDistance } from "@proteoscope/microscope/experiments";
import type { Crop } from "../../data/atlas/tables.ts";
import { groupBy } from "../../data/group-by.ts";
import type { CropRecord, ProteinRecord } from "../answers-file.ts";
import { totalVariation } from "../measures/accuracy.ts";
import { type channels, type Quality, spectrumBands } from "../measures/autoencoding.ts";
import { type BootstrapOptions, bootstrap, type Estimate, mean, median } from "../measures/bootstrap.ts";
import { frechetDistance } from "../measures/distributions/frechet-distance.ts";
import { type NearestCrop, nearThreshold } from "../measures/memorisation.ts";
import {
  correlationOf,
  meanError,
  meanRelativeError,
  type ProportionPair,
} from "../measures/nuclear-proportion.ts";
import {
  type AgreedPrediction,
  type ReliabilityBin,
  reliabilityCurve,
} from "../measures/reliability-curve.ts";
import type { ReadCrop } from "../predict/real-crops.ts";
import { compartmentOf } from "../sets.ts";
import { drawnPrediction, mostProbable } from "./score-compartments.ts";

/** Rounds of the bootstrap of a distance, which takes long to compute. */
const distanceRounds = 50;

export interface Distances {
  /** Number of images on either side of each distance. */
  readonly n: number;
  readonly drawnToReal: Estimate | null;
  /** Distance of the real crops of half the fields to those of the other half: what a perfect model would reach. */
  readonly realToReal: Estimate | null;
}

export interface RealFeatures {
  readonly crop: Crop;
  readonly features: Float32Array;
}

/** Fréchet and kernel distance of equal numbers of images. */
export function scoreDistances(
  records: readonly ProteinRecord[],
  real: readonly RealFeatures[],
  options: BootstrapOptions,
): { readonly frechet: Distances; readonly kernel: Distances } {
  const [first, second] = splitFields(real, options.seed ?? 0);
  const drawn = records.map((record) => Float32Array.from(record.drawn.features));
  const n = Math.min(drawn.length, first.length, second.length);
  const measure = (distance: (a: readonly Float32Array[], b: readonly Float32Array[]) => number) => {
    const reference = first.slice(0, n);
    const to = (images: readonly Float32Array[]) =>
      bootstrap(images.slice(0, n), (rows) => distance(rows, reference), {
        ...{ ...options, rounds: distanceRounds, centred: true },
      });
    return { n, drawnToReal: to(drawn), realToReal: to(second) };
  };
  return { frechet: measure(frechetDistance), kernel: measure(kernelDistance) };
}

/**
 * Two halves of about equal number, each in random order, so that its first n stand for it. The crops of a field
 * resemble each other and stay together.
 */
function splitFields(real: readonly RealFeatures[], seed: number): [Float32Array[], Float32Array[]] {
  const shuffle = <T>(items: readonly T[], name: string): T[] =>
    Array.from(createGenerator(seed, "halves", name).shuffle(items.length), (position) => items[position]!);
  const fields = shuffle([...groupBy(real, ({ crop }) => crop.fieldOfView).values()], "fields");
  const halves: [Float32Array[], Float32Array[]] = [[], []];
  for (const field of fields) {
    const smaller = halves[0].length <= halves[1].length ? halves[0] : halves[1];
    smaller.push(...field.map(({ features }) => features));
  }
  return [shuffle(halves[0], "first"), shuffle(halves[1], "second")];
}

export interface ProportionScores {
  readonly images: number;
  readonly correlation: Estimate | null;
  readonly meanError: Estimate | null;
  readonly meanRelativeError: Estimate | null;
}

/** Nuclear proportions of generated and real images around the same nucleus; resampled by protein. */
export function scoreProportions(
  records: readonly CropRecord[],
  options: BootstrapOptions,
): ProportionScores {
  const pairs = records.flatMap(({ protein, drawn, real }) =>
    drawn === null || real === null ? [] : [{ protein, drawn, real }],
  );
  const units = [...groupBy(pairs, ({ protein }) => protein).values()];
  const estimate = (statistic: (pairs: readonly ProportionPair[]) => number) =>
    bootstrap(units, (drawn) => statistic(drawn.flat()), options);
  return {
    images: pairs.length,
    correlation: estimate(correlationOf),
    meanError: estimate(meanError),
    meanRelativeError: estimate(meanRelativeError),
  };
}

export interface OverlapScores {
  /** Intersection over union of the brighter halves. */
  readonly drawn: Estimate | null;
  /** The floor: another protein's image around the same nucleus. */
  readonly otherProtein: Estimate | null;
  /** (drawn - floor) / (1 - floor) of the means. */
  readonly aboveFloor: Estimate | null;
}

/** Overlap of generated with real images around the same nucleus; resampled by protein. */
export function scoreOverlap(records: readonly CropRecord[], options: BootstrapOptions): OverlapScores {
  const pairs = records.flatMap(({ protein, overlap, otherOverlap }) =>
    overlap === null || otherOverlap === null ? [] : [{ protein, overlap, otherOverlap }],
  );
  const units = [...groupBy(pairs, ({ protein }) => protein).values()];
  const own = (drawn: typeof units) => mean(drawn.flat().map(({ overlap }) => overlap));
  const floor = (drawn: typeof units) => mean(drawn.flat().map(({ otherOverlap }) => otherOverlap));
  const estimate = (statistic: (drawn: typeof units) => number) =>
    bootstrap<(typeof units)[number]>(units, (drawn) => statistic([...drawn]), options);
  return {
    drawn: estimate(own),
    otherProtein: estimate(floor),
    aboveFloor: estimate((drawn) => (own(drawn) - floor(drawn)) / (1 - floor(drawn))),
  };
}

export interface ChannelReconstruction {
  /** Peak signal-to-noise ratio in dB. */
  readonly signalToNoise: Estimate | null;
  readonly structuralSimilarity: Estimate | null;
  readonly multiScaleSimilarity: Estimate | null;
  readonly overlap: Estimate | null;
  /** Median ratio of the decoded image's power to the crop's, in five bands of frequency up to half a cycle per pixel. */
  readonly power: readonly (Estimate | null)[];
}

export interface ReconstructionScores
  extends Readonly<Record<(typeof channels)[number], ChannelReconstruction>> {
  readonly crops: number;
}

/** Quality of the autoencoder's reconstruction of real crops; resampled by field of view. */
export function scoreReconstruction(
  crops: readonly { readonly field: string; readonly quality: ReadCrop["quality"] }[],
  options: BootstrapOptions,
): ReconstructionScores {
  const measured = crops.flatMap(({ field, quality }) => (quality === undefined ? [] : [{ field, quality }]));
  const fields = [...groupBy(measured, ({ field }) => field).values()];
  const ofChannel = (channel: (typeof channels)[number]): ChannelReconstruction => {
    const estimate = (
      figureOf: (quality: Quality) => number,
      statistic: (values: readonly number[]) => number = mean,
    ) =>
      bootstrap(
        fields,
        (drawn) =>
          statistic(
            drawn
              .flat()
              .map(({ quality }) => figureOf(quality[channel]))
              .filter(Number.isFinite),
          ),
        options,
      );
    return {
      signalToNoise: estimate((quality) => quality.signalToNoise),
      structuralSimilarity: estimate((quality) => quality.structuralSimilarity),
      multiScaleSimilarity: estimate((quality) => quality.multiScaleSimilarity),
      overlap: estimate((quality) => quality.overlap),
      power: Array.from({ length: spectrumBands }, (_, band) =>
        estimate((quality) => quality.power[band]!, median),
      ),
    };
  };
  return { crops: measured.length, protein: ofChannel("protein"), nucleus: ofChannel("nucleus") };
}

export interface ClassProportion {
  readonly name: string;
  readonly drawn: Estimate | null;
  /** n counts crops. */
  readonly real: Estimate | null;
}

/** Mean nuclear proportion of each class, generated and real; the nuclei are not the same. */
export function scoreClassProportions(
  records: readonly ProteinRecord[],
  real: readonly { readonly crop: Crop; readonly proportion: number }[],
  options: BootstrapOptions,
): ClassProportion[] {
  const labels = new Map(records.map(({ label }) => [label.name, label]));
  return [...labels.values()].map(({ name, members }) => {
    const drawn = records.filter(({ label }) => label.name === name);
    const crops = real.filter(({ crop }) => members.includes(compartmentOf(crop) ?? ""));
    return {
      name,
      drawn: bootstrap(
        drawn.flatMap((record) => record.drawn.nuclearProportion ?? []),
        mean,
        options,
      ),
      real: bootstrap(crops.map(({ proportion }) => proportion).filter(Number.isFinite), mean, options),
    };
  });
}

export interface Effect {
  /** Fraction of proteins whose image shows the same compartment as before. */
  readonly sameAnswer: Estimate | null;
  /** Mean total variation between the classifier's probabilities before and after: 0 nothing, 1 everything changed. */
  readonly change: Estimate | null;
}

export const effectNames = [
  "otherNucleus",
  "otherProtein",
  "shuffledSequence",
  "randomEmbedding",
  "unconditional",
] as const;
export type EffectName = (typeof effectNames)[number];

/** The effect of one change on the generated image, with the same noise. */
export function scoreEffects(
  records: readonly ProteinRecord[],
  options: BootstrapOptions,
): Readonly<Record<EffectName, Effect>> {
  const effect = (after: (record: ProteinRecord) => readonly number[] | undefined): Effect => {
    const pairs = records.flatMap((record) => {
      const changed = after(record);
      return changed === undefined ? [] : [{ before: record.drawn.probabilities, after: changed }];
    });
    return {
      sameAnswer: bootstrap(
        pairs.map((pair) => (mostProbable(pair.before) === mostProbable(pair.after) ? 1 : 0)),
        mean,
        options,
      ),
      change: bootstrap(
        pairs.map((pair) => totalVariation(pair.before, pair.after)),
        mean,
        options,
      ),
    };
  };
  return {
    otherNucleus: effect(({ nucleus, changed }) =>
      changed?.otherNucleus.nucleus === nucleus ? undefined : changed?.otherNucleus.probabilities,
    ),
    otherProtein: effect(({ changed }) => changed?.otherProtein.probabilities),
    shuffledSequence: effect(({ changed }) => changed?.shuffledSequence.probabilities),
    randomEmbedding: effect(({ changed }) => changed?.randomEmbedding.probabilities),
    unconditional: effect(({ changed }) => changed?.unconditional.probabilities),
  };
}

/** null where each protein has one sample, whose agreement is not defined. */
export function scoreReliability(
  records: readonly ProteinRecord[],
  options: BootstrapOptions,
): ReliabilityBin[] | null {
  const agreed = records.flatMap((record): AgreedPrediction[] => {
    const { agreement } = record.drawn;
    return agreement === null ? [] : [{ ...drawnPrediction(record), agreement }];
  });
  return agreed.length === 0 ? null : reliabilityCurve(agreed, options);
}

/** Real images of unseen fields are nearer than the threshold in one case of twenty. */
const realShareBelow = 0.95;

export interface Memorisation {
  readonly trainingCrops: number;
  /** Number of real crops, unseen in training, that set the threshold. */
  readonly realCrops: number;
  /** Fraction of them below the threshold. */
  readonly quantile: number;
  readonly threshold: number | null;
  readonly sets: Readonly<
    Record<"unseen" | "seen", { n: number; above: number; share: Estimate | null; median: number | null }>
  >;
}

/** How many generated images are nearer to a training crop than real images are. */
export function scoreMemorisation(
  nearest: Readonly<Record<"unseen" | "seen" | "real", readonly NearestCrop[]>>,
  trainingCrops: number,
  options: BootstrapOptions,
): Memorisation {
  const threshold = nearThreshold(nearest.real, realShareBelow);
  const describe = (found: readonly NearestCrop[]) => {
    const isNear = found.map(({ correlation }) => (correlation > threshold ? 1 : 0));
    const median = nearThreshold(found, 0.5);
    return {
      n: found.length,
      above: isNear.filter((near) => near === 1).length,
      share: Number.isNaN(threshold) ? null : bootstrap<number>(isNear, mean, options),
      median: Number.isNaN(median) ? null : median,
    };
  };
  return {
    ...{ trainingCrops, realCrops: nearest.real.length, quantile: realShareBelow },
    threshold: Number.isNaN(threshold) ? null : threshold,
    sets: { unseen: describe(nearest.unseen), seen: describe(nearest.seen) },
  };
}
