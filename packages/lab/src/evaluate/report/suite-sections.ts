// The sections of the report that show the suite: judges, distances of sets, images around one nucleus, naming of proteins, sweeps.
// A chart comes with the table of its numbers.

import type { Figure } from "../suite/figure.ts";
import { pixelMeasures } from "../suite/pair-figures.ts";
import type { SuiteResults } from "../suite/results.ts";
import { lineChart } from "./charts.ts";
import { note } from "./document.ts";
import { barChart, confusionPicture, confusionTable, escapeHtml, figure, percent, table } from "./html.ts";
import type { SuitePictures } from "./suite-pictures.ts";
import { umapSection } from "./umap-section.ts";

/** Title and content of each section. */
export function suiteSections(
  suite: SuiteResults,
  pictures: SuitePictures | undefined,
): (readonly [title: string, content: string])[] {
  const sections = [
    ["Compartments by every judge", judgesSection(suite)],
    ["Real beside generated, around the same nucleus", pairsSection(suite, pictures)],
    ["Distances of sets of images", distancesSection(suite)],
    ["What gives generated images away", realismSection(suite)],
    ["Does an image name its protein?", namingSection(suite)],
    ["Averages, steps and guidance", sweepsSection(suite)],
    ["Map of real and generated images", umapSection(suite.umap, pictures?.points)],
  ] as const;
  return sections.filter(([, content]) => content !== "");
}

/** `0.25 (0.18 to 0.31), n 150`; a dash where it was not measured. */
export function cellOf(found: Figure | undefined, format: (value: number) => string = short): string {
  if (found === undefined || found.value === null) return "–";
  const interval = found.low === null ? "" : ` (${format(found.low)} to ${format(found.high!)})`;
  const unit = found.unit === "proteins" ? "" : ` ${found.unit}`;
  return `${format(found.value)}${interval}, n ${found.n}${unit}`;
}

function short(value: number): string {
  return Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}

const share = (value: number) => `${percent(value)} %`;

/** What was measured, in the order of the figures: "generated, unseen". */
function subjectsOf(figures: readonly Figure[]): { subject: string; set: Figure["set"]; name: string }[] {
  const found = new Map(figures.map(({ subject, set }) => [`${subject} ${set}`, { subject, set }]));
  return [...found.values()].map(({ subject, set }) => ({
    ...{ subject, set },
    name: set === "all" ? subject : `${subject}, ${set}`,
  }));
}

/** A wide table that can be scrolled, by keyboard as well. */
function wide(label: string, content: string): string {
  return `<div class="wide" tabindex="0" role="group" aria-label="${escapeHtml(label)}">${content}</div>`;
}

function details(summary: string, content: string): string {
  return `<details><summary>${escapeHtml(summary)}</summary>\n${content}\n</details>`;
}

