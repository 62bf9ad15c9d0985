// The section on images around one nucleus: pictures of real beside generated, pixel by pixel figures with floor and ceiling, nuclear
// proportions.

import { pixelMeasures } from "../../suite/pair-figures.ts";
import type { SuiteResults } from "../../suite/results.ts";
import { note } from "../document.ts";
import { escapeHtml, figure, table } from "../html.ts";
import type { SuitePictures } from "../suite-pictures.ts";
import { cellOf, subjectsOf, wide } from "./cells.ts";

const pixelTitles = {
  ssim: "SSIM",
  ms_ssim: "MS-SSIM",
  psnr: "PSNR, dB",
  pearson: "Pearson",
  iou: "IoU",
  spearman: "Spearman",
  nrmse: "normalised error",
  mutual_information: "mutual information, nats",
} as const;

/** The section's content; empty where there are no pairs. */
export function pairsSection({ figures }: SuiteResults, pictures: SuitePictures | undefined): string {
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
