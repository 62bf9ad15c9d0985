// Generates all images that an evaluation needs and that are not on record yet: proteins block by block, then the proteins
// of real crops. Each record is written as soon as it is known; one line of progress says what is left.

import type { OnProgress } from "@proteoscope/microscope";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import { groupBy } from "../../data/group-by.ts";
import type { AnswersFile, CropRecord, ProteinRecord } from "../answers-file.ts";
import type { UnseenSet } from "../report/metrics.ts";
import type { EvaluatedProtein, EvaluationData, KnownCrop } from "../sets.ts";
import {
  blockSize,
  drawingsOf,
  drawingsOfCrop,
  type EvaluationTools,
  generateForCrop,
  generateForProteins,
} from "./proteins.ts";

export interface GeneratedRecords {
  readonly proteins: readonly ProteinRecord[];
  readonly crops: readonly CropRecord[];
}

export interface GenerationPlan {
  readonly data: EvaluationData;
  readonly pixels: CropPixels;
  /** Names of the sets, and the largest number of proteins per set. */
  readonly request: { readonly sets: readonly UnseenSet[]; readonly proteins: number };
  readonly answers: AnswersFile;
}

/** Generates what `answers` does not hold yet, and returns all records. @throws the signal's reason when it is aborted. */
export async function generateAll(
  tools: Omit<EvaluationTools, "onDrawn">,
  { data, pixels, request, answers }: GenerationPlan,
  onProgress: OnProgress | undefined,
): Promise<GeneratedRecords> {
  const { signal } = tools;
  const chosen = [...request.sets, "seen" as const].flatMap((set) =>
    data.proteins[set].slice(0, request.proteins),
  );
  const known = [true, false].flatMap((isSeen) => {
    const crops = data.knownCrops.filter((one) => one.isSeen === isSeen);
    const ofProteins = [...groupBy(crops, ({ protein }) => protein.id).values()];
    return ofProteins.slice(0, request.proteins).flat();
  });
  const keyOfProtein = ({ set, protein }: EvaluatedProtein) => `${set} ${protein.id}`;
  const isMissing = (one: EvaluatedProtein) => answers.find(keyOfProtein(one)) === undefined;
  // A block is generated as a whole, so that its random numbers do not depend on where an evaluation was stopped.
  const blocks = [...request.sets, "seen" as const]
    .flatMap((set) => splitBlocks(chosen.filter((one) => one.set === set)))
    .filter(({ proteins }) => proteins.some(isMissing));
  const missingCrops = known.filter(({ crop }) => answers.find(`crop ${crop.index}`) === undefined);
  const total = blocks
    .flatMap(({ proteins }) => proteins)
    .reduce((sum, one) => sum + drawingsOf(one), drawingsOfCrop * missingCrops.length);
  let done = 0;
  let note = "";
  const onDrawn = (count: number) => {
    done += count;
    onProgress?.({ phase: "evaluate", done, total, unit: "drawings", note });
  };
  for (const { block, proteins } of blocks) {
    signal.throwIfAborted();
    const { set, protein } = proteins[0]!;
    note = protein.id;
    const records = await generateForProteins({ ...tools, onDrawn }, block, proteins, data.proteins[set]);
    for (const [index, record] of records.entries())
      if (isMissing(proteins[index]!)) await answers.append(record);
  }
  for (const one of missingCrops) {
    signal.throwIfAborted();
    note = `crop ${one.crop.index}`;
    const image = await pixels.read(one.crop.index);
    const other = otherProteinOf(one, data.knownCrops);
    await answers.append(await generateForCrop({ ...tools, onDrawn }, one, other, image));
  }
  return {
    proteins: chosen.map((one) => answers.find(keyOfProtein(one)) as ProteinRecord),
    crops: known.map(({ crop }) => answers.find(`crop ${crop.index}`) as CropRecord),
  };
}

function splitBlocks(proteins: readonly EvaluatedProtein[]) {
  return Array.from({ length: Math.ceil(proteins.length / blockSize) }, (_, block) => ({
    block,
    proteins: proteins.slice(block * blockSize, (block + 1) * blockSize),
  }));
}

/** The next crop of another protein, in turns; the crop itself where all are of one. */
function otherProteinOf(one: KnownCrop, all: readonly KnownCrop[]): KnownCrop {
  const start = all.indexOf(one);
  const inTurns = [...all.slice(start), ...all.slice(0, start)];
  return inTurns.find(({ protein }) => protein.id !== one.protein.id) ?? one;
}
