import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { memoryFolder } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nucleusOfLibrary } from "../generate/nuclei.ts";
import { readModel, readModelNuclei } from "../model/read-model.ts";
import { openProteinEncoder } from "../protein/encoder.ts";
import { randomModelFiles, tinyShape } from "../testing/tiny-model.ts";
import { openCellImager } from "./cell-images.ts";
import { type MutateResult, mutate } from "./mutate.ts";
import type { ExperimentStep } from "./parts.ts";
import { type ScanNetworks, scan } from "./scan.ts";
import type { ScanRequest } from "./scan-plan.ts";
import { openSequencePredictor } from "./sequence-predictor.ts";
import { variantSheet } from "./variant-sheet.ts";
import { parseVariant } from "./variants.ts";

const known = [{ name: "golgi_apparatus", grade: 3 }];
const annotated = "MKRPAATKKAGQAKKKKLDKMKTAYIAK";
const folder = memoryFolder(randomModelFiles({ ...tinyShape, homolog: annotated, annotated: known }), "tiny");
let runtime: Runtime;
let networks: Required<ScanNetworks> & { imager: NonNullable<ScanNetworks["imager"]> };
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  const model = await readModel(folder);
  networks = {
    predictor: await openSequencePredictor(runtime, model),
    imager: openCellImager(runtime, model),
  };
});
afterAll(() => runtime.close());

const protein = { id: "TOY", sequence: annotated };
const request: ScanRequest = {
  protein,
  mode: "delete",
  windowResidues: 6,
  strideResidues: 4,
  draws: 70,
  seed: 1,
};

async function cellsOf(samples: number, nuclei = 2) {
  const library = await readModelNuclei(folder);
  const settings = { samples, steps: 2, sampler: "ddim" as const, guidance: 1, seed: 0 };
  return { nuclei: Array.from({ length: nuclei }, (_, seed) => nucleusOfLibrary(library, seed)), settings };
}

/** Runs an experiment on stored parts, and stops after `most` new ones. */
async function run<Result>(
  start: (find: (name: string) => Promise<Uint8Array | undefined>) => AsyncIterable<ExperimentStep<Result>>,
  stored = new Map<string, Uint8Array>(),
  most = Infinity,
): Promise<{ result: Result | undefined; stored: Map<string, Uint8Array>; computed: number }> {
  let computed = 0;
  for await (const step of start(async (name) => stored.get(name))) {
    if ("result" in step) return { result: step.result, stored, computed };
    stored.set(step.part.name, step.part.data);
    if (++computed === most) break;
  }
  return { result: undefined, stored, computed };
}

