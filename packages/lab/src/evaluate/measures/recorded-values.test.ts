// Every measure beside what an independent implementation gives for the same numbers; fixtures/make_measures.py records them.

import { readFileSync } from "node:fs";
import { signalToNoise, structuralSimilarity } from "@proteoscope/imaging";
import { kernelDistance } from "@proteoscope/microscope/experiments";
import { describe, expect, it } from "vitest";
import { areaUnderCurve } from "../judges/cross-validation.ts";
import { mean } from "./bootstrap.ts";
import { gaussianDiscrepancy } from "./distributions/discrepancy.ts";
import { frechetDistance } from "./distributions/frechet-distance.ts";
import { neighbourhoods } from "./distributions/neighbourhoods.ts";
import { earthMovers, openHistogram } from "./images/histogram.ts";
import { resolvability } from "./images/resolvability.ts";
import { correlationOf, meanError, meanRelativeError } from "./nuclear-proportion.ts";
import { cohensKappa, sharedAnswers } from "./ranks/agreement.ts";
import { rankOf, topKCurve } from "./ranks/top-k.ts";

const recorded = JSON.parse(readFileSync(new URL("../fixtures/measures.json", import.meta.url), "utf8"));
const rows = (values: number[][]) => values.map((row) => Float32Array.from(row));
const [real, generated] = [rows(recorded.vectors.real), rows(recorded.vectors.generated)];
const { side, image, other, smooth } = recorded.images;

describe("distances of sets of vectors", () => {
  it("are those of scipy and scikit-learn", () => {
    expect(frechetDistance(real, generated)).toBeCloseTo(recorded.frechet, 5);
    expect(kernelDistance(real, generated)).toBeCloseTo(recorded.kid, 5);
    expect(gaussianDiscrepancy(real, generated)).toBeCloseTo(recorded.mmd, 6);
  });

  it("precision, recall, density and coverage are those of prdc", () => {
    const { precision, recall, density, coverage } = neighbourhoods(real, generated, 5)!;
    expect(mean([...precision])).toBeCloseTo(recorded.prdc.precision, 12);
    expect(mean([...recall])).toBeCloseTo(recorded.prdc.recall, 12);
    expect(mean([...density])).toBeCloseTo(recorded.prdc.density, 12);
    expect(mean([...coverage])).toBeCloseTo(recorded.prdc.coverage, 12);
  });
});

describe("measures of images", () => {
  it("PSNR and SSIM are those of scikit-image", () => {
    expect(signalToNoise(other, image)).toBeCloseTo(recorded.psnr, 9);
    expect(structuralSimilarity(other, image, side)).toBeCloseTo(recorded.ssim, 9);
  });

  it("resolvability is that of numpy's transform, with and without a ring below the threshold", () => {
    expect(resolvability(image, side, 0.4126)).toBeCloseTo(recorded.resolution.image, 9);
    expect(resolvability(smooth, side, 0.4126)).toBeCloseTo(recorded.resolution.smooth, 9);
  });

  it("the distance of histograms is scipy's Wasserstein distance", () => {
    const [a, b] = [openHistogram(), openHistogram()];
    a.add(image);
    b.add(other);
    expect(earthMovers(a.counts, b.counts)).toBeCloseTo(recorded.earthMovers, 9);
  });

  it("errors and correlation of nuclear proportions are scipy's", () => {
    const { drawn, real: measured, r, mae, mape } = recorded.proportion;
    const pairs = drawn.map((value: number, i: number) => ({ drawn: value, real: measured[i] }));
    expect(correlationOf(pairs)).toBeCloseTo(r, 6);
    expect(meanError(pairs)).toBeCloseTo(mae, 6);
    expect(meanRelativeError(pairs)).toBeCloseTo(mape, 6);
  });
});

describe("measures of answers", () => {
  it("agreement is scikit-learn's kappa", () => {
    const { a, b, kappa, shared } = recorded.agreement;
    expect(cohensKappa(a, b)).toBeCloseTo(kappa, 12);
    expect(sharedAnswers(a, b)).toBeCloseTo(shared, 12);
  });

  it("the curve of the k best is scikit-learn's top_k_accuracy_score", () => {
    const { scores, right, curve } = recorded.topK;
    const ranks = scores.map((row: number[], i: number) => rankOf(row, right[i]));
    for (const [i, value] of topKCurve(ranks, 8).entries()) expect(value).toBeCloseTo(curve[i], 12);
  });

  it("the area under the curve is scikit-learn's", () => {
    const labels: number[] = recorded.logistic.labels;
    const scores = recorded.vectors.real.map((row: number[]) => row[2]);
    expect(
      areaUnderCurve(
        scores,
        labels.map((label) => label === 1),
      ),
    ).toBeCloseTo(recorded.auc, 12);
  });
});
