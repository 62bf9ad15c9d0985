// Results of experiments as people read them, and as tables: a line per window or variant, and what the null
// cannot show.

import { writeCsv } from "@proteoscope/formats";
import { type CompartmentProbabilities, describeKnown, formatProbability } from "@proteoscope/microscope";
import {
  type ComparedProtein,
  falseDiscoveryRate,
  type MeanWithInterval,
  type MutateResult,
  type ScanNull,
  type ScanResult,
  shorten,
} from "@proteoscope/microscope/experiments";

const mostWindows = 10;

/** The lines of a scan. */
export function describeScan(result: ScanResult): string[] {
  const { protein, mode, windowResidues, strideResidues, windows, tail } = result;
  const sorted = [...windows].sort((a, b) => (tail === "large" ? b.effect - a.effect : a.effect - b.effect));
  const found = sorted.filter(({ q }) => q <= falseDiscoveryRate);
  const { imageNull } = result;
  return [
    `${protein.id}  ${protein.residues} residues; ${mode}, ${windows.length} windows of ${windowResidues} every ${strideResidues}`,
    ...describeWildType(result, result.wildType),
    line("null", describeNull(result.null)),
    line("smallest effect", describeSmallest(result.null, windows.length)),
    ...(imageNull === undefined
      ? []
      : [line("of images", `${describeSmallest(imageNull, windows.length)}; ${imageNull.draws} draws`)]),
    line(
      "windows",
      `${found.length} with q <= ${falseDiscoveryRate}; the ${tail === "large" ? "largest" : "smallest"} effects:`,
    ),
    ...sorted.slice(0, mostWindows).map((window) => {
      const images = window.images && `  images ${withInterval(window.images)} p ${shortP(window.images.p)}`;
      return (
        `    ${`${window.first}-${window.last}`.padEnd(11)} effect ${window.effect.toFixed(2)} ` +
        `(${signed(window.effectSize, 1)} deviations)  p ${shortP(window.p)}  q ${shortP(window.q)}  ${window.compartment}${images ?? ""}`
      );
    }),
  ];
}

/** The table of a scan: one row per window. */
export function scanTable({ windows }: ScanResult): string {
  const rows = windows.map(({ change, images, ...window }) => ({
    ...{ first: window.first, last: window.last, residues: window.residues },
    ...{ effect: digits(window.effect), effect_size: digits(window.effectSize) },
    ...{ p: digits(window.p), q: digits(window.q), compartment: window.compartment },
    ...Object.fromEntries(Object.entries(change).map(([label, value]) => [`change_${label}`, digits(value)])),
    ...(images && {
      ...{ image_distance: digits(images.mean), ...intervalColumns("image_distance", images) },
      ...{
        image_effect_size: digits(images.effectSize),
        image_p: digits(images.p),
        image_q: digits(images.q),
      },
    }),
  }));
  return writeCsv(rows, Object.keys(rows[0]!));
}

/** The lines of a comparison. */
export function describeMutants(result: MutateResult): string[] {
  const { protein, variants, wildType } = result;
  return [
    `${protein.id}  ${protein.residues} residues`,
    ...describeWildType(result, wildType.predicted),
    line("image classifier", `${strongest(classifiedMeans(wildType))} (on the images)`),
    ...variants.flatMap((variant) => [
      shorten(variant.name),
      line("change", `${variant.description}; ${variant.residues} residues`),
      line("predicted", `${strongest(variant.predicted)} (from the sequence alone)`),
      line(
        "image classifier",
        `${strongest(classifiedMeans(variant))}; ${largestChange(variant.classifiedChange)}`,
      ),
      line("image distance", withInterval(variant.imageDistance)),
      line(
        "effect",
        `${variant.effect.toFixed(2)} (${signed(variant.effectSize, 1)} deviations of the null)  p ${shortP(variant.p)}  q ${shortP(variant.q)}`,
      ),
      line("null", describeNull(variant.null)),
      line("smallest effect", describeSmallest(variant.null, variants.length)),
    ]),
  ];
}