describe("a scan", () => {
  it("has an effect, a p and a q for every window, and the label of the wild type by name", async () => {
    const { result } = await run((find) => scan(networks, request, { find }));
    const { windows, null: summary, wildTypeAnnotation, tail } = result!;
    expect(windows.map(({ first, last }) => [first, last])).toEqual([
      [2, 7],
      [6, 11],
      [10, 15],
      [14, 19],
      [18, 23],
      [22, 27],
      [23, 28],
    ]);
    expect(windows[0]!.residues).toBe(annotated.slice(1, 7));
    expect(summary).toMatchObject({ draws: 70, lengthMatched: 35, shuffles: 35 });
    for (const { p, q, effect, change } of windows) {
      expect(p >= 1 / 71 && p <= q && q <= 1).toBe(true);
      expect(effect).toBeGreaterThan(0);
      expect(Math.hypot(...Object.values(change))).toBeGreaterThan(0);
    }
    expect(wildTypeAnnotation).toMatchObject({ gene: "KNOWN", annotations: [{ compartments: known }] });
    expect(tail).toBe("large");
  });

  it("predicts without homologs, though the protein has one", async () => {
    const sequence = `${annotated.slice(0, 16)}WWHWWHHWWHHHWWHH`;
    const other = { ...request, protein: { id: "TOY", sequence } };
    const { result } = await run((find) => scan(networks, other, { find }));
    const model = await readModel(folder);
    const [alone, context] = [
      await openProteinEncoder(runtime, { ...model, homologs: undefined }),
      await openProteinEncoder(runtime, model),
    ];
    const expected = (await alone.encode(sequence)).probabilities;
    const looked = (await context.encode(sequence)).probabilities;
    for (const [label, p] of Object.entries(result!.wildType)) expect(p).toBeCloseTo(expected[label]!, 5);
    expect(result!.wildType.golgi_apparatus).not.toBeCloseTo(looked.golgi_apparatus!, 2);
    await Promise.all([alone.close(), context.close()]);
  });

  it("that goes on from any of its parts ends in the same result", async () => {
    const { result: whole, computed: parts } = await run((find) => scan(networks, request, { find }));
    expect(parts).toBeGreaterThan(1);
    const { stored, result: none } = await run((find) => scan(networks, request, { find }), undefined, 1);
    expect(none).toBeUndefined();
    const { result, computed } = await run((find) => scan(networks, request, { find }), stored);
    expect(computed).toBe(parts - 1);
    expect(JSON.stringify(result)).toBe(JSON.stringify(whole));
  });

  it("with images compares them on the same nuclei with a null of their own", async () => {
    const images = { ...(await cellsOf(2)), draws: 5 };
    const small = { ...request, strideResidues: 14, draws: 25, images };
    const { result, stored } = await run((find) => scan(networks, small, { find }));
    expect(result!.imageNull!.draws).toBe(5);
    for (const window of result!.windows) {
      expect(window.images!.mean).toBeGreaterThan(0);
      const [low, high] = window.images!.interval95!;
      expect(low <= window.images!.mean && window.images!.mean <= high).toBe(true);
    }
    const names = [...stored.keys()].filter((name) => name.startsWith("images"));
    expect(names).toHaveLength(1 + result!.windows.length + 2 * 5);
  }, 120_000);

  it("of fragments looks for small effects", async () => {
    const { result } = await run((find) => scan(networks, { ...request, mode: "fragment" }, { find }));
    const sorted = [...result!.windows].sort((a, b) => a.effect - b.effect);
    expect(result!.tail).toBe("small");
    expect(sorted[0]!.p).toBeLessThanOrEqual(sorted.at(-1)!.p);
  });

  it("ends at an abort, and reports its progress", async () => {
    const controller = new AbortController();
    const events: string[] = [];
    const work = run((find) =>
      scan(networks, request, {
        find,
        signal: controller.signal,
        onProgress: ({ phase, done, total }) => {
          events.push(`${phase} ${done}/${total}`);
          controller.abort(new Error("enough"));
        },
      }),
    );
    await expect(work).rejects.toThrow("enough");
    expect(events).toEqual(["sequences 64/92"]);
  });
});

describe("a comparison of variants", () => {
  it("has both probabilities, their change with intervals, and a null for each variant", async () => {
    const cells = await cellsOf(2);
    const variants = ["K2A", "del:2-9"].map((name) => parseVariant(name, protein));
    const { result } = await run<MutateResult>((find) =>
      mutate(networks, { protein, variants, draws: 25, seed: 0, cells }, { find }),
    );
    const { wildType, variants: compared, wildTypeAnnotation } = result!;
    expect(wildTypeAnnotation).toMatchObject({ gene: "KNOWN" });
    expect(compared.map(({ name, residues }) => [name, residues])).toEqual([
      ["K2A", 28],
      ["del:2-9", 20],
    ]);
    for (const variant of compared) {
      expect(variant.null).toMatchObject({ draws: 25, lengthMatched: 15, shuffles: 10 });
      for (const [label, change] of Object.entries(variant.change))
        expect(change).toBeCloseTo(variant.predicted[label]! - wildType.predicted[label]!, 12);
      for (const [label, { mean, interval95 }] of Object.entries(variant.classifiedChange)) {
        expect(mean).toBeCloseTo(variant.classified[label]!.mean - wildType.classified[label]!.mean, 6);
        expect(interval95![0]).toBeLessThanOrEqual(interval95![1]);
      }
      expect(variant.imageDistance.mean).toBeGreaterThan(0);
    }
    const sheet = variantSheet(result!, cells);
    expect(sheet.width).toBe(5 * 80 + 6 * 6);
    expect(sheet.height).toBeGreaterThan(2 * 80);
  }, 120_000);
});
