import { createGenerator } from "@proteoscope/engine";
import { type LogitCorrection, noCalibration, posteriorProbabilities } from "@proteoscope/models";
import { describe, expect, it } from "vitest";
import type { Compartment } from "../data/atlas/compartments.ts";
import type { LabelClass } from "../data/atlas/label-class.ts";
import { fitPosterior, type PosteriorExample } from "./balanced-posterior.ts";
import { fitCorrection } from "./platt.ts";

const only = (name: string): LabelClass => ({ name, members: [name] });
const nucleus: LabelClass = {
  name: "nucleus (any part)",
  members: ["nucleoplasm", "nucleolus", "nuclear_membrane"],
};

const probabilities = (logits: ArrayLike<number>, posterior: LogitCorrection) =>
  posteriorProbabilities(logits, { ...noCalibration(logits.length), posterior });
const likeliest = (names: readonly string[], values: ArrayLike<number>) =>
  names.reduce((best, name, i) => (values[i]! > values[names.indexOf(best)]! ? name : best));
const answersTo = (
  labels: readonly string[],
  examples: readonly PosteriorExample[],
  fitted: LogitCorrection,
) => examples.map(({ logits }) => likeliest(labels, probabilities(logits, fitted)));
const countOf = (name: string, answers: readonly string[]) => answers.filter((one) => one === name).length;

describe("a class that sequences hardly reveal", async () => {
  const labels: Compartment[] = ["ER", "Golgi", "mitochondria", "nucleolus", "vesicles"];
  const each = 40;
  // Every protein of the vesicles looks like one of another class. Their own logit is raised for 24 of 40 of them, and
  // for 7 of 40 of each other class, so that where it is raised the others are right a little more often.
  const examples = labels.flatMap((name, own) =>
    Array.from({ length: each }, (_, row): PosteriorExample => {
      const like = name === "vesicles" ? row % 4 : own;
      const isRaised = row < (name === "vesicles" ? 24 : 7);
      const logits = labels.map((_, i) => (i === like ? 3 : i === 4 && isRaised ? 1 : 0));
      return { logits, label: only(name) };
    }),
  );
  const answers = answersTo(labels, examples, await fitPosterior(labels, examples));

  it("is predicted, where cross entropy of all classes alike gives it up", async () => {
    const plain = await fitCorrection(
      labels.length,
      examples.map(({ logits }) => logits),
      (correction) =>
        examples.map(({ logits, label }) =>
          Float64Array.from(
            probabilities(logits, correction),
            (p, i) => (p - (labels[i] === label.name ? 1 : 0)) / examples.length,
          ),
        ),
    );
    expect(countOf("vesicles", answersTo(labels, examples, plain))).toBe(0);
    expect(countOf("vesicles", answers.slice(4 * each))).toBe(24);
  });

  it("does not displace the others", () => {
    for (const [own, name] of labels.slice(0, 4).entries())
      expect(countOf(name, answers.slice(own * each, (own + 1) * each)), name).toBe(each - 7);
  });
});

describe("a part that is known of no protein by itself", () => {
  const labels: Compartment[] = ["nucleoplasm", "nucleolus", "ER"];

  it.each([-5, 0, 5])("is predicted neither always nor never, with logits about %s", async (usual) => {
    const vary = (row: number) => (row - 14.5) / 15;
    const inNucleus = Array.from({ length: 30 }, (_, row) => ({
      ...{ logits: [0, usual + vary(row), -2], label: nucleus },
    }));
    const inEr = inNucleus.map(({ logits: [first, second] }) => ({
      ...{ logits: [first!, second!, 8], label: only("ER") },
    }));
    const answers = answersTo(labels, inNucleus, await fitPosterior(labels, [...inNucleus, ...inEr]));
    expect(countOf("ER", answers)).toBe(0);
    expect(countOf("nucleolus", answers)).toBeGreaterThan(5);
    expect(countOf("nucleoplasm", answers)).toBeGreaterThan(5);
    expect(answers.at(-1)).toBe("nucleolus"); // with the largest logit
  });
});

