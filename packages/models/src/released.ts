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
  /** The repository of a hub, or the address of a public bucket, in words. */
  readonly source: string;
  /** Where the files are. */
  readonly place: ReleasePlace;
  /** Path of the file that commands take; absent where they take the folder. */
  readonly file?: string;
  /** Page on which the licence stands. */
  readonly card: string;
  /** What is known about which proteins were trained on. */
  readonly trainingProteins: string;
}

/** A repository of the Hugging Face Hub, with its only wanted files where not all are, or a folder of a public bucket. */
export type ReleasePlace =
  | { readonly kind: "hub"; readonly repository: string; readonly files?: readonly string[] }
  | { readonly kind: "bucket"; readonly address: string; readonly files: readonly string[] };

const readCard = "not stated beside the code: read the model card";
const atlas = "Human Protein Atlas";

const cards = "https://virtualcellmodels.cziscience.com/model";
const unknownSplit =
  "not known per protein: every protein with pictures in the Human Protein Atlas may be among them";
const classifierSeeds = Array.from({ length: 10 }, (_, seed) => seed);

const subcell = (stains: string, kind: "ViT" | "MAE"): ReleasedWeights => ({
  name: `subcell-${stains}${kind === "ViT" ? "" : "-mae"}`,
  architecture: "subcell",
  bytes: 348_900_000 + 10 * 3_700_000,
  parameters: 87_300_000,
  codeLicence: "MIT",
  weightsLicence: readCard,
  trainedOn: atlas,
  source: `s3://czi-subcell-public/models/ (${subcellFile(stains, kind)})`,
  place: {
    kind: "bucket",
    address: "https://czi-subcell-public.s3.amazonaws.com/models/",
    files: [
      subcellFile(stains, kind),
      ...classifierSeeds.map(
        (seed) => `${stains}_${kind}_MLP_classifier/${stains}_${kind}_MLP_classifier_seed_${seed}.pth`,
      ),
    ],
  },
  file: subcellFile(stains, kind),
  card: `${cards}/subcell`,
  trainingProteins: unknownSplit,
});

function subcellFile(stains: string, kind: "ViT" | "MAE"): string {
  return `${stains}_${kind === "ViT" ? "ViT" : "MAE-CellS"}-ProtS-Pool.pth`;
}

const esmc = (size: "300M" | "600M", parameters: number): ReleasedWeights => ({
  name: `esmc-${size.toLowerCase()}`,
  architecture: "esmc",
  bytes: 4 * parameters,
  parameters,
  codeLicence: "MIT",
  weightsLicence: "MIT since May 2026; other terms in copies of December 2024",
  trainedOn: "protein sequences",
  source: `https://huggingface.co/biohub/ESMC-${size}`,
  place: { kind: "hub", repository: `biohub/ESMC-${size}` },
  card: `https://huggingface.co/biohub/ESMC-${size}`,
  trainingProteins: "not stated: take every natural sequence as seen",
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
  place: {
    kind: "bucket",
    address: "https://czi-celldiff-public.s3.amazonaws.com/v2/checkpoints/",
    files: ["cell_diff", "vae"].map((folder) => `${folder}/${cellDiffFiles[kind]}`),
  },
  file: `cell_diff/${cellDiffFiles[kind]}`,
  card: `${cards}/cell-diff`,
  trainingProteins:
    "not known per protein: these weights are said to have been evaluated on a test split, which is not stated",
});

const cellDiffFiles = { hpa: "hpa_pretrained.bin", opencell: "opencell_finetuned.bin" } as const;

const vermeer = (size: "B" | "L" | "XL", parameters: number): ReleasedWeights => ({
  name: `vermeer-${size.toLowerCase()}`,
  architecture: "vermeer",
  bytes: 4 * parameters,
  parameters,
  codeLicence: "MIT",
  weightsLicence: readCard,
  trainedOn: atlas,
  source: `https://huggingface.co/microsoft/vermeer-${size}`,
  place: { kind: "hub", repository: `microsoft/vermeer-${size}`, files: [`vermeer_${size}.ckpt`] },
  file: `vermeer_${size}.ckpt`,
  card: `https://huggingface.co/microsoft/vermeer-${size}`,
  trainingProteins:
    "one in ten proteins of the Human Protein Atlas and the cell lines GAMG, SK-MEL-30 and Hep-G2 were held out; which proteins is not stated",
});

/** All released weights of other groups that this package has a network for, beside ESM2. */
export const releasedWeights: readonly ReleasedWeights[] = [
  ...(["ViT", "MAE"] as const).flatMap((kind) =>
    ["all_channels", "MT-DNA-Protein", "ER-DNA-Protein", "DNA-Protein"].map((stains) =>
      subcell(stains, kind),
    ),
  ),
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
    place: { kind: "hub", repository: "FoundationVision/LlamaGen", files: ["vq_ds16_c2i.pt"] },
    file: "vq_ds16_c2i.pt",
    card: "https://huggingface.co/FoundationVision/LlamaGen",
    trainingProteins: "none",
  },
];

/** What a name means that stands for several. */
const shortNames: Readonly<Record<string, string>> = {
  "cell-diff": "cell-diff-hpa",
  // The stains that every picture of a protein around a nucleus has.
  subcell: "subcell-DNA-Protein",
};

/** The released weights of a name, in any letter case; undefined where there are none. */
export function findReleasedWeights(name: string): ReleasedWeights | undefined {
  const wanted = (shortNames[name.toLowerCase()] ?? name).toLowerCase();
  return releasedWeights.find((weights) => weights.name.toLowerCase() === wanted);
}
