import { createGenerator } from "@proteoscope/engine";
import { labelProbabilities, noCalibration, posteriorProbabilities } from "@proteoscope/models";
import { describe, expect, it } from "vitest";
import type { Compartment } from "../data/atlas/compartments.ts";
import { protein } from "../testing/atlas-fixture.ts";
import { type CalibrationExample, fitCalibration } from "./fit-calibration.ts";

const labels: Compartment[] = ["ER", "Golgi", "mitochondria"];
const likeliest = (names: readonly string[], values: ArrayLike<number>) =>
  names.reduce((best, name, i) => (values[i]! > values[names.indexOf(best)]! ? name : best));
const of = (name: string, source: "opencell" | "deeploc2-swissprot" = "opencell") =>
  protein({ source, labels: [{ name, weight: 3 }] });

/** Logits that are true log-odds, made wrong by a scale and shifts: what calibration has to undo. */
function distortedExamples(count: number): CalibrationExample[] {
  const normal = createGenerator(1, "logits").normal(count * labels.length);
  const uniform = createGenerator(1, "truth").uniform(count * labels.length);
  return Array.from({ length: count }, (_, row) => {
    const odds = labels.map((_, i) => 1.5 * normal[row * labels.length + i]! - 1);
    const isTrue = (i: number) => uniform[row * labels.length + i]! < 1 / (1 + Math.exp(-odds[i]!));
    const named = labels.filter((_, i) => isTrue(i)).map((name) => ({ name, weight: 3 }));
    const known = named.length > 0 ? named : [{ name: "cytoskeleton", weight: 3 }];
    return { protein: protein({ labels: known }), logits: odds.map((x, i) => 2 * x + [3, 0, -2][i]!) };
  });
}

describe("probabilities", () => {
  it("recover the odds that were scaled and shifted", async () => {
    const { probabilities } = await fitCalibration(labels, distortedExamples(600));
    expect(probabilities.scale).toBeCloseTo(0.5, 0);
    for (const [i, shift] of [3, 0, -2].entries())
      expect(Math.abs(probabilities.bias[i]! + probabilities.scale * shift)).toBeLessThan(0.4);
  });

  it("are as frequent as the compartments are", async () => {
    const examples = Array.from({ length: 200 }, (_, row) => ({
      protein: of(row % 5 === 0 ? "Golgi" : "ER"),
      logits: [2, 2, 2],
    }));
    const calibration = await fitCalibration(labels, examples);
    const [er, golgi, mitochondria] = labelProbabilities([2, 2, 2], calibration);
    expect(er).toBeCloseTo(0.8, 1);
    expect(golgi).toBeCloseTo(0.2, 1);
    expect(mitochondria).toBeLessThan(0.05);
  });
});

describe("the posterior", async () => {
  // Nine of ten proteins are in the ER, and every logit favours it a little.
  const examples = Array.from({ length: 300 }, (_, row) => {
    const name = row % 10 === 0 ? "Golgi" : "ER";
    return { protein: of(name), logits: [2, name === "Golgi" ? 1 : 0, -3] };
  });
  const calibration = await fitCalibration(labels, examples);
  const answerTo = ({ logits }: CalibrationExample) =>
    likeliest(labels, posteriorProbabilities(logits, calibration));

  it("counts classes alike, where without calibration the most frequent one is predicted for all", () => {
    const wrong = examples.filter(({ logits }) => likeliest(labels, logits) !== "ER");
    expect(wrong).toEqual([]);
    expect(answerTo(examples[0]!)).toBe("Golgi");
    expect(answerTo(examples[1]!)).toBe("ER");
  });

  it("takes any part of a whole for correct, and ignores proteins of several compartments", async () => {
    const parts: Compartment[] = ["nucleoplasm", "nucleolus", "ER"];
    const whole = Array.from({ length: 60 }, (_, row) => ({
      protein: row % 2 === 0 ? of("nucleoplasm", "deeploc2-swissprot") : of("ER"),
      logits: row % 2 === 0 ? [-1, 0, 0.5] : [-1, -1, 0.5],
    }));
    const several = {
      protein: protein({ labels: [...of("ER").labels, ...of("Golgi").labels] }),
      logits: [9, 9, 9],
    };
    const fitted = await fitCalibration(parts, whole);
    expect((await fitCalibration(parts, [...whole, several])).posterior).toEqual(fitted.posterior);
    const [nucleoplasm, nucleolus, er] = posteriorProbabilities([-1, 0, 0.5], fitted);
    expect(nucleoplasm! + nucleolus!).toBeGreaterThan(2 * er!);
    expect(nucleolus).toBeGreaterThan(nucleoplasm!);
  });
});

it("is refused without a protein of known compartment", async () => {
  await expect(fitCalibration(labels, [])).rejects.toThrow(/no protein to calibrate with/);
  expect(noCalibration(3).posterior.bias).toEqual([0, 0, 0]);
});
