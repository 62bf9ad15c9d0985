// Judges of compartments: each names the compartment that a picture shows, by its encoder's own classifier or by logistic
// regression on its embedding of real cells. How often a judge is right about real cells that it did not learn from, of the
// same classes, stands beside what it says of generated ones; and how far judges agree.

import type { Compartment } from "../../data/atlas/compartments.ts";
import type { LabelClass } from "../../data/atlas/label-class.ts";
import type { CellEncoder, EncodedCell, TrainedOn } from "../encoders/encoder.ts";
import { crossValidate } from "../judges/cross-validation.ts";
import { judgedClasses, mostLikely } from "../judges/judged-classes.ts";
import { fitLogistic } from "../judges/logistic-regression.ts";

/** A real cell that a judge is fitted to, or judged by. */
export interface JudgedCell {
  readonly encoded: EncodedCell;
  /** Position in `judgedClasses`. */
  readonly label: number;
  readonly field: string;
  /** Whether no network learned from it. */
  readonly isUnseen: boolean;
}

/** A judge of compartments. */
export interface CompartmentJudge {
  readonly name: string;
  readonly title: string;
  readonly trainedOn: TrainedOn;
  readonly method: "its own classifier" | "logistic regression on real cells";
  /** Probabilities over `judgedClasses` of what its encoder gives. */
  probabilities(encoded: EncodedCell): Float64Array;
  /** Answers for the real cells that it did not learn from, by position in `judgedClasses`. */
  readonly onReal: readonly {
    readonly cell: JudgedCell;
    readonly answer: number;
    readonly probabilities: Float64Array;
  }[];
}

/** Whether a judge learned from real cells alone, so that no simulation can have taught it and a model the same mistake. */
export const isIndependent = ({ trainedOn }: { readonly trainedOn: string }): boolean =>
  trainedOn !== ("real and simulated cells" satisfies TrainedOn);

const ridge = 0.003;
const steps = 200;
const fewestFields = 2;

/** Opens the judge of an encoder; undefined where there are too few real cells to fit one to. */
export async function openJudge(
  encoder: CellEncoder,
  cells: readonly JudgedCell[],
): Promise<CompartmentJudge | undefined> {
  const { name, title, trainedOn, compartments } = encoder;
  if (compartments !== undefined) {
    const probabilities = merged(compartments);
    const unseen = cells.filter(({ isUnseen }) => isUnseen);
    return {
      ...{ name, title, trainedOn, probabilities, method: "its own classifier" },
      onReal: unseen.map((cell) => answered(cell, probabilities(cell.encoded))),
    };
  }
  if (new Set(cells.map(({ field }) => field)).size < fewestFields) return undefined;
  const rows = cells.map(({ encoded, label, field }) => ({
    features: judgedPart(encoder, encoded),
    label,
    group: field,
  }));
  const options = { ridge, steps };
  const judge = fitLogistic(
    rows.map(({ features }) => features),
    rows.map(({ label }) => label),
    judgedClasses.length,
    options,
  );
  const answers = await crossValidate(rows, judgedClasses.length, options);
  return {
    ...{ name, title, trainedOn, method: "logistic regression on real cells" },
    probabilities: (encoded) => judge(judgedPart(encoder, encoded)),
    onReal: cells.map((cell, index) => answered(cell, answers[index]!)),
  };
}

function answered(cell: JudgedCell, probabilities: Float64Array): CompartmentJudge["onReal"][number] {
  return { cell, probabilities, answer: mostLikely(probabilities) };
}

function judgedPart({ judged }: CellEncoder, { embedding }: EncodedCell): Float32Array {
  return judged === undefined ? embedding : embedding.subarray(0, judged);
}

/** Probabilities over classes that merge compartments; of compartments that no class has, none is the answer. */
function merged(compartments: readonly string[]) {
  const classes = judgedClasses.map(({ members }) =>
    members.map((member) => compartments.indexOf(member)).filter((index) => index >= 0),
  );
  return ({ probabilities }: EncodedCell) =>
    Float64Array.from(classes, (indices) => indices.reduce((sum, index) => sum + probabilities![index]!, 0));
}

/** Whether an answer, by position in `judgedClasses`, is right for a label. */
export function isRightFor(label: LabelClass, answer: number): boolean {
  const members: readonly string[] = judgedClasses[answer]!.members;
  return label.members.some((member) => members.includes(member));
}

/** Position of the one class that a label names; undefined where it names several. */
export function classOfLabel({ members }: LabelClass): number | undefined {
  const found = judgedClasses.findIndex((one) =>
    members.every((member) => one.members.includes(member as Compartment)),
  );
  return found < 0 ? undefined : found;
}
