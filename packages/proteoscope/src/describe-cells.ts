// The lines that `generate` prints per cell: each quantity by its standard name, and where the target compartment is not
// the most probable one, why.

import type { CompartmentProbabilities } from "@proteoscope/microscope";
import type { WrittenCell } from "./write-cells.ts";

/** The lines of all cells and a last one with the number of files. */
export function describeCells(cells: readonly WrittenCell[], output: string): string {
  const count = cells.reduce((sum, { files }) => sum + files.length, 0);
  const last = `${count} files in ${output} (synthetic images: hypotheses, not observations)`;
  return `${[...cells.flatMap(describeCell), last].join("\n")}\n`;
}

function describeCell({ name, provenance }: WrittenCell): string[] {
  const { compartments, homologs, agreement, protein } = provenance;
  const { predicted, posterior, target, classified } = compartments;
  const shown = protein.omitted && `${protein.shown} of ${protein.residues} residues: the model's window`;
  const known = homologs.nearest !== null && homologs.nearest > 0.99 ? ": its own annotation" : "";
  const lines: readonly (readonly [label: string, text: string | null])[] = [
    ["sequence read", shown],
    ["predicted", `${mostProbable(predicted, 3)} (multi-label: each by itself)`],
    [
      "nearest homolog",
      homologs.nearest === null ? null : `k-mer similarity ${homologs.nearest.toFixed(2)}${known}`,
    ],
    ["conditioned on", target && describeTarget(target, predicted, posterior)],
    ["image classifier", `${mostProbable(classified, 2)} (on the images)`],
    [
      "sample agreement",
      agreement.value === null ? null : `${agreement.value.toFixed(2)} (0 to 1; agreement, not correctness)`,
    ],
  ];
  return [
    name,
    ...lines.flatMap(([label, text]) => (text === null ? [] : [`  ${label.padEnd(17)} ${text}`])),
  ];
}

/** The target compartments; and why, where the first is not the one predicted with the largest probability. */
function describeTarget(
  target: CompartmentProbabilities,
  predicted: CompartmentProbabilities,
  posterior: CompartmentProbabilities,
): string {
  const [first] = sorted(target)[0]!;
  const [likeliest] = sorted(predicted)[0]!;
  const text = mostProbable(target, 2);
  if (first === likeliest) return text;
  const share = posterior[first];
  const figure = share === undefined ? "" : ` ${share.toFixed(2)}`;
  return `${text}, not ${likeliest}: with all compartments equally frequent, ${first} is the most probable${figure}`;
}

function mostProbable(probabilities: CompartmentProbabilities, most: number): string {
  return sorted(probabilities)
    .slice(0, most)
    .filter(([, p], index) => index === 0 || p >= 0.005)
    .map(([name, p]) => `${name} ${p.toFixed(2)}`)
    .join(", ");
}

function sorted(probabilities: CompartmentProbabilities): [string, number][] {
  return Object.entries(probabilities).sort(([, a], [, b]) => b - a);
}
