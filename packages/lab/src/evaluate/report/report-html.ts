// report.html: the figures of metrics.json for people, with pictures. One plain file, tables first; what cannot be
// measured is a dash, and a note says what a figure does not mean.

import { channels } from "../measures/autoencoding.ts";
import type { Estimate } from "../measures/bootstrap.ts";
import { htmlDocument, note, section } from "./document.ts";
import {
  barChart,
  confusionPicture,
  confusionTable,
  escapeHtml,
  figure,
  number,
  percent,
  share,
  table,
} from "./html.ts";
import { localizationSection } from "./localization.ts";
import type { ImageMetrics, Metrics } from "./metrics.ts";
import type { Example } from "./pictures.ts";
import { ceilings, type Margins, type ScoreName, type SetScores } from "./score-compartments.ts";
import type { Distances } from "./score-pictures.ts";
import type { SuitePictures } from "./suite-pictures.ts";
import { suiteSections } from "./suite-sections.ts";

export const scoreTitles: Readonly<Record<ScoreName, string>> = {
  drawn: "generated images",
  otherNucleus: "generated around another nucleus",
  languageModel: "predicted from the sequence",
  uncalibrated: "the same, uncalibrated",
  composition: "residue composition",
  kmers: "nearest by k-mers",
  shuffledSequence: "shuffled sequence",
  otherProtein: "another protein's sequence",
  randomEmbedding: "random embedding",
  unconditional: "no sequence",
  mostFrequentAnswer: "best constant prediction",
  chance: "chance",
  decodedCrops: "real crops, autoencoded (ceiling)",
  realCrops: "real crops (ceiling)",
};

export const setTitles: Readonly<Record<string, string>> = {
  opencell: "unseen: OpenCell's validation proteins",
  partition: "unseen: held-out homology partition",
  unseen: "unseen proteins, all",
  seen: "seen proteins",
};

/** The whole document. */
export function renderReport(
  metrics: Metrics,
  examples: readonly Example[],
  pictures?: SuitePictures | undefined,
): string {
  const { images, localization, suite, provenance } = metrics;
  const title = `Evaluation of ${provenance.model.name}`;
  const sections = [
    ...(suite === null
      ? []
      : suiteSections(suite, pictures).map(([name, content]) => section(name, content))),
    ...(images === null ? [] : imageSections(images, examples)),
    ...(localization === null
      ? []
      : [section("What is predicted from sequences alone", localizationSection(localization))]),
    section("How this was measured", provenanceSection(metrics)),
  ];
  return htmlDocument(
    title,
    `<p>Generated images are synthetic: hypotheses, not observations. Brackets hold 95 % intervals.</p>
${sections.join("\n")}`,
  );
}

function imageSections(images: ImageMetrics, examples: readonly Example[]): string[] {
  return [
    section("How often the compartment is right", accuracySection(images)),
    section("Class by class", classSection(images)),
    section("Generated image, nearest training crop, real crop", exampleSection(examples)),
    section("Memorisation of training crops", memorisationSection(images)),
    section("Distance to real images", distanceSection(images)),
    section("Nuclear proportion, and overlap around the same nucleus", proportionSection(images)),
    section("Reconstruction by the autoencoder", autoencoderSection(images)),
    section("What changes the image", effectSection(images)),
    section("Does agreement of samples predict correctness?", reliabilitySection(images)),
  ];
}

function accuracySection({ compartments }: ImageMetrics): string {
  return Object.entries(compartments)
    .map(([name, scores]) => {
      const { proteins, drawnLess } = scores;
      const rows = scoreRows(scores);
      return [
        `<h3>${escapeHtml(setTitles[name] ?? name)} (${proteins} proteins)</h3>`,
        barChart(
          `Accuracy, ${setTitles[name] ?? name}`,
          rows.map(({ title, accuracy }) => ({ name: title, estimate: accuracy })),
        ),
        table(
          ["", "accuracy", "macro recall"],
          rows.map(({ title, units, accuracy, macroRecall }) => [
            title,
            share(accuracy, units),
            share(macroRecall, units),
          ]),
        ),
        `<p>Classes: ${escapeHtml(countsOf(scores.classes))}.</p>`,
        marginText("accuracy", drawnLess.accuracy),
        marginText("macro recall", drawnLess.macroRecall),
      ].join("\n");
    })
    .join("\n");
}

