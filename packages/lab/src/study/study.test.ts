import { describe, expect, it } from "vitest";
import { parseVariation, planStudy } from "./plan.ts";
import { plotStudy } from "./plot.ts";
import { type StudyResult, studyTable, summarizeStudy } from "./summarize.ts";

const variations = ["proteins=0.25,1", "model=small,base"].map(parseVariation);

describe("a study's plan", () => {
  it("has every combination with every seed", () => {
    const runs = planStudy(variations, 2);
    expect(runs.map(({ name }) => name)).toEqual(
      ["0.25", "1"].flatMap((proteins) =>
        ["small", "base"].flatMap((model) =>
          [0, 1].map((seed) => `proteins-${proteins}_model-${model}_seed-${seed}`),
        ),
      ),
    );
    expect(runs[1]).toMatchObject({
      ...{ preset: "small", seed: 1, overrides: ["train.seed=1", "data.protein_fraction=0.25"] },
    });
  });

  it("takes keys of the configuration and paths, which folders are named by in short", () => {
    const [run] = planStudy(
      [parseVariation("plm=/a/runs/esm-8M/model,/b"), parseVariation("train.beta2=0.9")],
      1,
    );
    expect(run!.name).toBe("plm-esm-8M_train.beta2-0.9_seed-0");
    expect(run!.overrides).toEqual(["train.seed=0", "models.plm=/a/runs/esm-8M/model", "train.beta2=0.9"]);
  });

  it.each([
    ["proteins", /is not name=value/],
    ["proteins=1,", /is not name=value/],
    ["=1", /is not name=value/],
    ["proteins=1,1", /a value twice/],
    ["protein=1", /did you mean proteins\?/],
  ])("refuses %s", (text, message) => {
    expect(() => parseVariation(text)).toThrow(message);
  });

  it("refuses what is varied twice", () => {
    expect(() => planStudy([...variations, variations[0]!], 1)).toThrow(/"proteins" is varied twice/);
  });
});

/** Scores of each seed's proteins. */
const resultsOf = (proteins: string, model: string, bySeed: readonly (readonly number[])[]): StudyResult[] =>
  bySeed.map((scores, seed) => ({
    run: { name: "", settings: { proteins, model }, seed, preset: model, overrides: [] },
    score: scores.reduce((a, b) => a + b, 0) / scores.length,
    proteins: scores.length > 1 ? scores : [],
  }));

describe("a study's result", () => {
  const rows = summarizeStudy([
    ...resultsOf("0.25", "small", [
      [1, 2, 3],
      [2, 3, 4],
    ]),
    ...resultsOf("1", "small", [[0.5], [0.7]]),
    ...resultsOf("1", "base", [
      [0.25, 0.25],
      [0.25, 0.25],
    ]),
  ]);

  it("is one row per combination with an interval over seeds and proteins", () => {
    expect(rows.map(({ value }) => value)).toEqual([2.5, 0.6, 0.25]);
    expect(rows[2]!.interval95).toEqual([0.25, 0.25]);
    expect(rows[1]!.interval95).toEqual([0.5, 0.7]); // over two seeds alone
    const [low, high] = rows[0]!.interval95;
    expect(low).toBeGreaterThanOrEqual(1);
    expect(low).toBeLessThan(1.9); // wider than over seeds, 2 to 3
    expect(high).toBeGreaterThan(3.1);
    expect(rows.map(({ seeds, proteins }) => [seeds, proteins])).toEqual([
      [2, 3],
      [2, 0],
      [2, 2],
    ]);
  });

  it("is a table", () => {
    expect(studyTable(rows, "loss").split("\n").slice(0, 2)).toEqual([
      "proteins,model,loss,low,high,seeds,proteins_per_seed",
      expect.stringMatching(/^0\.25,small,2\.5,/),
    ]);
  });

  it("is a plot with a line per series over the variation that is a number", () => {
    const svg = plotStudy(rows, "loss");
    expect(svg.match(/<polyline/g)).toHaveLength(2);
    expect(svg.match(/<circle/g)).toHaveLength(3);
    expect(svg).toContain("model base");
    const xs = [...svg.matchAll(/<circle[^>]* cx="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(xs[0]!).toBeLessThan(xs[1]!);
    expect(xs[1]).toBe(xs[2]);
  });

  it("compares names side by side", () => {
    const named = rows.map((row, i) => ({ ...row, settings: { plm: ["8M", "35M", "<b>"][i]! } }));
    const svg = plotStudy(named, "loss");
    expect(svg).not.toContain("<polyline");
    expect(svg).toContain("plm &lt;b&gt;");
  });
});
