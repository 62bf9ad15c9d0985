// The lines that `generate` prints per cell: each quantity by its standard name, and where the target compartment is not
// the most probable one, why.

import type { CompartmentProbabilities, FieldProvenance } from "@proteoscope/microscope";
import type { WrittenCell } from "./write-cells.ts";

/** The lines of all cells and a last one with the number of files. */
export function describeCells(cells: readonly WrittenCell[], output: string): string[] {
  const count = cells.reduce((sum, { files }) => sum + files.length, 0);
  const last = `${count} files in ${output} (synthetic images: hypotheses, not observations)`;
  return [...cells.flatMap(describeCell), last];
}

function describeCell({ name, provenance }: WrittenCell): string[] {
  const { compartments, homologs, agreement, protein } = provenance;
  const { predicted, target, note, classified } = compartments;
  const shown = protein.omitted && `${protein.shown} of ${protein.residues} residues: the model's window`;
  const known = homologs.nearest !== null && homologs.nearest > 0.99 ? ": its own annotation" : "";
  const lines: readonly (readonly [label: string, text: string | null])[] = [
    ["sequence read", shown],
    ["predicted", `${mostProbable(predicted, 3)} (multi-label: each by itself)`],
    [
      "nearest homolog",
      homologs.nearest === null ? null : `k-mer similarity ${homologs.nearest.toFixed(2)}${known}`,
    ],
    ["conditioned on", target && [mostProbable(target, 2), ...(note === null ? [] : [note])].join("; ")],
    ["field", "field" in provenance ? describeField(provenance.field) : null],
    ["image classifier", `${mostProbable(classified, 2)} (on the images)`],
    [
      "sample agreement",
      agreement.value === null ? null : `${agreement.value.toFixed(2)} (0 to 1; agreement, not correctness)`,
    ],
  ];
  return [
    protein.id === name ? name : `${protein.id} (files: ${name}_...)`,
    ...lines.flatMap(([label, text]) => (text === null ? [] : [`  ${label.padEnd(17)} ${text}`])),
  ];
}

function describeField({ drawn, nuclei, cutByFrame }: FieldProvenance["field"]): string {
  const cut = cutByFrame === 0 ? "" : `, ${cutByFrame} of them cut by the frame`;
  return `${drawn === nuclei ? "" : `${drawn} drawn of `}${nuclei} cells${cut}; the figures below are means over the cells`;
}

function mostProbable(probabilities: CompartmentProbabilities, most: number): string {
  return Object.entries(probabilities)
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .filter(([, p], index) => index === 0 || p >= 0.005)
    .map(([name, p]) => `${name} ${p.toFixed(2)}`)
    .join(", ");
}