function countsOf(classes: SetScores["classes"]): string {
  return Object.entries(classes)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}

function marginText(measure: string, { languageModel, strongestFloor: floor }: Margins): string {
  const name = floor === null ? "" : ` (${scoreTitles[floor.floor as ScoreName]})`;
  return (
    `<p>${measure}: generated images minus prediction from the sequence ${points(languageModel)}; ` +
    `generated images minus the strongest floor${name} ${points(floor)}.</p>`
  );
}

/** The scores of a set that were measured, in the order in which they are shown. */
export function scoreRows({ scores }: SetScores) {
  return (Object.keys(scoreTitles) as ScoreName[]).flatMap((name) => {
    const score = scores[name];
    const units = (ceilings as readonly string[]).includes(name) ? "fields" : undefined;
    return score === undefined ? [] : [{ title: scoreTitles[name], units, ...score }];
  });
}

function points(estimate: Estimate | null): string {
  if (estimate === null) return "–";
  const [low, high] = estimate.interval95.map(percent);
  return `${percent(estimate.value)} points (${low} to ${high})`;
}

export const classHeads = [
  ...["label", "chance", "recall, unseen", "twice chance", "predicted from the sequence"],
  ...["recall, seen", "recall, real crops", "recall, confident subset"],
];

/** Cells under `classHeads`, as plain text. */
export function classRows(classes: ImageMetrics["classes"]): string[][] {
  return classes.map((one) => [
    one.name,
    `${percent(one.chance)} %`,
    share(one.unseen),
    one.isAboveTwiceChance === null ? "–" : one.isAboveTwiceChance ? "yes" : "no",
    share(one.languageModel),
    share(one.seen),
    one.real === null ? "–" : `${share(one.real, "fields")}, ${one.real.crops} crops`,
    share(one.confident),
  ]);
}

function classSection({ classes, confusion }: ImageMetrics): string {
  const rows = classRows(classes).map(([name, ...cells]) => [escapeHtml(name!), ...cells]);
  return [
    table(classHeads, rows),
    "<h3>Generated images of unseen proteins</h3>",
    confusionPicture("Generated images of unseen proteins", confusion.drawn),
    confusionTable(confusion.drawn),
    "<h3>Real crops that nothing was trained on</h3>",
    confusionPicture("Real crops that nothing was trained on", confusion.real),
    confusionTable(confusion.real),
  ].join("\n");
}

function exampleSection(examples: readonly Example[]): string {
  const cells = examples.flatMap(({ label, drawn, nearest, real }) => [
    figure({ ...drawn, caption: `${drawn.caption} (label: ${label})` }),
    figure(nearest),
    real === undefined ? "<p>no real crop</p>" : figure(real),
  ]);
  const text =
    "Nucleus blue, protein green. The first unseen proteins in the order of the evaluation; none was chosen.";
  return `${note(text)}<div class="examples">\n${cells.join("\n")}\n</div>`;
}

function memorisationSection({ memorisation }: ImageMetrics): string {
  const { threshold, quantile, trainingCrops, realCrops, sets } = memorisation;
  const rows = Object.entries(sets).map(([name, { n, above, share: estimate, median }]) => [
    setTitles[name]!,
    `${above} of ${n}`,
    share(estimate),
    median === null ? "–" : median.toFixed(3),
  ]);
  const text =
    `An image is near where its correlation with a training crop (of ${trainingCrops}) exceeds ` +
    `${threshold === null ? "–" : threshold.toFixed(3)}, above which lie ${percent(1 - quantile)} % of ${realCrops} ` +
    "real crops that nothing was trained on.";
  return `${note(text)}${table(["", "near a training crop", "share", "median correlation"], rows)}`;
}

function distanceSection({ distances }: ImageMetrics): string {
  const { features } = distances;
  const row = (name: string, { n, drawnToReal, realToReal }: Distances) => [
    name,
    String(n),
    number(drawnToReal),
    number(realToReal),
  ];
  const text = `Features: ${features.network}; ${features.dimensions} dimensions, resize: ${features.resize}.`;
  const rows = [row("Fréchet", distances.frechet), row("kernel (KID)", distances.kernel)];
  return `${note(text)}${table(["distance", "n", "generated to real", "real to real (floor)"], rows)}`;
}

