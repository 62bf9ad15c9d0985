// The lines that `generate` prints per cell,
// and a last one with the number of files.

import { explainCell } from "@proteoscope/microscope";
import type { WrittenCell } from "./write-cells.ts";

/** The lines of all cells and a last one with the number of files. */
export function describeCells(cells: readonly WrittenCell[], output: string): string[] {
  const count = cells.reduce((sum, { files }) => sum + files.length, 0);
  const last = `${count} files in ${output} (synthetic images: hypotheses, not observations)`;
  return [...cells.flatMap(describeCell), last];
}

function describeCell({ name, provenance }: WrittenCell): string[] {
  return [
    provenance.protein.id === name ? name : `${provenance.protein.id} (files: ${name}_...)`,
    ...explainCell(provenance).map(([label, text]) => `  ${label.padEnd(17)} ${text}`),
  ];
}
