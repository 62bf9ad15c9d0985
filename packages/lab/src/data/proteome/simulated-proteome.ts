// A simulated proteome as a data set: which crop shows which protein, rows of the tables, and what is true of both. A pure
// function of the pictures of nuclei, the seed and the number of the crop or the protein.

import { writeCsv } from "@proteoscope/formats";
import { simulatedProteomeSource } from "../atlas/tables.ts";
import { createDraws } from "../simulate/draws.ts";
import type { NucleusPicture } from "../simulate/nucleus-pictures.ts";
import { turnPicture } from "./nuclei.ts";
import { type SimulatedProtein, simulateProtein } from "./proteins.ts";
import { type RenderedCrop, renderProtein } from "./render-protein.ts";
import { type Phenotype, ruledCompartments } from "./rule.ts";

/** What is simulated. */
export interface ProteomeOptions {
  /** Proteins with images. */
  readonly proteins: number;
  /** Images per protein. */
  readonly crops: number;
  /** Further proteins that have a sequence and labels, and no images. */
  readonly sequences: number;
  readonly seed: number;
}

/** A simulated proteome, before any of it is written. */
export interface SimulatedProteome extends ProteomeOptions {
  readonly side: number;
  /** Proteins with images, then those without. */
  readonly all: readonly SimulatedProtein[];
  readonly cropCount: number;
  /** The crop of a number, and the row of `crops_truth.csv`. */
  crop(index: number): RenderedCrop & { readonly truth: string };
}

const mostPictures = 40;
const symmetries = 8;

/** Simulates the proteins; crops are rendered when they are asked for. @throws RangeError where nuclei have no room */
export function simulateProteome(
  pictures: readonly NucleusPicture[],
  options: ProteomeOptions,
): SimulatedProteome {
  const { proteins, crops, sequences, seed } = options;
  const all = Array.from({ length: proteins + sequences }, (_, index) => simulateProtein(seed, index));
  return {
    ...options,
    all,
    side: pictures[0]!.side,
    cropCount: proteins * crops,
    crop(index) {
      const { id, phenotype } = all[Math.floor(index / crops)]!;
      const draws = createDraws(seed, "nuclei", index);
      for (let tried = 0; tried < mostPictures; tried++) {
        const picture = draws.whole(0, pictures.length - 1);
        const symmetry = draws.whole(0, symmetries - 1);
        const turned = turnPicture(pictures[picture]!, symmetry);
        const rendered = renderProtein(turned, phenotype, seed, "protein crop", index, tried);
        if (rendered === undefined) continue;
        const light = ruledCompartments.map((name) => (rendered.light[name] ?? 0).toFixed(4));
        return { ...rendered, truth: [index, id, picture, symmetry, ...light].join(",") };
      }
      throw new RangeError(`no nuclei of ${mostPictures} have room for ${id}`);
    },
  };
}

/** The header of `crops_truth.csv`. */
export const cropTruthHeader = [
  ...["index", "id", "nucleus", "symmetry"],
  ...ruledCompartments.map((name) => `light_${name}`),
].join(",");

const fieldsOfProtein = 5; // of which the last but one validates and the last tests

/** crops.csv: the crops of a protein in fields of view, one of which is for validation and one for tests. */
export function proteomeCropTable({ all, crops, cropCount }: SimulatedProteome): string {
  const rows = Array.from({ length: cropCount }, (_, index) => {
    const { id, phenotype } = all[Math.floor(index / crops)]!;
    const field = Math.floor(((index % crops) * fieldsOfProtein) / crops);
    const split = field === fieldsOfProtein - 1 ? "test" : field === fieldsOfProtein - 2 ? "val" : "train";
    return {
      ...{ index, source: simulatedProteomeSource, gene: geneOf(id), uniprot: id },
      ...{ compartments: mixtureCell(phenotype), primary: primaryOf(phenotype) },
      ...{ cell_line: "", FOV_id: `${id}-${field}`, nucleus_kind: "real", synthetic_mix: 0, licence: "MIT" },
      ...{ split_image: split, quality: "1.0", label_consistency: "1.0", exclude: 0 },
    };
  });
  return writeCsv(rows, Object.keys(rows[0]!));
}

/** proteins.csv: labels are graded from 1 to 3 as OpenCell's are. */
export function proteomeProteinTable({ all }: SimulatedProteome): string {
  const rows = all.map(({ id, sequence, phenotype, partition, family }) => ({
    ...{ id, source: simulatedProteomeSource, gene: geneOf(id), ensg: "", uniprot: id, sequence },
    ...{ compartments: gradedCell(phenotype), homology_partition: partition, cluster: `family${family}` },
    ...{ split_protein: "", leak_of: "" },
  }));
  return writeCsv(rows, Object.keys(rows[0]!));
}

/** proteins_truth.csv: what the rule makes of each protein. */
export function proteinTruthTable({ all, proteins }: SimulatedProteome): string {
  const rows = all.map(({ id, family, partition, sequence, phenotype }, index) => ({
    ...{ id, family, partition, residues: sequence.length, has_images: index < proteins ? 1 : 0 },
    ...{ primary: primaryOf(phenotype), granularity: phenotype.granularity.toFixed(3) },
    abundance: phenotype.abundance.toFixed(3),
    ...Object.fromEntries(ruledCompartments.map((name) => [name, phenotype.mixture[name].toFixed(4)])),
  }));
  return writeCsv(rows, Object.keys(rows[0]!));
}

/** signals_truth.csv: where each signal is, in residues counted from 1, both ends included. */
export function signalTruthTable({ all }: SimulatedProteome): string {
  const rows = all.flatMap(({ id, signals, sequence }) =>
    signals.map(({ name, begin, end, strength }) => ({
      ...{ id, signal: name, begin: begin + 1, end, strength, residues: sequence.slice(begin, end) },
    })),
  );
  return writeCsv(rows, ["id", "signal", "begin", "end", "strength", "residues"]);
}

const geneOf = (id: string): string => id.replace("SIM", "GENE");

function byShare({ mixture }: Phenotype) {
  return ruledCompartments
    .map((name) => ({ name, share: mixture[name] }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}

const primaryOf = (phenotype: Phenotype): string => byShare(phenotype)[0]!.name;

const mixtureCell = (phenotype: Phenotype): string =>
  byShare(phenotype)
    .map(({ name, share }) => `${name}:${share.toFixed(3)}`)
    .join(";");

// Shares from which a grade is given, the largest compartment in any case the highest.
const gradeOf = (share: number): number => (share >= 0.4 ? 3 : share >= 0.2 ? 2 : 1);

const gradedCell = (phenotype: Phenotype): string =>
  byShare(phenotype)
    .map(({ name, share }, place) => `${name}:${place === 0 ? 3 : gradeOf(share)}`)
    .join(";");