function proportionSection({ nuclearProportion, overlap }: ImageMetrics): string {
  const { sameNucleus, classes } = nuclearProportion;
  const pairs = Object.entries(sameNucleus).map(([name, scores]) => [
    setTitles[name]!,
    String(scores.images),
    number(scores.correlation),
    number(scores.meanError),
    share(scores.meanRelativeError),
  ]);
  const means = classes.map(({ name, drawn, real }) => [escapeHtml(name), number(drawn), number(real)]);
  return [
    note("Generated around the nuclei of real crops of the same protein; n counts proteins."),
    table(["", "images", "Pearson", "mean absolute error", "relative"], pairs),
    note("Overlap of the brighter halves, intersection over union; the floor is another protein's image."),
    table(
      ["", "generated", "another protein", "above the floor"],
      Object.entries(overlap).map(([name, { drawn, otherProtein, aboveFloor }]) => [
        setTitles[name]!,
        number(drawn),
        number(otherProtein),
        number(aboveFloor),
      ]),
    ),
    note("Mean of each class, around different nuclei; n counts proteins, or crops where they are real."),
    table(["label", "generated", "real"], means),
  ].join("\n");
}

function autoencoderSection({ autoencoder, linearFilter }: ImageMetrics): string {
  const both = channels.flatMap((name) => [
    [name, autoencoder[name]] as const,
    [`${name}, linear filter`, linearFilter[name]] as const,
  ]);
  const rows = both.map(([name, { signalToNoise, structuralSimilarity, multiScaleSimilarity, overlap }]) => [
    name,
    ...[signalToNoise, structuralSimilarity, multiScaleSimilarity, overlap].map(number),
  ]);
  const power = both.map(([name, scores]) => [name, ...scores.power.map(number)]);
  return [
    note(
      `${autoencoder.crops} real crops that nothing was trained on, from the mean of their latents; n counts fields. ` +
        "The linear filter keeps as many numbers as the latents hold, the lowest DCT coefficients of each channel.",
    ),
    table(["channel", "PSNR, dB", "SSIM", "MS-SSIM", "overlap"], rows),
    note(
      "Power of the decoded image over that of the crop, by frequency in cycles per pixel: " +
        "less than 1 at high frequencies is blur, more than 1 is a checkerboard.",
    ),
    table(["channel", "0 to 0.1", "0.1 to 0.2", "0.2 to 0.3", "0.3 to 0.4", "0.4 to 0.5"], power),
  ].join("\n");
}

function effectSection({ effects }: ImageMetrics): string {
  const titles = { ...scoreTitles, otherNucleus: "another nucleus" };
  const rows = Object.entries(effects).map(([name, { sameAnswer, change }]) => [
    titles[name as ScoreName],
    share(sameAnswer),
    number(change),
  ]);
  const text =
    "The same noise, one thing changed. Change: total variation of the classifier's probabilities, 0 to 1.";
  return `${note(text)}${table(["changed", "same compartment recognised", "change"], rows)}`;
}

function reliabilitySection({ reliability }: ImageMetrics): string {
  if (reliability === null) return note("Not measured: agreement needs several samples of each protein.");
  const rows = reliability.map(({ from, to, agreement, accuracy }) => [
    `${from.toFixed(2)} to ${to.toFixed(2)}`,
    agreement.toFixed(2),
    share(accuracy),
  ]);
  const text = "Unseen proteins by the agreement of their samples. Agreement is not correctness.";
  return `${note(text)}${table(["agreement", "mean", "accuracy"], rows)}`;
}

function provenanceSection({ provenance, images, localization, suite }: Metrics): string {
  const notes = [...(suite?.notes ?? []), ...(images?.notes ?? []), ...(localization?.notes ?? [])];
  const list = notes.map((text) => `<li>${escapeHtml(text)}</li>`).join("\n");
  return `<ul>\n${list}\n</ul>\n<pre><code>${escapeHtml(JSON.stringify(provenance, null, 2))}</code></pre>`;
}