describe("a class of few proteins", () => {
  const labels: Compartment[] = ["ER", "Golgi", "mitochondria"];
  const alike = (count: number, name: string): PosteriorExample[] =>
    Array.from({ length: count }, () => ({ logits: [2, 1, -3], label: only(name) }));

  it("does not determine the posterior alone", async () => {
    const erOf = async (golgi: number) => {
      const fitted = await fitPosterior(labels, [...alike(60, "ER"), ...alike(golgi, "Golgi")]);
      return probabilities([2, 1, -3], fitted)[0]!;
    };
    const [one, two, even] = [await erOf(1), await erOf(2), await erOf(60)];
    expect(one).toBeGreaterThan(0.8);
    expect(two).toBeGreaterThan(0.75);
    expect(two).toBeLessThan(one);
    expect(Math.abs(even - 0.5)).toBeLessThan(0.02); // with as many of both, either may be
  });
});

describe("what is fitted", () => {
  const [tilt, evenness, fewestOfClass, usualShift] = [0.5, 0.5, 10, 2]; // of balanced-posterior.ts and platt.ts
  const labels: Compartment[] = ["ER", "Golgi", "mitochondria", "nucleoplasm", "nucleolus", "vesicles"];
  const sizes: [LabelClass, number][] = [
    [only("ER"), 30],
    [only("Golgi"), 12],
    [only("mitochondria"), 3],
    [nucleus, 20],
    [only("nucleolus"), 5],
  ];
  const normal = createGenerator(3, "logits").normal(70 * labels.length);
  const examples = sizes
    .flatMap(([label, count]) => Array.from({ length: count }, () => label))
    .map((label, row): PosteriorExample => {
      const logits = labels.map((name, i) => normal[row * labels.length + i]! + 1.5 * +(name === label.name));
      return { logits: logits.map((x, i) => x + [1, 0, -1, 0.5, -0.5, 0][i]!), label };
    });
  const meanOf = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

  /** The objective of balanced-posterior.ts, by the logarithm of the scale and the shifts. */
  function objective([logScale, ...shifts]: readonly number[]): number {
    const answers = examples.map(({ logits }) => {
      const powers = shifts.map((shift, i) => Math.exp(Math.exp(logScale!) * logits[i]! + shift));
      return powers.map((power) => power / powers.reduce((sum, x) => sum + x, 0));
    });
    const rowsOf = ({ name }: LabelClass) => answers.filter((_, row) => examples[row]!.label.name === name);
    const counted = sizes.map(([, count]) => Math.min(1, count / fewestOfClass));
    const shares = counted.map((weight) => weight / counted.reduce((sum, x) => sum + x, 0));
    const overClasses = (values: readonly number[]) => values.reduce((sum, x, i) => sum + shares[i]! * x, 0);
    const losses = sizes.map(([label]) =>
      meanOf(
        rowsOf(label).map(
          (p) => -Math.log(p.reduce((sum, x, i) => sum + x * +label.members.includes(labels[i]!), 0)),
        ),
      ),
    );
    const shrunk = losses.map((loss, i) => {
      const own = sizes[i]![1] / (sizes[i]![1] + fewestOfClass);
      return own * loss + (1 - own) * overClasses(losses);
    });
    const tilted = Math.log(overClasses(shrunk.map((loss) => Math.exp(tilt * loss)))) / tilt;
    const known = labels.slice(0, 5); // of the vesicles there is no protein
    const even = meanOf(
      known.map(
        (_, i) => -Math.log(overClasses(sizes.map(([label]) => meanOf(rowsOf(label).map((p) => p[i]!))))),
      ),
    );
    const squares = [logScale!, ...shifts].reduce((sum, x) => sum + (x / usualShift) ** 2, 0);
    return tilted + evenness * even + squares / (2 * examples.length);
  }

  it("is the minimum of tilted losses, evenness of predictions and the prior of the shifts", async () => {
    const { scale, bias } = await fitPosterior(labels, examples);
    const found = [Math.log(scale), ...bias];
    const least = objective(found);
    for (const index of found.keys())
      for (const change of [-0.02, 0.02]) {
        const changed = found.map((value, i) => (i === index ? value + change : value));
        expect(objective(changed), `${index} by ${change}`).toBeGreaterThan(least);
      }
  });

  it("refuses to fit nothing", async () => {
    await expect(fitPosterior(labels, [])).rejects.toThrow(/no protein to calibrate with/);
  });
});
