// A simulated proteome as a data set: which crop shows which protein, rows of the tables, and what is true of both. A pure
// function of the pictures of nuclei, the seed and the number of the crop or the protein.

import { writeCsv } from "@proteoscope/formats";
import { simulatedProteomeSource } from "../atlas/tables.ts";
import type { Cells } from "../import/set-writer.ts";
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
  /** The crop of a number, its row of the table of crops and that of `crops_truth.csv`. */
  crop(index: number): RenderedCrop & { readonly row: Cells; readonly truth: Cells };
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
      const row = {
        field: fieldOf(id, index % crops, crops),
        protein: id,
        compartments: mixtureCell(phenotype),
      };
      const draws = createDraws(seed, "nuclei", index);
      for (let tried = 0; tried < mostPictures; tried++) {
        const picture = draws.whole(0, pictures.length - 1);
        const symmetry = draws.whole(0, symmetries - 1);
        const turned = turnPicture(pictures[picture]!, symmetry);
        const rendered = renderProtein(turned, phenotype, seed, "protein crop", index, tried);
        if (rendered === undefined) continue;
        const light = ruledCompartments.map((name) => [
          `light_${name}`,
          (rendered.light[name] ?? 0).toFixed(4),
        ]);
        const truth = { index, id, nucleus: picture, symmetry, ...Object.fromEntries(light) };
        return { ...rendered, row, truth };
      }
      throw new RangeError(`no nuclei of ${mostPictures} have room for ${id}`);
    },
  };
}

/** The columns of `crops_truth.csv`. */
export const cropTruthColumns = [
  ...["index", "id", "nucleus", "symmetry"],
  ...ruledCompartments.map((name) => `light_${name}`),
];

/** What a field of view of a protein is for: of five, the last but one validates and the last tests. */
const fieldSplits = ["train", "train", "train", "val", "test"];

/** The field of view of a crop, by its number among those of its protein. */
const fieldOf = (id: string, place: number, crops: number): string =>
  `${id}-${Math.floor((place * fieldSplits.length) / crops)}`;

/** The fields of view: those that every protein with images has. */
const fieldsOf = ({ all, proteins }: SimulatedProteome) =>
  all.slice(0, proteins).flatMap(({ id }) => fieldSplits.map((split, at) => ({ id: `${id}-${at}`, split })));

/** fields.csv */
export function proteomeFieldTable(proteome: SimulatedProteome): string {
  const rows = fieldsOf(proteome).map(({ id }) => ({ field: id, source: simulatedProteomeSource }));
  return writeCsv(rows, ["field", "source"]);
}

/** proteins.csv or sequences.csv: labels are graded from 1 to 3 as OpenCell's are. */
export function proteomeProteinTable(proteins: readonly SimulatedProtein[]): string {
  const rows = proteins.map(({ id, sequence, phenotype, partition, family }) => ({
    ...{ protein: id, source: simulatedProteomeSource, gene: geneOf(id), uniprot: id },
    ...{ compartments: gradedCell(phenotype), sequence, cluster: `family${family}`, partition },
  }));
  return writeCsv(rows, [
    "protein",
    "source",
    "gene",
    "uniprot",
    "compartments",
    "sequence",
    "cluster",
    "partition",
  ]);
}

/** splits.csv: proteins by their partition, fields by their number. */
export function proteomeSplitTable(proteome: SimulatedProteome): string {
  const proteins = proteome.all.map(({ id, family, partition }) => ({
    ...{ kind: "protein", id, cluster: `family${family}` },
    standard: partition === 4 ? "test" : partition === 3 ? "val" : "train",
  }));
  const fields = fieldsOf(proteome).map(({ id, split }) => ({
    kind: "field",
    id,
    cluster: "",
    standard: split,
  }));
  return writeCsv([...proteins, ...fields], ["kind", "id", "cluster", "standard"]);
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