/** The table of a comparison: one row per variant and compartment. */
export function mutantTable({ wildType, variants }: MutateResult): string {
  const labels = [...new Set([...Object.keys(wildType.predicted), ...Object.keys(wildType.classified)])];
  const rows = variants.flatMap((variant) =>
    labels.map((label) => {
      const change = variant.classifiedChange[label];
      return {
        ...{ variant: variant.name, residues: variant.residues, effect: digits(variant.effect) },
        ...{ effect_size: digits(variant.effectSize), p: digits(variant.p), q: digits(variant.q) },
        ...{ image_distance: digits(variant.imageDistance.mean), compartment: label },
        predicted_wild_type: digits(wildType.predicted[label]),
        predicted: digits(variant.predicted[label]),
        classified_wild_type: digits(wildType.classified[label]?.mean),
        classified: digits(variant.classified[label]?.mean),
        classified_change: digits(change?.mean),
        ...intervalColumns("classified_change", change),
      };
    }),
  );
  return writeCsv(rows, Object.keys(rows[0]!));
}

/** A comparison without its pixels. */
export function mutantsJson({ wildType, variants, ...result }: MutateResult) {
  const withoutImages = <T extends ComparedProtein>({ images, ...rest }: T): Omit<T, "images"> => rest;
  return { ...result, wildType: withoutImages(wildType), variants: variants.map(withoutImages) };
}

function describeWildType(
  { wildTypeAnnotation, omitted }: Pick<ScanResult, "wildTypeAnnotation" | "omitted">,
  predicted: CompartmentProbabilities,
): string[] {
  return [
    ...(wildTypeAnnotation === null
      ? []
      : [
          line(
            "known",
            `${describeKnown(wildTypeAnnotation)}: the label of the wild type, which no prediction here uses`,
          ),
        ]),
    line("predicted", `${strongest(predicted)} (wild type, from the sequence alone)`),
    ...(omitted === null
      ? []
      : [
          line(
            "not shown",
            `residues ${omitted.first} to ${omitted.last}, to the language model; only sequence features see them`,
          ),
        ]),
  ];
}

function describeNull({ draws, lengthMatched, shuffles, median, deviation }: ScanNull): string {
  const kinds = [
    ...(lengthMatched > 0 ? [`${lengthMatched} in proteins of the same length`] : []),
    `${shuffles} in shuffles`,
  ];
  return `${draws} draws (${kinds.join(", ")}): median ${median.toFixed(2)}, deviation ${deviation.toFixed(2)}`;
}

/** What the null lets one see. */
function describeSmallest(
  { smallestEffect, smallestCorrectedEffect, draws }: Omit<ScanNull, "lengthMatched" | "shuffles">,
  tests: number,
): string {
  const alone = `${smallestEffect.toFixed(2)} shows at p 0.05`;
  if (tests === 1) return alone;
  return smallestCorrectedEffect === null
    ? `${alone}; among ${tests}, no single one can show with ${draws} draws`
    : `${alone}, ${smallestCorrectedEffect.toFixed(2)} for a single one among ${tests}`;
}

function classifiedMeans({ classified }: ComparedProtein): CompartmentProbabilities {
  return Object.fromEntries(Object.entries(classified).map(([label, { mean }]) => [label, mean]));
}

function largestChange(changes: ComparedProtein["classified"]): string {
  const [label, change] = Object.entries(changes).reduce((best, entry) =>
    Math.abs(entry[1].mean) > Math.abs(best[1].mean) ? entry : best,
  );
  return `${label} ${signed(change.mean)}${intervalText(change)}`;
}

function strongest(probabilities: CompartmentProbabilities): string {
  const sorted = Object.entries(probabilities).sort(([, a], [, b]) => b - a);
  return sorted
    .slice(0, 3)
    .map(([label, p]) => `${label} ${formatProbability(p)}`)
    .join(", ");
}

function withInterval(value: MeanWithInterval): string {
  return `${value.mean.toFixed(2)}${intervalText(value)}`;
}

function intervalText({ interval95 }: MeanWithInterval): string {
  return interval95 === null ? "" : ` [${interval95[0].toFixed(2)}, ${interval95[1].toFixed(2)}]`;
}

function intervalColumns(name: string, value: MeanWithInterval | undefined) {
  return {
    [`${name}_low`]: digits(value?.interval95?.[0]),
    [`${name}_high`]: digits(value?.interval95?.[1]),
  };
}

const line = (label: string, text: string) => `  ${label.padEnd(18)} ${text}`;
const signed = (value: number, decimals = 2) => `${value < 0 ? "" : "+"}${value.toFixed(decimals)}`;
const shortP = (p: number) => (p < 0.001 ? p.toExponential(0) : p.toFixed(3));
const digits = (value: number | undefined) => (value === undefined ? "" : value.toPrecision(4));
