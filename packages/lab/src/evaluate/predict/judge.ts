// Brings real cells and drawings before the judge that was fitted to real cells alone. It costs features of every real cell
// of one clear compartment, and no network.

import { type NucleusLibrary, pickNucleus } from "@proteoscope/imaging";
import type { WorkOptions } from "@proteoscope/microscope";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import type { ProteinRecord } from "../answers-file.ts";
import { judgedClassOf } from "../judges/feature-judge.ts";
import {
  type Drawing,
  describeForJudges,
  type JudgeMetrics,
  judgeDrawings,
  type RealCell,
} from "../judges/judge-drawings.ts";
import type { BootstrapOptions } from "../measures/bootstrap.ts";
import { mostProbable } from "../report/score-compartments.ts";
import type { EvaluationData } from "../sets.ts";
import { decodePlane } from "./proteins.ts";

export interface Judged {
  readonly proteins: readonly ProteinRecord[];
  readonly data: Pick<EvaluationData, "realCrops">;
  readonly pixels: CropPixels;
  readonly library: NucleusLibrary;
}

/** Describes all images and judges the drawings; stops between two crops. */
export async function judgeAll(
  { proteins, data, pixels, library }: Judged,
  options: BootstrapOptions,
  { signal, onProgress }: WorkOptions,
): Promise<JudgeMetrics | null> {
  const { height: side } = pixels;
  const cells: RealCell[] = [];
  for (const [done, crop] of data.realCrops.entries()) {
    signal.throwIfAborted();
    onProgress?.({ phase: "judged crops", done, total: data.realCrops.length, unit: "crops" });
    const label = judgedClassOf(crop);
    if (label === undefined) continue;
    const { data: image } = await pixels.read(crop.index);
    const plane = (channel: number) => image.subarray(channel * side * side, (channel + 1) * side * side);
    const planes = { side, protein: plane(0), nucleus: plane(1), distance: plane(2) };
    cells.push({ image: describeForJudges(planes), label, field: crop.fieldOfView });
  }
  const drawings = proteins.map(({ set, label, drawn, nucleus: index }): Drawing => {
    const { nucleus, distance, field } = pickNucleus(library, index);
    const image = describeForJudges({ side, protein: decodePlane(drawn.protein), nucleus, distance });
    return {
      image,
      label,
      classifierAnswer: mostProbable(drawn.probabilities),
      isSeen: set === "seen",
      field,
    };
  });
  return judgeDrawings(cells, drawings, options);
}
