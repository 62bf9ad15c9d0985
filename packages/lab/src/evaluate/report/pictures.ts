// The pictures of a report: for the first unseen proteins in the order of the evaluation, which nobody chose, the generated
// image, the training crop nearest to it, turned as the image is, and a real crop of the same class.
import { writePng } from "@proteoscope/formats";
import {
  compositeCell,
  enlargeImage,
  markSynthetic,
  type NucleusLibrary,
  pickNucleus,
  type RgbImage,
} from "@proteoscope/imaging";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import { transformSquare } from "../../data/batches/augment.ts";
import { decodePlane } from "../predict/proteins.ts";
import { compartmentOf, type EvaluationData } from "../sets.ts";
import type { EvaluationResults } from "./metrics.ts";
import { mostProbable } from "./score-compartments.ts";

export interface Picture {
  /** The alternative text, which is also shown below the picture. */
  readonly caption: string;
  readonly png: Uint8Array;
}

export interface Example {
  readonly protein: string;
  readonly label: string;
  /** The compartment that the image classifier recognises in the generated image. */
  readonly predicted: string;
  readonly drawn: Picture;
  readonly nearest: Picture;
  /** Undefined where the atlas has no crop of the class. */
  readonly real: Picture | undefined;
}

const mostExamples = 24;
const scale = 2;

/** Composites of nucleus (blue) and protein (green); generated ones are marked. */
export async function drawExamples(
  results: Pick<EvaluationResults, "proteins" | "nearest"> & {
    readonly data: EvaluationData;
    readonly pixels: CropPixels;
    readonly library: NucleusLibrary;
  },
): Promise<Example[]> {
  const { proteins, nearest, data, pixels, library } = results;
  const { height, width } = pixels;
  const area = height * width;
  const picture = (protein: Float32Array, nucleus: Float32Array) =>
    enlargeImage(compositeCell({ protein, nucleus }, { height, width }), scale);
  const ofCrop = async (index: number, symmetry = 0) => {
    const image = transformSquare((await pixels.read(index)).data, height, symmetry);
    return picture(image.subarray(0, area), image.subarray(area, 2 * area));
  };
  const unseen = proteins.filter(({ set }) => set !== "seen");
  const examples = unseen.slice(0, mostExamples).map(async (record, index): Promise<Example> => {
    const { id, label, drawn } = record;
    const near = nearest.unseen[index]!;
    const crop = data.trainingCrops[near.position]!;
    const isOfClass = (real: (typeof data.realCrops)[number]) =>
      label.members.includes(compartmentOf(real) ?? "");
    const same = data.unseenCrops.find(isOfClass) ?? data.realCrops.find(isOfClass);
    const predicted = mostProbable(drawn.probabilities);
    const synthetic = picture(decodePlane(drawn.protein), pickNucleus(library, record.nucleus).nucleus);
    return {
      ...{ protein: id, label: label.name, predicted },
      drawn: { caption: `${id}, generated: ${predicted}`, png: pngOf(markSynthetic(synthetic)) },
      nearest: {
        caption: `training crop ${crop.index}, ${crop.primary}, correlation ${near.correlation.toFixed(2)}`,
        png: pngOf(await ofCrop(crop.index, near.symmetry)),
      },
      real:
        same === undefined
          ? undefined
          : { caption: `real crop ${same.index}, ${same.primary}`, png: pngOf(await ofCrop(same.index)) },
    };
  });
  return Promise.all(examples);
}

function pngOf({ width, height, data }: RgbImage): Uint8Array {
  return writePng({ width, height, channels: 3, depth: 8, data });
}