function judgesSection({ judges, figures, agreement }: SuiteResults): string {
  if (judges.length === 0) return "";
  const accuracies = figures.filter(
    ({ measure, compartment }) => measure === "accuracy" && compartment === null,
  );
  const isSetting = ({ subject }: Figure) => /^(steps|guidance) /.test(subject);
  const subjects = subjectsOf(accuracies.filter((one) => !isSetting(one)));
  const cell = (measure: string, by: string, subject: string, set: string) =>
    cellOf(
      figures.find(
        (one) =>
          one.measure === measure &&
          one.by === by &&
          one.subject === subject &&
          one.set === set &&
          one.compartment === null,
      ),
      share,
    );
  const rows = (measure: string) =>
    subjects.map(({ subject, set, name }) => [
      escapeHtml(subject === "real" ? "real crops: the judge itself" : name),
      ...judges.map(({ name: by }) => cell(measure, by, subject, set)),
    ]);
  const heads = ["", ...judges.map(({ name }) => escapeHtml(name))];
  const main = accuracies.filter(({ subject, set }) => subject === "generated" && set !== "seen");
  const bars = judges.flatMap(({ name }) => {
    const of = (found: Figure | undefined) =>
      found?.value == null || found.low === null
        ? null
        : { value: found.value, interval95: [found.low, found.high!] as const, n: found.n };
    return [
      {
        name: `${name}: real crops`,
        estimate: of(accuracies.find((one) => one.by === name && one.subject === "real")),
      },
      { name: `${name}: generated`, estimate: of(main.find(({ by }) => by === name)) },
    ];
  });
  return [
    note(
      "Each judge names one compartment per image. Its own accuracy is on real crops that no network learned from, of the classes " +
        `that are generated: ${judges[0]!.classes.join(", ")}.`,
    ),
    table(
      ["judge", "how it answers", "learned from", "real crops (fields)", "what it is"],
      judges.map(({ name, method, trained_on, real_crops, real_fields, title }) => [
        ...[name, method, trained_on].map(escapeHtml),
        `${real_crops} (${real_fields})`,
        escapeHtml(title),
      ]),
    ),
    barChart("Accuracy by every judge", bars),
    "<h3>Accuracy</h3>",
    wide("Accuracy by every judge", table(heads, rows("accuracy"))),
    "<h3>Macro recall</h3>",
    wide("Macro recall by every judge", table(heads, rows("macro_recall"))),
    "<h3>Agreement of judges</h3>",
    note(
      "Share of equal answers; kappa takes out what two judges would share by chance: 0 is chance, 1 the same.",
    ),
    table(
      ["judges", "images", "equal answers", "kappa"],
      agreement.map(({ a, b, on, images, share: equal, kappa }) => [
        escapeHtml(`${a} and ${b}`),
        `${images} ${on}`,
        share(equal),
        kappa === null ? "–" : kappa.toFixed(2),
      ]),
    ),
    ...judges.map(({ name, confusion }) =>
      details(
        `Confusion by ${name}`,
        (["generated", "real"] as const)
          .map(
            (on) =>
              `<h3>${on} images</h3>${confusionPicture(`${name}, ${on}`, confusion[on])}${confusionTable(confusion[on])}`,
          )
          .join("\n"),
      ),
    ),
  ].join("\n");
}

const pixelTitles = {
  ssim: "SSIM",
  ms_ssim: "MS-SSIM",
  psnr: "PSNR, dB",
  pearson: "Pearson",
  iou: "IoU",
} as const;

function pairsSection({ figures }: SuiteResults, pictures: SuitePictures | undefined): string {
  const ofPairs = figures.filter(({ measure }) => measure === "iou");
  if (ofPairs.length === 0) return "";
  const find = (subject: string, set: string, measure: string) =>
    cellOf(
      figures.find(
        (one) =>
          one.measure === measure && one.subject === subject && one.set === set && one.compartment === null,
      ),
    );
  const rows = (measures: readonly string[]) =>
    subjectsOf(ofPairs).map(({ subject, set, name }) => [
      escapeHtml(name),
      ...measures.map((measure) => find(subject, set, measure)),
    ]);
  const cells = (pictures?.pairs ?? []).flatMap(({ pictures: row }) => row.map(figure));
  const columns = Math.max(1, ...(pictures?.pairs ?? []).map(({ pictures: row }) => row.length));
  return [
    note("The first pairs in the order of the evaluation; none was chosen. Nucleus blue, protein green."),
    cells.length === 0
      ? ""
      : `<div class="examples" style="--columns:${columns}">\n${cells.join("\n")}\n</div>`,
    note(
      "The floor is another protein's image around the same nucleus; the ceiling is the autoencoder's reconstruction of the real image.",
    ),
    wide(
      "Images around the same nucleus, pixel by pixel",
      table(
        ["", ...pixelMeasures.map((measure) => pixelTitles[measure]), "IoU above the floor"],
        rows([...pixelMeasures, "iou_above_floor"]),
      ),
    ),
    "<h3>Nuclear proportion</h3>",
    table(
      ["", "Pearson", "mean absolute error", "mean relative error"],
      rows(["nuclear_proportion_r", "nuclear_proportion_mae", "nuclear_proportion_mape"]),
    ),
  ].join("\n");
}

const distanceTitles = {
  frechet: "Fréchet",
  kid: "KID",
  mmd: "MMD²",
  precision: "precision",
  recall: "recall",
  density: "density",
  coverage: "coverage",
} as const;

