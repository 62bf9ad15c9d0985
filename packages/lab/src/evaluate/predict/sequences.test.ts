import type { ProgressEvent } from "@proteoscope/microscope";
import { noCalibration } from "@proteoscope/models";
import { beforeAll, describe, expect, it } from "vitest";
import { type Compartment, compartments } from "../../data/atlas/compartments.ts";
import type { SequenceSplit } from "../../data/atlas/splits.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { protein, randomSequence } from "../../testing/atlas-fixture.ts";
import { localizationSection } from "../report/localization.ts";
import { fitBaselines, predictWithModel } from "./sequence-methods.ts";
import { judgeLocalization, type LocalizationMetrics } from "./sequences.ts";

const rich: Partial<Record<Compartment, string>> = { mitochondria: "AG", ER: "LI", Golgi: "FW" };
const names = Object.keys(rich) as Compartment[];
const proteins = (count: number, first: number, changes: Partial<Protein> = {}) =>
  Array.from({ length: count }, (_, index) => {
    const name = names[index % names.length]!;
    const id = `P${first + index}`;
    const sequence = randomSequence(first + index, 60, rich[name]);
    const labels = [{ name, weight: 1 }];
    return protein({ source: "deeploc2-swissprot", ...{ id, sequence, labels }, ...changes });
  });
const splits = new Map<SequenceSplit, readonly Protein[]>([
  ["train", proteins(150, 0)],
  ["calibration", proteins(60, 1000)],
  ["test", [...proteins(30, 2000), ...proteins(30, 3000, { isHuman: false })]],
  [
    "external",
    [...proteins(30, 4000, { source: "deeploc2-hpa-test" }), ...proteins(6, 5000, { source: "hpa-test" })],
  ],
]);

/** A head that knows everything but is far too sure of one thing more: the Golgi. */
const truth = new Map([...splits.values()].flat().map(({ sequence, labels }) => [sequence, labels[0]!.name]));
const shifted = { scale: 1, bias: compartments.map((name) => (name === "Golgi" ? -6 : 0)) };
const reader = {
  model: {
    localization: { config: { labels: compartments } },
    calibration: { probabilities: shifted, posterior: noCalibration(compartments.length).posterior },
  },
  encode: async (sequence: string) => ({
    logits: Float32Array.from(compartments, (name) => {
      const known = name === truth.get(sequence) ? 6 : -6;
      return name === "Golgi" ? known + 6 : known;
    }),
  }),
} as unknown as Parameters<typeof judgeLocalization>[0];

let metrics: LocalizationMetrics;
const work = { signal: new AbortController().signal };
const fit = (options = {}) =>
  fitBaselines(splits.get("train")!, splits.get("calibration")!, { seed: 0 }, { ...work, ...options });
let baselines: Awaited<ReturnType<typeof fit>>;
beforeAll(async () => {
  baselines = await fit();
  metrics = await judgeLocalization(reader, { splits, baselines, seed: 0 }, work);
});

describe("the predictions from sequences", () => {
  it("are scored on the held-out partition, its human proteins, and the atlas's set", () => {
    const { partition, partitionHuman, atlas } = metrics.sets;
    expect([partition, partitionHuman, atlas].map((set) => set.proteins)).toEqual([60, 30, 30]);
    expect(Object.keys(partition.methods.languageModel.labels).sort()).toEqual([...names].sort());
    expect(partition.methods.languageModel.macroF1!.value).toBe(1);
    expect(atlas.methods.languageModel.jaccard!.n).toBe(30);
  });

  it("are of the data set's own held-out proteins where it has none of Swiss-Prot", async () => {
    const own = proteins(12, 6000, { source: "simulated-proteome" });
    const { sets } = await judgeLocalization(
      reader,
      { splits: new Map([...splits, ["test", own]]), baselines, seed: 0 },
      work,
    );
    expect([sets.partition.proteins, sets.partitionHuman.proteins]).toEqual([12, 12]);
  });

  it("are compared with baselines on composition, and on homologs of which there are none", () => {
    const { composition, kmers } = metrics.sets.partition.methods;
    expect(composition.macroF1!.value).toBeGreaterThan(0.8);
    expect(kmers.macroF1!.value).toBeLessThan(composition.macroF1!.value);
  });

  it("have a calibration error before and after", () => {
    const { before, after } = metrics.sets.partition.calibration;
    expect(before.error!.value).toBeGreaterThan(5 * after.error!.value);
  });

  it("come with sources for the figures of others", () => {
    const html = localizationSection(metrics);
    expect(html).toContain("held-out homology partition");
    expect(html.match(/<table>/g)).toHaveLength(3 * 3 + 1);
    const { partition } = metrics.sets;
    const without = { ...metrics, sets: { ...metrics.sets, atlas: { ...partition, proteins: 0 } } };
    expect(localizationSection(without).match(/<table>/g)).toHaveLength(2 * 3 + 1);
    for (const { source } of metrics.published) expect(source).toMatch(/https:\/\//);
  });
});

describe("the fit of the baselines", () => {
  it("shows every phase to its end, and stops at an interrupt in any of them", async () => {
    const ended = new Map<string, boolean>();
    await fit({
      onProgress: ({ phase, done, total }: ProgressEvent) => ended.set(phase, done === total),
    });
    expect([...ended.keys()]).toHaveLength(5);
    expect([...ended.values()]).not.toContain(false);
    for (const wanted of ended.keys()) {
      const controller = new AbortController();
      const seen = new Set<string>();
      const onProgress = ({ phase }: ProgressEvent) => {
        seen.add(phase);
        if (phase === wanted) controller.abort(new Error("interrupted"));
      };
      await expect(fit({ signal: controller.signal, onProgress })).rejects.toThrow("interrupted");
      expect([...seen].at(-1)).toBe(wanted);
    }
  });
});

describe("the prediction of a language model", () => {
  it("is in the order of the vocabulary, calibrated and raw, and 0 where it has no label", async () => {
    const few = ["Golgi", "ER"] as const;
    const correction = { scale: 1, bias: [0, 3] };
    const { calibrated, raw } = await predictWithModel(
      {
        model: {
          localization: { config: { labels: few } },
          calibration: { probabilities: correction, posterior: correction },
        },
        encode: async () => ({ logits: Float32Array.of(1, 0) }),
      } as unknown as Parameters<typeof predictWithModel>[0],
      "MK",
    );
    const at = (values: ArrayLike<number>, name: Compartment) => values[compartments.indexOf(name)];
    expect(at(raw.probabilities, "ER")).toBe(0.5);
    expect(at(calibrated.probabilities, "ER")).toBeCloseTo(1 / (1 + Math.exp(-3)), 6);
    expect(at(calibrated.posterior, "ER")! > at(calibrated.posterior, "Golgi")!).toBe(true);
    expect(at(raw.posterior, "ER")! < at(raw.posterior, "Golgi")!).toBe(true);
    expect(at(raw.posterior, "mitochondria")).toBe(0);
  });
});
