// The section on what gives generated images away: a classifier of real and generated, single features, spectra and intensities,
// detail and brightness.

import type { SuiteResults } from "../../suite/results.ts";
import { lineChart, type Series } from "../charts.ts";
import { note } from "../document.ts";
import { escapeHtml, table } from "../html.ts";
import { cellOf, details, nameOf, short, wide } from "./cells.ts";

/** The section's content. */
export function realismSection(suite: SuiteResults): string {
  return [
    note(
      "A classifier that is given hand-made features of as many real images of the same classes: area under the curve, 0.5 is " +
        "chance, 1 that every image gives itself away.",
    ),
    areaTable(suite),
    ...(["protein", "nucleus"] as const).map((channel) => profileCharts(suite, channel)),
    "<h3>Detail and brightness</h3>",
    note(
      "Resolvability in micrometres: the finest detail before the spectrum meets noise. Earth mover's distance of intensities from real ones.",
    ),
    detailTable(suite),
  ].join("\n");
}

function areaTable({ figures, revealing }: SuiteResults): string {
  const areas = figures.filter(({ measure }) => measure === "real_or_generated_auc");
  if (areas.length === 0) return note("There are too few images of the same classes.");
  const rows = areas.map(({ by, value, images }) => [
    escapeHtml(by!),
    value === null ? "–" : value.toFixed(3),
    String(images),
  ]);
  return [
    table(["features", "area under the curve", "images"], rows),
    note("The single features that separate furthest; above 0.5 where they are larger in generated images."),
    table(
      ["feature", "kind", "area", "median, real", "median, generated"],
      revealing.map(({ name, group, auc, real_median, generated_median }) => [
        escapeHtml(name),
        escapeHtml(group),
        auc.toFixed(3),
        short(real_median),
        short(generated_median),
      ]),
    ),
  ].join("\n");
}

const shownProfiles = ["real", "generated", "autoencoder"];

function profileCharts({ profiles }: SuiteResults, channel: "protein" | "nucleus"): string {
  const shown = profiles.filter(({ subject }) => shownProfiles.includes(subject));
  const seriesOf = (kind: "spectrum" | "histogram", width: number): Series[] =>
    shown.map((one) => ({
      name: nameOf(one),
      points: one[kind][channel].map((value, bin) => [
        ((bin + 0.5) * width) / one[kind][channel].length,
        value,
      ]),
    }));
  const [spectrum, histogram] = [seriesOf("spectrum", 0.5), seriesOf("histogram", 1)];
  const [title, other] = [`Spectrum of the ${channel}`, `Intensities of the ${channel}`];
  return [
    `<h3>${title}</h3>`,
    lineChart({ title, x: "cycles per pixel", y: "share of power", series: spectrum, isLog: true }),
    details(`Numbers: ${title}`, curveTable("cycles per pixel", spectrum)),
    `<h3>${other}</h3>`,
    lineChart({ title: other, x: "intensity", y: "share of pixels", series: histogram, isLog: true }),
    details(`Numbers: ${other}`, curveTable("intensity", histogram)),
  ].join("\n");
}

function detailTable({ figures }: SuiteResults): string {
  const titles: Readonly<Record<string, string>> = {
    resolvability_um: "resolvability",
    histogram_earth_movers: "earth mover's distance",
  };
  const rows = figures
    .filter(({ measure }) => measure in titles)
    .map((one) => [escapeHtml(nameOf(one)), titles[one.measure]!, one.channel ?? "", cellOf(one)]);
  return table(["", "measure", "channel", "value"], rows);
}

function curveTable(head: string, series: readonly Series[]): string {
  const rows = (series[0]?.points ?? []).map(([x], index) => [
    x.toFixed(3),
    ...series.map(({ points }) => (points[index] === undefined ? "–" : points[index][1].toExponential(2))),
  ]);
  return wide(head, table([head, ...series.map(({ name }) => escapeHtml(name))], rows));
}