function distancesSection({ figures, spaces }: SuiteResults): string {
  const measures = Object.keys(distanceTitles);
  const distances = figures.filter(({ measure }) => measures.includes(measure));
  const heads = (first: string) => [first, "images", ...Object.values(distanceTitles)];
  const row = (rows: readonly Figure[], name: string) => [
    escapeHtml(name),
    String(rows[0]!.images),
    ...measures.map((measure) => cellOf(rows.find((one) => one.measure === measure))),
  ];
  const parts = spaces.map(({ name: by, title, dimensions }) => {
    const own = distances.filter((one) => one.by === by);
    if (own.length === 0) return "";
    const whole = own.filter(({ compartment }) => compartment === null);
    const subjects = subjectsOf(whole).map(({ subject, set, name }) =>
      row(
        whole.filter((one) => one.subject === subject && one.set === set),
        name,
      ),
    );
    const single = own.filter(({ compartment }) => compartment !== null);
    const classes = [...new Set(single.map(({ compartment, set }) => `${compartment}|${set}`))].map((key) => {
      const [compartment, set] = key.split("|");
      const rows = single.filter((one) => one.compartment === compartment && one.set === set);
      return row(rows, `${compartment}, ${set}`).slice(0, 4);
    });
    return [
      `<h3>${escapeHtml(by)}</h3>`,
      note(`${title}; ${dimensions} dimensions.`),
      wide(`Distances in the space of ${by}`, table(heads(""), subjects)),
      classes.length === 0
        ? ""
        : details(`By compartment, ${by}`, table(["", "images", "Fréchet", "KID"], classes)),
    ].join("\n");
  });
  return parts.join("\n");
}

function realismSection(suite: SuiteResults): string {
  const { figures, revealing, profiles } = suite;
  const areas = figures.filter(({ measure }) => measure === "real_or_generated_auc");
  const shown = profiles.filter(({ subject }) => ["real", "generated", "autoencoder"].includes(subject));
  const nameOf = ({ subject, set }: (typeof profiles)[number]) =>
    set === "all" ? subject : `${subject}, ${set}`;
  const charts = (["protein", "nucleus"] as const).map((channel) => {
    const bands = shown[0]?.spectrum[channel].length ?? 0;
    const middle = (band: number) => (band + 0.5) / (2 * bands);
    const spectrum = shown.map((one) => ({
      name: nameOf(one),
      points: one.spectrum[channel].map((value, band) => [middle(band), value] as const),
    }));
    const histogram = shown.map((one) => ({
      name: nameOf(one),
      points: one.histogram[channel].map(
        (value, bin) => [(bin + 0.5) / one.histogram[channel].length, value] as const,
      ),
    }));
    const title = `Spectrum of the ${channel}`;
    return [
      `<h3>${title}</h3>`,
      lineChart({ title, x: "cycles per pixel", y: "share of power", series: spectrum, isLog: true }),
      details(`Numbers: ${title}`, curveTable("cycles per pixel", spectrum)),
      lineChart({
        title: `Intensities of the ${channel}`,
        x: "intensity",
        y: "share of pixels",
        series: histogram,
        isLog: true,
      }),
      details(`Numbers: intensities of the ${channel}`, curveTable("intensity", histogram)),
    ].join("\n");
  });
  const detail = figures.filter(
    ({ measure }) => measure === "resolvability_um" || measure === "histogram_earth_movers",
  );
  return [
    note(
      "A classifier that is given hand-made features of as many real images of the same classes: area under the curve, 0.5 is " +
        "chance, 1 that every image gives itself away.",
    ),
    areas.length === 0
      ? ""
      : table(
          ["features", "area under the curve", "images"],
          areas.map(({ by, value, images }) => [
            escapeHtml(by!),
            value === null ? "–" : value.toFixed(3),
            String(images),
          ]),
        ),
    revealing.length === 0
      ? ""
      : `${note("The single features that separate furthest; above 0.5 where they are larger in generated images.")}${table(
          ["feature", "kind", "area", "median, real", "median, generated"],
          revealing.map(({ name, group, auc, real_median, generated_median }) => [
            escapeHtml(name),
            escapeHtml(group),
            auc.toFixed(3),
            short(real_median),
            short(generated_median),
          ]),
        )}`,
    ...charts,
    "<h3>Detail and brightness</h3>",
    note(
      "Resolvability in micrometres: the finest detail before the spectrum meets noise. Earth mover's distance of intensities from real ones.",
    ),
    table(
      ["", "measure", "channel", "value"],
      detail.map((one) => [
        escapeHtml(one.set === "all" ? one.subject : `${one.subject}, ${one.set}`),
        one.measure === "resolvability_um" ? "resolvability" : "earth mover's distance",
        one.channel ?? "",
        cellOf(one),
      ]),
    ),
  ].join("\n");
}

