// What other groups have released that runs here: sizes, licences, what it was trained on, and where it is. Facts of their
// pages and repositories, not of this program; docs/released-weights.md says what each is for.

import type { Architecture } from "./registry.ts";

/** Weights that their makers have released. */
export interface ReleasedWeights {
  readonly name: string;
  readonly architecture: Architecture;
  /** Size of the files that are needed, in bytes. */
  readonly bytes: number;
  readonly parameters: number;
  readonly codeLicence: string;
  /** What is said of the weights' own licence; read the model card before you fetch them. */
  readonly weightsLicence: string;
  readonly trainedOn: string;
  /** The repository of a hub, or the address of a public bucket. */
  readonly source: string;
}

const readCard = "not stated beside the code: read the model card";
const atlas = "Human Protein Atlas";

const subcell = (stains: string): ReleasedWeights => ({
  name: `subcell-${stains}`,
  architecture: "subcell",
  bytes: 348_900_000 + 10 * 3_700_000,
  parameters: 87_300_000,
  codeLicence: "MIT",
  weightsLicence: readCard,
  trainedOn: atlas,
  source: `s3://czi-subcell-public/models/ (${stains})`,
});

const esmc = (size: "300M" | "600M", parameters: number): ReleasedWeights => ({
  name: `esmc-${size.toLowerCase()}`,
  architecture: "esmc",
  bytes: 4 * parameters,
  parameters,
  codeLicence: "MIT",
  weightsLicence: "MIT since May 2026; other terms in copies of December 2024",
  trainedOn: "protein sequences",
  source: `https://huggingface.co/biohub/ESMC-${size}`,
});

const cellDiff = (kind: "hpa" | "opencell", trainedOn: string, bytes: number): ReleasedWeights => ({
  name: `cell-diff-${kind}`,
  architecture: "cell-diff",
  bytes: bytes + 171_697_044,
  parameters: 1_672_000_000,
  codeLicence: "MIT",
  weightsLicence: readCard,
  trainedOn,
  source: "s3://czi-celldiff-public/v2/checkpoints/",
});

const vermeer = (size: "B" | "L" | "XL", parameters: number): ReleasedWeights => ({
  name: `vermeer-${size.toLowerCase()}`,
  architecture: "vermeer",
  bytes: 4 * parameters,
  parameters,
  codeLicence: "MIT",
  weightsLicence: readCard,
  trainedOn: atlas,
  source: `https://huggingface.co/microsoft/vermeer-${size}`,
});

/** All released weights of other groups that this package has a network for, beside ESM2. */
export const releasedWeights: readonly ReleasedWeights[] = [
  ...["all_channels", "MT-DNA-Protein", "ER-DNA-Protein", "DNA-Protein"].map(subcell),
  esmc("300M", 332_997_184),
  esmc("600M", 575_036_992),
  cellDiff("hpa", atlas, 6_688_104_168),
  cellDiff("opencell", `${atlas}, OpenCell`, 6_688_012_008),
  vermeer("B", 111_608_064),
  vermeer("L", 344_132_608),
  vermeer("XL", 776_554_240),
  {
    name: "vermeer-vq",
    architecture: "vermeer-vq",
    bytes: 4 * 71_948_939,
    parameters: 71_948_939,
    codeLicence: "MIT",
    weightsLicence: readCard,
    trainedOn: "natural pictures",
    source: "https://huggingface.co/FoundationVision/LlamaGen (vq_ds16_c2i.pt)",
  },
];
