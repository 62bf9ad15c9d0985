// What an image is of, in words: what is known of the protein, what is predicted from its sequence, which compartments the
// images were conditioned on and why, each quantity by its standard name. A command prints the lines, a page shows them.

import type { FieldProvenance } from "./field/generate-field.ts";
import type { Provenance } from "./generate/provenance.ts";
import { describeKnown } from "./protein/known.ts";
import { type CompartmentProbabilities, formatProbability, mostProbable } from "./protein/probabilities.ts";

/** The lines of one cell or field: a label and a text each. */
export function explainCell(
  provenance: Provenance | FieldProvenance,
): (readonly [label: string, text: string])[] {
  const { compartments, known, protein } = provenance;
  const { predicted, classified } = compartments;
  const lines: readonly (readonly [label: string, text: string | null])[] = [
    ["sequence read", describeWindow(protein)],
    ["known", known && describeKnown(known)],
    ["near", describeNear(provenance)],
    ["predicted", `${list(predicted, 3)} (from the sequence${basisOf(provenance)}; each by itself)`],
    ["nearest homolog", describeHomolog(provenance)],
    ["conditioned on", describeTarget(provenance)],
    ["field", "field" in provenance ? describeField(provenance.field) : null],
    ["image classifier", `${list(classified, 2)} (on the images)`],
    ["sample agreement", describeAgreement(provenance)],
  ];
  return lines.flatMap(([label, text]) => (text === null ? [] : [[label, text] as const]));
}

function describeField({ drawn, nuclei, cutByFrame }: FieldProvenance["field"]): string {
  const cut = cutByFrame === 0 ? "" : `, ${cutByFrame} of them cut by the frame`;
  return `${drawn === nuclei ? "" : `${drawn} drawn of `}${nuclei} cells${cut}; the figures below are means over the cells`;
}

function describeWindow({ omitted, residues, shown }: Provenance["protein"]): string | null {
  if (omitted === null) return null;
  return `${shown} of ${residues} residues, the language model's window: without ${omitted.first} to ${omitted.last}`;
}

function describeNear({ near }: Provenance): string | null {
  if (near === null) return null;
  const { protein, sharedKmers } = near;
  const name = protein === null ? "an annotated protein" : (protein.gene ?? protein.accession);
  const label = protein === null ? "" : `; the wild type's label is ${describeKnown(protein)}`;
  return `a variant (mutant, isoform, fragment, fusion) of ${name} (${formatProbability(sharedKmers)} of the k-mers)${label}`;
}

function basisOf({ homologs, known, near }: Provenance): string {
  if (known !== null || near !== null) return " alone";
  return homologs.used && (homologs.nearest ?? 0) > 0 ? " and its homologs" : "";
}

function describeHomolog({ homologs: { used, nearest } }: Provenance): string | null {
  if (!used || nearest === null) return null;
  return `k-mer similarity ${nearest.toFixed(2)}${nearest > 0.99 ? ": its own annotation" : ""}`;
}

/** The compartments of a known protein's images; else the target with its probability, or why it is not the likeliest. */
function describeTarget({ compartments, settings }: Provenance): string | null {
  const { target, targetPerSample, posterior, note } = compartments;
  if (target === null) return null;
  const reason = note === null ? [] : [note];
  if (targetPerSample !== null) {
    const counts = [...new Set(targetPerSample)].map((name) => {
      const count = targetPerSample.filter((one) => one === name).length;
      return settings.samples === 1 ? name : `${name} in ${count} of ${settings.samples} images`;
    });
    return [counts.join(", "), ...reason].join("; ");
  }
  const first = mostProbable(target);
  const probability = `${formatProbability(posterior[first]!)} if all compartments were equally frequent`;
  return note === null ? `${first} (${probability})` : `${first}; ${note}`;
}

function describeAgreement({ agreement, compartments }: Provenance): string | null {
  if (agreement.value === null) return null;
  const isMixed = new Set(compartments.targetPerSample).size > 1;
  const meaning = isMixed ? "of images of several compartments" : "agreement, not correctness";
  return `${agreement.value.toFixed(2)} (0 to 1; ${meaning})`;
}

function list(probabilities: CompartmentProbabilities, most: number): string {
  return Object.entries(probabilities)
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .filter(([, p], index) => index === 0 || p >= 0.005)
    .map(([name, p]) => `${name} ${formatProbability(p)}`)
    .join(", ");
}