function curveTable(
  head: string,
  series: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[],
): string {
  const rows = (series[0]?.points ?? []).map(([x], index) => [
    x.toFixed(3),
    ...series.map(({ points }) => (points[index] === undefined ? "–" : points[index][1].toExponential(2))),
  ]);
  return wide(head, table([head, ...series.map(({ name }) => escapeHtml(name))], rows));
}

const shownRanks = [1, 5, 10, 20, 60, 130];

function namingSection({ top_k, paired_distance }: SuiteResults): string {
  if (top_k.length === 0 && paired_distance.length === 0) return "";
  const groups = [...new Set(top_k.map(({ by, method }) => `${by}|${method}`))].map((key) => {
    const [by, method] = key.split("|");
    const curves = top_k.filter((one) => one.by === by && one.method === method);
    const nameOf = ({ subject, set }: (typeof curves)[number]) =>
      set === "all" ? subject : `${subject}, ${set}`;
    const series = [
      ...curves.map((curve) => ({
        name: nameOf(curve),
        points: curve.shares.map((value, i) => [i + 1, value] as const),
      })),
      { name: "chance", points: curves[0]!.chance.map((value, i) => [i + 1, value] as const) },
    ];
    const ranks = shownRanks.filter((k) => k <= curves[0]!.shares.length);
    const title = `${by}: ${method}, ${curves[0]!.gallery} proteins to choose among`;
    return [
      `<h3>${escapeHtml(title)}</h3>`,
      lineChart({ title, x: "k", y: "share of images whose protein is among the k best", series }),
      table(
        ["", "images (proteins)", ...ranks.map((k) => `k = ${k}`)],
        [
          ...curves.map((curve) => [
            escapeHtml(nameOf(curve)),
            `${curve.images} (${curve.proteins})`,
            ...ranks.map((k) => share(curve.shares[k - 1]!)),
          ]),
          ["chance", "", ...ranks.map((k) => share(curves[0]!.chance[k - 1]!))],
        ],
      ),
    ].join("\n");
  });
  const distances = paired_distance.map(({ by, subject, set, proteins, pairs, paired, shuffled, p }) => [
    escapeHtml(by),
    escapeHtml(set === "all" ? subject : `${subject}, ${set}`),
    `${pairs} (${proteins})`,
    ...[paired, shuffled].map(short),
    p.toFixed(4),
  ]);
  return [
    ...groups,
    "<h3>Distance to the real image of the same nucleus</h3>",
    note(
      "Mean squared difference of embeddings; shuffled: to the real images of another protein; p by permutation of proteins. What another protein's image reaches around the same nucleus is the floor.",
    ),
    table(["space", "", "pairs (proteins)", "paired", "shuffled", "p"], distances),
  ].join("\n");
}

function sweepsSection({ figures, judges }: SuiteResults): string {
  const chosen = figures.filter(
    ({ measure, subject, compartment }) =>
      measure === "accuracy_of_average" ||
      (/^(steps|guidance) /.test(subject) &&
        ["accuracy", "frechet", "kid"].includes(measure) &&
        compartment === null),
  );
  if (chosen.length === 0) return "";
  const names = [...new Set(chosen.map(({ subject }) => subject))];
  const rows = names.map((subject) => [
    escapeHtml(subject),
    ...judges.flatMap(({ name: by }) => {
      const of = (measure: string) =>
        chosen.find((one) => one.subject === subject && one.by === by && one.measure === measure);
      return [cellOf(of("accuracy") ?? of("accuracy_of_average"), share), cellOf(of("kid"))];
    }),
  ]);
  const heads = ["", ...judges.flatMap(({ name }) => [`accuracy, ${name}`, `KID, ${name}`].map(escapeHtml))];
  return [
    note(
      "The answer over the mean of the probabilities of m images of a protein, and the same proteins generated with other settings.",
    ),
    wide("Averages, steps and guidance", table(heads, rows)),
  ].join("\n");
}
