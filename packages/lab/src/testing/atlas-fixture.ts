// A small atlas on disk for tests: the files of a real one, with made-up cells and sequences. Cells are a bright
// nucleus in a dim cell; the protein is inside the nucleus or around it, according to the label.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGenerator } from "@proteoscope/engine";
import { writeCsv, writeNpy, writeNpz } from "@proteoscope/formats";
import type { Crop, Protein } from "../data/atlas/tables.ts";

type Cells = Record<string, string | number>;

export const fixtureSide = 16;

/** A crop with default values, but for `changes`. */
export function crop(changes: Partial<Crop> = {}): Crop {
  return {
    index: 0,
    source: "gallery",
    gene: undefined,
    uniprot: undefined,
    labels: [{ name: changes.primary ?? "nucleoplasm", weight: 1 }],
    primary: "nucleoplasm",
    cellLine: undefined,
    fieldOfView: "field",
    isBlend: false,
    split: "train",
    quality: 1,
    labelConsistency: 1,
    hasDnaStain: true,
    licence: "CC0",
    ...changes,
  };
}

/** A protein with default values, but for `changes`. */
export function protein(changes: Partial<Protein> = {}): Protein {
  return {
    id: "P",
    source: "opencell",
    gene: undefined,
    ensg: undefined,
    uniprot: undefined,
    sequence: `M${changes.id ?? "P"}`.replace(/[^A-Z]/g, "A"),
    labels: [{ name: "nucleoplasm", weight: 3 }],
    isHuman: true,
    partition: undefined,
    cluster: undefined,
    split: undefined,
    leakOf: [],
    sameAs: undefined,
    ...changes,
  };
}

const residues = "ACDEFGHIKLMNPQRSTVWY";

/** A random sequence; residues of `rich` are four times as frequent. */
export function randomSequence(seed: number, length: number, rich = ""): string {
  const letters = residues + rich.repeat(4);
  const draws = createGenerator(seed, "sequence").integers(length, letters.length);
  return Array.from(draws, (index) => letters[index]).join("");
}

export const cropRow: Cells = {
  index: 0,
  source: "gallery",
  gene: "",
  uniprot: "",
  compartments: "nucleoplasm:1.00",
  primary: "nucleoplasm",
  cell_line: "",
  FOV_id: "field0",
  nucleus_kind: "real",
  synthetic_mix: 0,
  licence: "CC0",
  split_image: "train",
  quality: "0.9",
  label_consistency: "1.0",
  exclude: 0,
};

export const proteinRow: Cells = {
  id: "OC_P0",
  source: "opencell",
  gene: "GENE0",
  ensg: "ENSG0",
  uniprot: "P0",
  sequence: "MKTAYIAKQR",
  compartments: "nucleoplasm:3",
  homology_partition: "",
  cluster: 0,
  split_protein: "train",
  leak_of: "",
};

export const localisationRow: Cells = {
  accession: "Q0",
  source: "deeploc2-swissprot",
  gene: "",
  ensg: "",
  sequence: "MKLLAAWWRR",
  compartments: "nucleoplasm",
  partition: "0.0",
  human: "True",
  same_opencell_id: "",
  leak_of: "",
};

export interface AtlasRows {
  readonly crops?: readonly Cells[];
  readonly proteins?: readonly Cells[];
  readonly localisation?: readonly Cells[];
}

/** Writes an atlas folder; without rows, one that every trainer can learn from. Remove it when done. */
export async function writeAtlas(rows: AtlasRows = {}): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "atlas-"));
  const { crops = usualCrops(), proteins = usualProteins(), localisation = usualLocalisation() } = rows;
  await writeFile(join(path, "crops.csv"), writeCsv(crops, Object.keys(cropRow)));
  await writeFile(join(path, "proteins.csv"), writeCsv(proteins, Object.keys(proteinRow)));
  await writeFile(join(path, "localisation.csv"), writeCsv(localisation, Object.keys(localisationRow)));
  await writeFile(join(path, "crops_u8.npy"), writeNpy(cells(crops.map(({ primary }) => String(primary)))));
  const field = { dtype: "uint16", shape: [2, 3], data: Uint16Array.of(0, 1, 2, 3, 4, 5) } as const;
  const scale = { dtype: "float64", shape: [], data: Float64Array.of(0.2063) } as const;
  await writeFile(
    join(path, "nuclei_fovs.npz"),
    writeNpz([
      ["img__good", field],
      ["lab__good", field],
      ["um_per_px", scale],
    ]),
  );
  return { path, remove: () => rm(path, { recursive: true }) };
}

function usualCrops(): Cells[] {
  return Array.from({ length: 24 }, (_, index) => {
    const primary = index % 2 === 0 ? "nucleoplasm" : "cytoplasm";
    const changes = {
      index,
      primary,
      compartments: `${primary}:1`,
      FOV_id: `field${index}`,
      split_image: index < 16 ? "train" : "val",
    };
    return { ...cropRow, ...changes };
  });
}

// Nuclear proteins are rich in K and R, cytoplasmic ones in D and E.
function usualProteins(): Cells[] {
  return Array.from({ length: 12 }, (_, index) => ({
    ...proteinRow,
    ...{
      id: `OC_P${index}`,
      gene: `GENE${index}`,
      ensg: `ENSG${index}`,
      uniprot: `P${index}`,
      cluster: index,
    },
    compartments: index % 2 === 0 ? "nucleoplasm:3" : "cytoplasm:3",
    sequence: randomSequence(index, 20 + index, index % 2 === 0 ? "KR" : "DE"),
  }));
}

function usualLocalisation(): Cells[] {
  return Array.from({ length: 60 }, (_, index) => ({
    ...localisationRow,
    accession: `Q${index}`,
    compartments: index % 2 === 0 ? "nucleoplasm" : "cytoplasm",
    partition: `${index % 5}.0`,
    sequence: randomSequence(1000 + index, 20 + (index % 20), index % 2 === 0 ? "KR" : "DE"),
  }));
}

/** [N, side, side, 3]: protein, nucleus, mask. */
function cells(primaries: readonly string[]) {
  const plane = fixtureSide ** 2;
  const data = new Uint8Array(primaries.length * plane * 3);
  for (const [index, primary] of primaries.entries()) {
    const noise = createGenerator(index, "cell").uniform(plane);
    for (let pixel = 0; pixel < plane; pixel++) {
      const dx = (pixel % fixtureSide) - 7.5;
      const dy = Math.floor(pixel / fixtureSide) - 7.5;
      const isNucleus = Math.hypot(dx, dy) < 4;
      const isBright = isNucleus === (primary === "nucleoplasm");
      const at = (index * plane + pixel) * 3;
      data[at] = (isBright ? 180 : 20) + 40 * noise[pixel]!;
      data[at + 1] = isNucleus ? 200 : 10;
      data[at + 2] = isNucleus ? 255 : 0;
    }
  }
  const shape = [primaries.length, fixtureSide, fixtureSide, 3];
  return { dtype: "uint8", shape, data } as const;
}
