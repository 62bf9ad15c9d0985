// Generates proteins in all cells of a field: cells are drawn in batches, put into one picture of the field, and measured
// one by one. What fails or is aborted in the midst leaves a picture of the cells that are finished.
//
//     for await (const event of generateFields(microscope, request, { signal, onProgress }))
//       if (event.field !== undefined) save(encodeField(event.field, ["png", "ome-tiff"]));

import { type Nucleus, nuclearProportion, openFieldCanvas } from "@proteoscope/imaging";
import { uniqueFileNames } from "../generate/file-names.ts";
import { generateDefaults } from "../generate/formats.ts";
import type { GeneratedCell } from "../generate/generate.ts";
import { chooseNucleus, type NucleusField } from "../generate/nuclei.ts";
import { describeProvenance, type Provenance } from "../generate/provenance.ts";
import {
  checkRequest,
  type GenerateRequest,
  type GenerateSettings,
  type NamedSequence,
} from "../generate/request.ts";
import type { GeneratedImages, Microscope } from "../image/generate.ts";
import type { WorkOptions } from "../progress.ts";
import type { EncodedProtein } from "../protein/encoder.ts";
import type { CompartmentProbabilities } from "../protein/probabilities.ts";

/** The proteins to generate in every cell of a field, and how. */
export interface FieldRequest extends Omit<GenerateRequest, "nuclei"> {
  readonly field: NucleusField;
  /** Largest number of nuclei whose cells are drawn, the whole ones first. Default: all. */
  readonly maxNuclei?: number | undefined;
  /** Whether each cell is given as a single crop too. Default false. */
  readonly withCrops?: boolean | undefined;
}

/** What was measured on one cell of a generated field. */
export interface FieldCell {
  /** Number of the nucleus, from 0; its value in the label image is one more. */
  readonly nucleus: number;
  readonly shape: Nucleus;
  /** Seed of the cell's noise: that of the settings plus the number of the nucleus. */
  readonly seed: number;
  /** Probabilities of the image classifier, mean over the samples; undefined for a cell that was not drawn. */
  readonly compartments: CompartmentProbabilities | undefined;
  /** Share of the light of the crop that lies in nuclei, mean over the samples. */
  readonly nuclearProportion: number | undefined;
  /** Agreement of the samples; null for one sample. */
  readonly agreement: number | null | undefined;
}

/** The record of a generated field: that of one cell, with means over the cells, and what the field is. */
export interface FieldProvenance extends Provenance {
  readonly field: {
    readonly width: number;
    readonly height: number;
    readonly pixelSizeMicrons: number;
    readonly nuclei: number;
    readonly cutByFrame: number;
    /** Number of cells that are drawn: fewer than `nuclei` where the run ended before all were. */
    readonly drawn: number;
    readonly seeds: string;
    readonly composition: string;
  };
}

/** A protein in all cells of a field. */
export interface GeneratedField {
  /** Begins every file name, such as `FBL_field`. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly pixelSizeMicrons: number;
  /** The protein in [0, 1] for each sample, [H, W]; 0 where no cell was drawn. */
  readonly proteins: readonly Float32Array[];
  /** The input stain in [0, 1], [H, W]. */
  readonly nucleus: Float32Array;
  /** [H, W]: 0, or one more than the number of the nucleus. */
  readonly labels: Int32Array;
  readonly cells: readonly FieldCell[];
  readonly provenance: FieldProvenance;
}

/** A finished cell, where cells are wanted as crops, or the picture of all of them. */
export interface FieldEvent {
  readonly cell?: GeneratedCell;
  readonly field?: GeneratedField;
}

/** Cells that are finished together: fewer are lost where a run ends, more make no difference in time. */
const cellsPerGroup = 8;

/**
 * Generates one field per protein, in the order of the request. Where a cell fails or the signal aborts, the field with
 * the cells that are finished comes last, before the error.
 * @throws ProteoscopeError (usage) for a request that the model cannot meet, SequenceError for a residue that it does not
 * know, the signal's reason when it is aborted.
 */
export async function* generateFields(
  microscope: Microscope,
  request: FieldRequest,
  { signal, onProgress }: Partial<WorkOptions> = {},
): AsyncGenerator<FieldEvent, void, undefined> {
  const { proteins, field, context = {} } = request;
  const settings = { ...generateDefaults, ...request.settings };
  checkRequest(microscope.model, { settings, context, stains: Object.keys(field.stains ?? {}) });
  const fileNames = uniqueFileNames(proteins.map(({ id, fileName }) => fileName ?? id));
  const count = Math.min(request.maxNuclei ?? Number.POSITIVE_INFINITY, field.nuclei.length);
  for (const [index, protein] of proteins.entries()) {
    signal?.throwIfAborted();
    const encoded = await microscope.encode(protein.sequence, { ...context, gene: protein.gene });
    const picture = openPicture(request, settings, count);
    let failure: { readonly error: unknown } | undefined;
    try {
      for (let first = 0; first < count; first += cellsPerGroup) {
        const onStep = (step: number, steps: number): void => {
          const inGroup = Math.min(cellsPerGroup, count - first);
          const done = index * count + first + Math.floor((step / steps) * inGroup);
          onProgress?.({
            phase: "generate",
            unit: "cells",
            note: protein.id,
            done,
            total: count * proteins.length,
          });
        };
        const options = { ...settings, onStep, ...(signal && { signal }) };
        const nuclei = Array.from({ length: Math.min(cellsPerGroup, count - first) }, (_, i) => first + i);
        const drawn = await drawGroup(microscope, encoded, field, nuclei, options);
        for (const [i, images] of drawn.entries()) {
          picture.add(nuclei[i]!, images);
          if (request.withCrops !== true) continue;
          const name = fileNames[index]!;
          yield {
            cell: await describeCell(
              microscope,
              request,
              { settings, protein, encoded, name },
              nuclei[i]!,
              images,
            ),
          };
        }
      }
    } catch (error) {
      failure = { error };
    }
    if (picture.drawn() > 0) {
      const sources = { settings, protein, encoded, name: `${fileNames[index]!}_field` };
      yield { field: await finishField(microscope, request, sources, picture.finish()) };
    }
    if (failure !== undefined) throw failure.error;
  }
}

