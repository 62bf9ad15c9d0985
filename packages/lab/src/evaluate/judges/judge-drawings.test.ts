import { createGenerator } from "@proteoscope/engine";
import { nuclearDistance } from "@proteoscope/imaging";
import { beforeAll, describe, expect, it } from "vitest";
import { judgedClasses } from "./feature-judge.ts";
import {
  type Drawing,
  describeForJudges,
  type JudgeMetrics,
  judgeDrawings,
  type RealCell,
} from "./judge-drawings.ts";

const side = 36;
const at = (pixel: number) => Math.hypot((pixel % side) - 17.5, Math.floor(pixel / side) - 17.5);
const distance = nuclearDistance(
  Uint8Array.from({ length: side * side }, (_, pixel) => (at(pixel) < 9 ? 1 : 0)),
  { height: side, width: side },
);
const nucleus = distance.map((depth) => (depth > 0 ? 0.5 : 0));

/** A cell whose protein is inside or outside the nucleus, so many times brighter there, under noise. */
function imageOf(place: "nucleoplasm" | "cytoplasm", seed: number, ratio: number, noise = 0.3) {
  const random = createGenerator(seed, "cell", place).uniform(side * side);
  const protein = random.map((value, pixel) => {
    const isLit = distance[pixel]! > 0 === (place === "nucleoplasm");
    return (isLit ? 0.8 : 0.8 / ratio) * (1 - noise * value);
  });
  return describeForJudges({ side, protein, nucleus, distance });
}
const labelOf = (place: string) =>
  judgedClasses.findIndex(({ members }) => (members as readonly string[]).includes(place));
const places = ["nucleoplasm", "cytoplasm"] as const;
const cells = places.flatMap((place) =>
  Array.from(
    { length: 20 },
    (_, i): RealCell => ({
      ...{ image: imageOf(place, i, 4), label: labelOf(place), field: `${place} ${i % 5}` },
    }),
  ),
);
function drawing(place: (typeof places)[number], i: number, changes: Partial<Drawing> = {}): Drawing {
  const label = { name: place, members: [place] };
  const image = imageOf(place, 100 + i, 4);
  return { image, label, classifierAnswer: place, isSeen: false, field: `library ${i % 4}`, ...changes };
}
const drawings = places.flatMap((place) => Array.from({ length: 12 }, (_, i) => drawing(place, i)));
const judgedOf = (drawn: readonly Drawing[]): JudgeMetrics =>
  judgeDrawings(cells, drawn, { seed: 0, rounds: 50 })!;

describe("judgeDrawings", () => {
  let metrics: JudgeMetrics;
  beforeAll(() => {
    metrics = judgedOf(drawings);
  });

  it("finds drawings right that show their label, and agrees with a classifier that says so", () => {
    expect(metrics.onRealCells.accuracy).toBeGreaterThan(0.9);
    expect(metrics.drawn.unseen.accuracy).toMatchObject({ value: 1, n: 24 });
    expect(metrics.drawn.unseen.agreement).toMatchObject({ value: 1, n: 24 });
    expect(metrics.drawn.seen).toEqual({ accuracy: null, agreement: null });
  });

  it("finds them wrong where they show another place, whatever the classifier says", () => {
    const wrong = drawings.map((one, i) => ({ ...one, image: drawings[(i + 12) % 24]!.image, isSeen: true }));
    const { seen } = judgedOf(wrong).drawn;
    expect([seen.accuracy!.value, seen.agreement!.value]).toEqual([0, 0]);
  });

  it("takes any part for right where the label names a whole, and counts such in no class", () => {
    const whole = { name: "cytoplasm (any part)", members: ["cytoplasm", "cytoskeleton", "centrosome"] };
    const { drawn, classes, realism } = judgedOf([drawing("cytoplasm", 0, { label: whole })]);
    expect(drawn.unseen.accuracy!.value).toBe(1);
    expect(classes.every((one) => one.drawn === 0)).toBe(true);
    expect(realism).toEqual({ placement: null, all: null, images: 0 });
  });

  it("cannot tell drawings of the real cells' own making, and tells what is too strong or too smooth", () => {
    const alike = metrics.realism;
    const strong = judgedOf(
      drawings.map((one, i) => ({ ...one, image: imageOf(places[i < 12 ? 0 : 1], i, 12) })),
    ).realism;
    const smooth = judgedOf(
      drawings.map((one, i) => ({ ...one, image: imageOf(places[i < 12 ? 0 : 1], i, 4, 0.02) })),
    ).realism;
    expect(alike.images).toBe(24);
    expect(alike.all).toBeLessThan(0.8);
    expect(strong.placement).toBeGreaterThan(0.9);
    expect(smooth.all).toBeGreaterThan(0.95);
  });

  it("shows the contrast of each class beside that of real cells", () => {
    const look = metrics.classes[labelOf("nucleoplasm")]!;
    expect(look).toMatchObject({ name: "nucleoplasm", real: 20, drawn: 12 });
    expect(look.contrast.real).toBeCloseTo(2, 1);
    expect(look.contrast.drawn).toBeCloseTo(2, 1);
    expect(metrics.classes[labelOf("Golgi")]!.contrast).toEqual({ real: null, drawn: null });
  });

  it("judges nothing by cells of one field alone", () => {
    expect(
      judgeDrawings(
        cells.filter(({ field }) => field === "cytoplasm 0"),
        drawings,
        {},
      ),
    ).toBeNull();
  });
});
