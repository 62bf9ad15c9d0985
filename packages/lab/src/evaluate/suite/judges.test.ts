import { createGenerator } from "@proteoscope/engine";
import { nuclearDistance } from "@proteoscope/imaging";
import { beforeAll, describe, expect, it } from "vitest";
import type { CellEncoder, EncodedCell } from "../encoders/encoder.ts";
import { openFeatureEncoder } from "../encoders/features.ts";
import type { CellPlanes } from "../judges/cell-features.ts";
import { judgedClasses, mostLikely } from "../judges/judged-classes.ts";
import { judgeLooks, rightForAll } from "./judge-figures.ts";
import {
  type CompartmentJudge,
  classOfLabel,
  isIndependent,
  isRightFor,
  type JudgedCell,
  openJudge,
} from "./judges.ts";
import type { Look } from "./look.ts";

const side = 40;
const at = (pixel: number) => ({ x: (pixel % side) - 19.5, y: Math.floor(pixel / side) - 19.5 });
const distance = nuclearDistance(
  Uint8Array.from({ length: side * side }, (_, pixel) => (Math.hypot(at(pixel).x, at(pixel).y) < 10 ? 1 : 0)),
  { height: side, width: side },
);

/** A cell with its protein in the nucleus, around it or on its rim, under noise. */
function draw(where: "nucleoplasm" | "cytoplasm" | "nuclear_membrane", seed: number): CellPlanes {
  const noise = createGenerator(seed, "cell", where).uniform(side * side);
  const isLit = {
    nucleoplasm: (depth: number) => depth > 0,
    cytoplasm: (depth: number) => depth <= 0,
    nuclear_membrane: (depth: number) => Math.abs(depth) < 1.5,
  }[where];
  const protein = noise.map((value, pixel) => 0.3 * value + (isLit(distance[pixel]!) ? 0.6 : 0.05));
  const nucleus = distance.map((depth) => (depth > 0 ? 0.5 : 0));
  return { side, protein, nucleus, distance };
}

const places = ["nucleoplasm", "cytoplasm", "nuclear_membrane"] as const;
const classOf = (where: string) =>
  judgedClasses.findIndex(({ members }) => (members as readonly string[]).includes(where));

describe("a judge by logistic regression on features", () => {
  const encoder = openFeatureEncoder();
  const encode = async (where: (typeof places)[number], seed: number) =>
    (await encoder.encode([draw(where, seed)]))[0]!;
  let judge: CompartmentJudge;
  beforeAll(async () => {
    const cells: JudgedCell[] = [];
    for (const where of places)
      for (let i = 0; i < 12; i++)
        cells.push({
          encoded: await encode(where, i),
          label: classOf(where),
          field: `${where} ${i % 4}`,
          isUnseen: i < 6,
        });
    judge = (await openJudge(encoder, cells))!;
  });

  it("reads where the protein is off pictures that it has not seen", async () => {
    for (const where of places)
      for (let seed = 100; seed < 105; seed++)
        expect(mostLikely(judge.probabilities(await encode(where, seed))), where).toBe(classOf(where));
  });

  it("answers for every real cell by a fit to other fields", () => {
    expect(judge.onReal).toHaveLength(36);
    const right = judge.onReal.filter(({ cell, answer }) => answer === cell.label);
    expect(right.length / 36).toBeGreaterThan(0.9);
    expect(judge.method).toBe("logistic regression on real cells");
  });

  it("is none where real cells are of one field", async () => {
    const cells = judge.onReal.map(({ cell }) => ({ ...cell, field: "one" }));
    expect(await openJudge(encoder, cells)).toBeUndefined();
  });
});

describe("a judge by its own classifier", () => {
  const encoder: CellEncoder = {
    ...{ name: "x", title: "x", identity: "x", trainedOn: "real and simulated cells" },
    compartments: ["ER", "Golgi", "cytoplasm", "elsewhere"],
    encode: async () => [],
    close: async () => undefined,
  };
  const cell = (probabilities: number[], label: string, isUnseen: boolean): JudgedCell => ({
    encoded: { embedding: new Float32Array(1), probabilities: Float32Array.from(probabilities) },
    ...{ label: classOf(label), field: "f", isUnseen },
  });

  it("merges compartments that one class holds, and is asked about real cells that no network learned from alone", async () => {
    const cells = [cell([0.3, 0.4, 0.3, 0], "ER", true), cell([0, 1, 0, 0], "Golgi", false)];
    const judge = (await openJudge(encoder, cells))!;
    expect(judge.onReal.map(({ answer }) => judgedClasses[answer]!.name)).toEqual(["cytoplasm or ER"]);
    expect(judge.method).toBe("its own classifier");
  });
});

it("a right class counts among the three most likely, and not among classes of no probability", () => {
  const order = ["ER", "Golgi", "mitochondria", "vesicles"] as const;
  const judge = {
    name: "x",
    probabilities: ({ embedding }: EncodedCell) => {
      const whole = new Float64Array(judgedClasses.length);
      for (const [i, name] of order.entries())
        whole[judgedClasses.findIndex(({ members }) => (members as readonly string[]).includes(name))] =
          embedding[i]!;
      return whole;
    },
  } as unknown as CompartmentJudge;
  const looks = [
    [0.1, 0.2, 0.3, 0.4],
    [0.2, 0.1, 0.3, 0.4],
    [0, 0, 0, 1],
  ].map((values) => ({
    ...{ protein: "P", label: { name: "ER", members: ["ER"] } },
    encoded: new Map([["x", { embedding: Float32Array.from(values) }]]),
  })) as unknown as Look[];
  const judged = judgeLooks(judge, looks);
  expect(judged.map(({ isAmongThree }) => isAmongThree)).toEqual([false, true, false]);
  expect(judged.map(({ isRight }) => isRight)).toEqual([false, false, false]);
});

describe("judges together", () => {
  const look = (isRight: boolean) => ({ unit: "P", className: "ER", answer: 0, isRight, isAmongThree: true });

  it("are right where each of them is", () => {
    const judged = [[true, true, false].map(look), [true, false, false].map(look)];
    expect(rightForAll(judged).map(({ isRight }) => isRight)).toEqual([true, false, false]);
    expect(rightForAll([])).toEqual([]);
  });

  it("count where none learned from simulated cells", () => {
    expect(isIndependent({ trainedOn: "nothing" })).toBe(true);
    expect(isIndependent({ trainedOn: "real and simulated cells" })).toBe(false);
  });
});

describe("labels", () => {
  it("name one class, or several, of which any is right", () => {
    const nucleus = { name: "nucleus (any part)", members: ["nucleoplasm", "nucleolus"] };
    expect(classOfLabel({ name: "ER", members: ["ER"] })).toBe(classOf("ER"));
    expect(classOfLabel({ name: "cytosol", members: ["cytoplasm", "ER"] })).toBe(classOf("ER"));
    expect(classOfLabel(nucleus)).toBeUndefined();
    expect([isRightFor(nucleus, classOf("nucleolus")), isRightFor(nucleus, classOf("ER"))]).toEqual([
      true,
      false,
    ]);
  });
});