interface Sources {
  readonly settings: GenerateSettings;
  readonly protein: NamedSequence;
  readonly encoded: EncodedProtein;
  readonly name: string;
}

function drawGroup(
  microscope: Microscope,
  encoded: EncodedProtein,
  field: NucleusField,
  nuclei: readonly number[],
  options: GenerateSettings,
): Promise<GeneratedImages[]> {
  const cells = nuclei.map((nucleus) => ({
    ...chooseNucleus(field, nucleus, field.nuclei.length),
    seed: options.seed + nucleus,
  }));
  return microscope.generateCells(encoded, cells, options);
}

/** Puts cells together as they are drawn. */
function openPicture({ field }: FieldRequest, { samples, seed }: GenerateSettings, count: number) {
  const canvas = openFieldCanvas(field.field.fieldSize, samples);
  const drawn = new Map<number, GeneratedImages & { readonly nuclearProportion: number }>();
  return {
    drawn: () => drawn.size,
    add(nucleus: number, images: GeneratedImages): void {
      const crop = field.cut(nucleus);
      const area = images.height * images.width;
      const planes = Array.from({ length: samples }, (_, i) =>
        images.images.subarray(2 * i * area, (2 * i + 1) * area),
      );
      canvas.add(crop, planes);
      const proportions = planes.map((plane) => nuclearProportion(plane, crop.distance));
      drawn.set(nucleus, {
        ...{ ...images, images: new Float32Array(0) },
        nuclearProportion: meanOf(proportions),
      });
    },
    finish() {
      const cells = field.nuclei.slice(0, count).map((shape, nucleus): FieldCell => {
        const images = drawn.get(nucleus);
        return {
          ...{ nucleus, shape, seed: seed + nucleus },
          compartments: images?.compartments,
          nuclearProportion: images?.nuclearProportion,
          agreement: images?.agreement,
        };
      });
      return { proteins: canvas.render(), cells, images: summarize([...drawn.values()]) };
    },
  };
}

/** The figures of all cells as if they were those of one. */
function summarize(cells: readonly GeneratedImages[]): GeneratedImages {
  const [first] = cells as [GeneratedImages, ...GeneratedImages[]];
  const labels = Object.keys(first.compartments);
  const meanBy = (rowOf: (cell: GeneratedImages) => CompartmentProbabilities) =>
    Object.fromEntries(labels.map((label) => [label, meanOf(cells.map((cell) => rowOf(cell)[label]!))]));
  const medoids = first.classified.map((_, sample) => cells.filter(({ medoid }) => medoid === sample).length);
  return {
    ...first,
    compartments: meanBy(({ compartments }) => compartments),
    classified: first.classified.map((_, sample) => meanBy(({ classified }) => classified[sample]!)),
    agreement: first.agreement === null ? null : meanOf(cells.map(({ agreement }) => agreement!)),
    medoid: medoids.indexOf(Math.max(...medoids)),
  };
}

async function finishField(
  { model }: Microscope,
  { field, context = {}, software = {} }: FieldRequest,
  { name, ...sources }: Sources,
  { proteins, cells, images }: ReturnType<ReturnType<typeof openPicture>["finish"]>,
): Promise<GeneratedField> {
  const { stain, segmentation, fieldSize, pixelSizeMicrons, limits } = field.field;
  const nucleus = {
    ...{ label: "", nucleus: stain, distance: new Float32Array(0), pixelSizeMicrons },
    origin: { ...field.origin, intensityLimits: limits },
  };
  const record = await describeProvenance(model, { ...sources, software, nucleus, images, context });
  const newLabels = new Int32Array(segmentation.nuclei.length + 1);
  for (const { nucleus: index, shape } of cells) newLabels[shape.label] = index + 1;
  return {
    ...{ name, ...fieldSize, pixelSizeMicrons, proteins, nucleus: stain, cells },
    labels: segmentation.labels.map((label) => newLabels[label]!),
    provenance: {
      ...record,
      field: {
        ...{ width: fieldSize.width, height: fieldSize.height, pixelSizeMicrons },
        nuclei: cells.length,
        cutByFrame: cells.filter(({ shape }) => shape.touchesBorder).length,
        drawn: cells.filter(({ compartments }) => compartments !== undefined).length,
        seeds: "the seed of a cell is the seed of the settings plus the number of its nucleus",
        composition:
          "each pixel is the mean of the crops that cover it, weighted by exp(distance to the crop's own nucleus / 2 pixels): the crop of the nearest nucleus, with soft seams",
      },
    },
  };
}

async function describeCell(
  { model }: Microscope,
  { field, context = {}, software = {} }: FieldRequest,
  { settings, name, ...sources }: Sources,
  index: number,
  images: GeneratedImages,
): Promise<GeneratedCell> {
  const nucleus = chooseNucleus(field, index, field.nuclei.length);
  const ofCell = { ...settings, seed: settings.seed + index };
  return {
    ...{ name: `${name}_nucleus${index}`, images, nucleus: nucleus.nucleus },
    pixelSizeMicrons: nucleus.pixelSizeMicrons,
    provenance: await describeProvenance(model, {
      ...{ ...sources, settings: ofCell, software, nucleus, images, context },
    }),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
