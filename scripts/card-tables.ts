// `tsx scripts/card-tables.ts REPORT/metrics.json`: the figures of an evaluation as tables of Markdown, for a model card.
// The figures are those of report.html, which says what they are measured on.
import { readFile } from "node:fs/promises";
import { sequenceMethods, sequenceSets } from "../packages/lab/src/evaluate/predict/sequences.ts";
import { number, share } from "../packages/lab/src/evaluate/report/html.ts";
import { methodTitles, sequenceSetTitles } from "../packages/lab/src/evaluate/report/localization.ts";
import type { Metrics } from "../packages/lab/src/evaluate/report/metrics.ts";
import {
  classHeads,
  classRows,
  scoreRows,
  scoreTitles,
  setTitles,
} from "../packages/lab/src/evaluate/report/report-html.ts";

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: tsx scripts/card-tables.ts REPORT/metrics.json");
const { images, localization } = JSON.parse(await readFile(path, "utf8")) as Metrics;
const parts = [
  ...(images === null ? [] : imageTables(images)),
  ...(localization === null ? [] : localizationTables(localization)),
];
process.stdout.write(`${parts.join("\n\n")}\n`);

function imageTables({
  compartments,
  classes,
  effects,
  reliability,
  ...images
}: NonNullable<Metrics["images"]>): string[] {
  const sets = Object.entries(compartments).map(([name, set]) => ({
    title: setTitles[name] ?? name,
    rows: scoreRows(set),
    ...set,
  }));
  const titles = new Set(sets.flatMap(({ rows }) => rows.map(({ title }) => title)));
  const scoresOf = (measure: "accuracy" | "macroRecall") =>
    [...titles].map((title) => [
      title,
      ...sets.map(({ rows }) => {
        const row = rows.find((one) => one.title === title);
        return row === undefined ? "" : share(row[measure], row.units);
      }),
    ]);
  const heads = ["", ...sets.map(({ title, proteins }) => `${title}, ${proteins} proteins`)];
  const margins = sets.map(({ title, drawnLess: { accuracy } }) => {
    const floor = accuracy.strongestFloor;
    const name = floor === null ? "none" : scoreTitles[floor.floor as keyof typeof scoreTitles];
    return [title, points(accuracy.languageModel), `${points(floor)} (${name})`];
  });
  const { memorisation, distances, nuclearProportion, overlap, autoencoder, linearFilter } = images;
  return [
    `Accuracy:\n\n${table(heads, scoresOf("accuracy"))}`,
    `Macro recall:\n\n${table(heads, scoresOf("macroRecall"))}`,
    table(
      [
        "",
        "generated images minus prediction from the sequence",
        "generated images minus the strongest floor",
      ],
      margins,
    ),
    table(classHeads, classRows(classes)),
    table(
      ["", "near a training crop", "median correlation"],
      Object.entries(memorisation.sets).map(([name, { n, above, median }]) => [
        setTitles[name] ?? name,
        `${above} of ${n}`,
        median?.toFixed(3) ?? "–",
      ]),
    ),
    table(
      ["distance to real crops", "generated", "real, other fields"],
      (["frechet", "kernel"] as const).map((name) => [
        name,
        number(distances[name].drawnToReal),
        number(distances[name].realToReal),
      ]),
    ),
    table(
      [
        "around the nuclei of real crops",
        "nuclear proportion: Pearson",
        "mean absolute error",
        "overlap",
        "another protein's",
      ],
      (["unseen", "seen"] as const).map((name) => {
        const { correlation, meanError } = nuclearProportion.sameNucleus[name];
        const { drawn, otherProtein } = overlap[name];
        return [setTitles[name] ?? name, ...[correlation, meanError, drawn, otherProtein].map(number)];
      }),
    ),
    table(
      [
        "autoencoder",
        "PSNR, dB",
        "SSIM",
        "power, 0 to 0.1 cycles per pixel",
        "0.1 to 0.2",
        "0.2 to 0.3",
        "0.3 to 0.4",
        "0.4 to 0.5",
      ],
      (["protein", "nucleus"] as const).flatMap((name) =>
        [
          { title: name, scores: autoencoder[name] },
          { title: `${name}, linear filter of equal size`, scores: linearFilter[name] },
        ].map(({ title, scores: { signalToNoise, structuralSimilarity, power } }) => [
          title,
          ...[signalToNoise, structuralSimilarity, ...power].map(number),
        ]),
      ),
    ),
    table(
      ["one thing changed, with the same noise", "same compartment recognised", "change"],
      Object.entries(effects).map(([name, { sameAnswer, change }]) => [
        scoreTitles[name as keyof typeof scoreTitles],
        share(sameAnswer),
        number(change),
      ]),
    ),
    ...(reliability === null
      ? []
      : [
          table(
            ["agreement of samples", "accuracy"],
            reliability.map(({ from, to, accuracy }) => [
              `${from.toFixed(2)} to ${to.toFixed(2)}`,
              share(accuracy),
            ]),
          ),
        ]),
  ];
}

function localizationTables({ sets, published }: NonNullable<Metrics["localization"]>): string[] {
  const figures = sequenceSets.flatMap((name) =>
    sequenceMethods.map((method) => {
      const { macroF1, microF1, macroMatthews, jaccard, exact } = sets[name].methods[method];
      const title = `${sequenceSetTitles[name]}, ${sets[name].proteins} proteins: ${methodTitles[method]}`;
      return [title, ...[macroF1, microF1, macroMatthews, jaccard, exact].map(plain)];
    }),
  );
  const labels = Object.entries(sets.partitionHuman.methods.languageModel.labels).map(
    ([label, { positives, f1, matthews }]) => [
      label,
      `${positives}`,
      ...[f1, matthews, sets.partitionHuman.methods.composition.labels[label]?.matthews ?? null].map(plain),
    ],
  );
  const others = published.map(({ name, on, figures, source }) => [
    `${name}, on ${on}`,
    Object.entries(figures)
      .map(([figure, value]) => `${figure} ${value}`)
      .join(", "),
    source,
  ]);
  return [
    table(["", "macro F1", "micro F1", "macro MCC", "Jaccard", "all labels right"], figures),
    table(
      ["label, human proteins of the held-out partition", "proteins", "F1", "MCC", "MCC, composition"],
      labels,
    ),
    table(["published elsewhere, on other splits and labels", "figures", "source"], others),
  ];
}

/** `0.12 (0.10 to 0.15)`: n is in the row's title. */
function plain(estimate: Parameters<typeof number>[0]): string {
  return number(estimate).replace(/, n .*/, "");
}

function points(estimate: Parameters<typeof share>[0]): string {
  return share(estimate)
    .replace(" %", " points")
    .replace(/, n .*/, "");
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}
