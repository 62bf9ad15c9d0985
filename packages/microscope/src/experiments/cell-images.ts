// Images of a sequence in chosen cells, and what the image classifier measures on them. Every sequence of an experiment is
// generated around the same nuclei from the same noise, so that two images differ by the sequence alone.

import { float32, type NdArray, type Runtime } from "@proteoscope/engine";
import type { ChosenNucleus } from "../generate/nuclei.ts";
import type { GenerateSettings } from "../generate/request.ts";
import { openImageClassifier } from "../image/classifier.ts";
import { openMicroscope } from "../image/generate.ts";
import type { MicroscopeModel } from "../model/model.ts";
import { withoutHomologs } from "./sequence-predictor.ts";

/** The cells in which every sequence of an experiment is generated. */
export interface CellChoice {
  readonly nuclei: readonly ChosenNucleus[];
  /** `samples` images around each nucleus; the noise of nucleus n has the seed `seed + n`. */
  readonly settings: GenerateSettings;
}

/** What the classifier measures on the images of one sequence, [nuclei][samples]. */
export type CellMeasures = readonly (readonly ImageMeasure[])[];

/** What the classifier measures on one image. */
export interface ImageMeasure {
  /** Probabilities of the classifier's compartments, which sum to 1. */
  readonly probabilities: Float32Array;
  /** The features in which images are compared. */
  readonly features: Float32Array;
}

/** Networks that generate and measure images of sequences, without homologs. */
export interface CellImager {
  /** Names of the classifier's compartments. */
  readonly labels: readonly string[];
  /** Images of a sequence in all cells: protein and nucleus in [0, 1], [nuclei * samples, 2, H, W]. */
  generate(sequence: string, cells: CellChoice, signal?: AbortSignal): Promise<NdArray>;
  /** What the classifier measures on them, [nuclei * samples, labels + features]. */
  measure(images: NdArray, cells: CellChoice): Promise<NdArray>;
  close(): Promise<void>;
}

/** Opens the networks of a model on a runtime, which stays the caller's to close. */
export function openCellImager(runtime: Runtime, model: MicroscopeModel): CellImager {
  const side = model.constants.cropPixels;
  const area = side * side;
  const microscope = openMicroscope(runtime, withoutHomologs(model));
  const classifier = openImageClassifier(runtime, model.classifier, side);
  classifier.catch(() => undefined);
  return {
    labels: model.classifier.config.labels,
    async generate(sequence, { nuclei, settings }, signal) {
      const cells = nuclei.map((nucleus, index) => ({ ...nucleus, seed: settings.seed + index }));
      const encoded = await microscope.encode(sequence);
      const options = { ...settings, ...(signal && { signal }) };
      const generated = await microscope.generateCells(encoded, cells, options);
      const all = new Float32Array(cells.length * settings.samples * 2 * area);
      for (const [index, { images }] of generated.entries()) all.set(images, index * images.length);
      return float32([cells.length * settings.samples, 2, side, side], all);
    },
    async measure({ shape, data }, { nuclei, settings: { samples } }) {
      const rows: Float32Array[] = [];
      for (let image = 0; image < shape[0]!; image++) {
        const input = new Float32Array(3 * area);
        input.set((data as Float32Array).subarray(2 * image * area, 2 * (image + 1) * area));
        input.set(nuclei[Math.floor(image / samples)]!.distance, 2 * area);
        const [measured] = await (await classifier).classify(input);
        rows.push(Float32Array.from([...measured!.probabilities, ...measured!.features]));
      }
      const width = rows[0]!.length;
      return float32([rows.length, width], Float32Array.from(rows.flatMap((row) => [...row])));
    },
    close: async () => {
      await microscope.close();
      await (await classifier).close();
    },
  };
}

/** The rows that `measure` gives, by nucleus and sample; `labels` is the number of compartments. */
export function splitMeasures({ shape, data }: NdArray, samples: number, labels: number): CellMeasures {
  const [rows, width] = shape as [number, number];
  const all = Array.from({ length: rows }, (_, row): ImageMeasure => {
    const values = (data as Float32Array).slice(row * width, (row + 1) * width);
    return { probabilities: values.slice(0, labels), features: values.slice(labels) };
  });
  return Array.from({ length: rows / samples }, (_, nucleus) =>
    all.slice(nucleus * samples, (nucleus + 1) * samples),
  );
}

/** Euclidean distance between the mean features of two sets of images, for each nucleus. */
export function featureDistances(a: CellMeasures, b: CellMeasures): number[] {
  return a.map((images, nucleus) => {
    const [mean, other] = [meanFeatures(images), meanFeatures(b[nucleus]!)];
    return Math.hypot(...mean.map((value, index) => value - other[index]!));
  });
}

function meanFeatures(images: readonly ImageMeasure[]): number[] {
  return Array.from(images[0]!.features, (_, index) =>
    images.reduce((sum, { features }) => sum + features[index]! / images.length, 0),
  );
}
