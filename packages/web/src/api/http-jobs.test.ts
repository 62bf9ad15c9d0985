import type * as Api from "@proteoscope/server/api";
import { describe, expect, it } from "vitest";
import { fromApiJob, fromApiResult, toApiRequest } from "./http-jobs.ts";
import type { JobRequest } from "./types.ts";

const protein = { id: "COX8A", description: "a subunit", sequence: "MSVLTPLLLRGLTGSARRLPVPRAK" };
const settings = { samples: 2, steps: 15, guidance: 3, sampler: "dpm++", seed: 7 } as const;
const nuclei = ["library:0", "library:1"];
const requests: JobRequest[] = [
  { kind: "generate", proteins: [protein], nuclei, settings },
  { kind: "mutate", protein, variants: ["del:2-5"], nuclei, settings, draws: 40 },
  { kind: "scan", protein, mode: "delete", window: 10, stride: 5, draws: null, seed: 1 },
];
const jobOf = (request: JobRequest, changes: object = {}) =>
  ({
    ...{ id: "01933c5e-9f3a-7c1e-8a54-0123456789ab", state: "queued", label: "COX8A", queuePosition: 3 },
    ...{ progress: null, preview: null, created: "2026-11-30T10:00:00.000Z", started: null, finished: null },
    ...{
      model: "1f0c9a2b00000000",
      attempts: 0,
      error: null,
      command: null,
      result: null,
      ...toApiRequest(request),
      ...changes,
    },
  }) as Api.Job;
const file = (letter: string) => `/api/v1/files/${letter.repeat(64)}.f32`;

describe("jobs between the server and the page", () => {
  it.each(requests)("keep the request of $kind on the way there and back", (request) => {
    expect(fromApiJob(jobOf(request))!.request).toEqual(request);
  });

  it("count the jobs before one that waits from 0, and keep progress and reasons", () => {
    expect(fromApiJob(jobOf(requests[0]!))!.position).toBe(2);
    const progress = {
      phase: "a",
      done: 3,
      total: 9,
      unit: "steps",
      note: null,
      ratePerSecond: 1,
      etaSeconds: 6,
    };
    const error = { type: "about:blank", title: "t", status: 422, detail: "d", kind: "usage" };
    const job = fromApiJob(jobOf(requests[0]!, { queuePosition: null, progress, error }))!;
    expect(job.position).toBeNull();
    expect(job.progress).toEqual({ done: 3, total: 9, unit: "steps", etaSeconds: 6 });
    expect(job.error).toEqual({ title: "t", detail: "d", kind: "usage", field: null });
  });

  it("leave out the kinds that the page has no view for", () => {
    const request = { protein: { name: "FBL" }, cells: 4, seed: 0, top: 20 };
    expect(fromApiJob(jobOf(requests[0]!, { kind: "retrieve", request }))).toBeNull();
  });

  it("give the cells of a generation with addresses for planes", () => {
    const cell = {
      ...{ name: "COX8A", protein: "COX8A", nucleusId: "library:1", seed: 7, height: 100, width: 100 },
      ...{ pixelSizeMicrons: 0.4126, nucleus: file("a"), medoid: 1, agreement: 0.4, agreementMap: null },
      samples: ["b", "c"].map((letter) => ({
        ...{ protein: file(letter), generatedNucleus: file("d"), composite: file("e") },
        ...{ classified: { mitochondria: 0.9 }, target: null },
      })),
      compartments: { classified: { mitochondria: 0.8 }, predicted: {}, posterior: {}, target: null },
      ...{ sentences: [], provenance: file("f") },
    };
    const { cells } = fromApiResult(jobOf(requests[0]!, { result: { cells: [cell], refused: [] } }));
    const done = fromApiJob(jobOf(requests[0]!, { result: { cells: [cell, cell], refused: [] } }))!;
    expect(done.compartments).toEqual(["mitochondria"]);
    expect(cells).toEqual([
      {
        ...{ protein, variant: null, nucleusId: "library:1", seed: 7, width: 100, height: 100 },
        ...{ pixelSizeMicrometers: 0.4126, nucleus: { url: file("a") }, agreement: 0.4, medoid: 1 },
        samples: [
          { protein: { url: file("b") }, compartments: { mitochondria: 0.9 } },
          { protein: { url: file("c") }, compartments: { mitochondria: 0.9 } },
        ],
        ...{ classified: { mitochondria: 0.8 }, provenance: { address: file("f") } },
      },
    ]);
  });

  it("give the wild type and each variant of a comparison around every nucleus, with the null", () => {
    const interval = (mean: number) => ({ mean, interval95: null });
    const images = (letter: string) =>
      nuclei.map((nucleusId, index) => ({
        ...{ nucleusId, sample: 0, seed: 7 + index, protein: file(letter), composite: file("e") },
      }));
    const compared = (letter: string, share: number) => ({
      ...{ compartment: "ER", predicted: {}, classified: { ER: interval(share) }, images: images(letter) },
    });
    const band = {
      draws: 40,
      median: 0.2,
      deviation: 0.1,
      smallestEffect: 0.6,
      smallestCorrectedEffect: null,
    };
    const variant = {
      ...{ ...compared("c", 0.3), name: "del:2-5", description: "x", residues: 21, sequence: "MPLL" },
      ...{ effect: 1, effectSize: 2, p: 0.01, q: 0.02, null: band, change: { ER: -0.2 } },
      ...{ classifiedChange: {}, imageDistance: interval(1) },
    };
    const result = {
      ...{ protein: { id: "COX8A", residues: 25 }, known: null, omitted: null, height: 10, width: 10 },
      ...{ pixelSizeMicrons: 1, nuclei: nuclei.map((id) => ({ id, nucleus: file("a") })), sheet: file("s") },
      ...{ wildType: compared("b", 0.5), variants: [variant] },
    };
    const { cells, variants } = fromApiResult(jobOf(requests[1]!, { result }));
    expect(cells.map(({ variant, nucleusId, seed }) => [variant, nucleusId, seed])).toEqual([
      [null, "library:0", 7],
      [null, "library:1", 8],
      ["del:2-5", "library:0", 7],
      ["del:2-5", "library:1", 8],
    ]);
    expect(cells[2]!.protein.sequence).toBe("MPLL");
    expect(cells[3]!.samples[0]!.protein).toEqual({ url: file("c") });
    expect(cells[2]!.classified).toEqual({ ER: 0.3 });
    expect(variants![0]!.null).toEqual({ median: 0.2, threshold: 0.6, draws: 40 });
  });

  it("have no cells before they are done", () => {
    for (const request of requests) expect(fromApiResult(jobOf(request))).toEqual({ cells: [] });
  });

  it("keep what a cancelled one had come to", () => {
    const preview = { protein: "COX8A", cell: 0, sample: 0, step: 5, steps: 15, image: file("a") };
    const job = jobOf(requests[0]!, { state: "cancelled", preview });
    const shown = { job: job.id, step: 5, steps: 15, picture: file("a"), planes: null };
    expect(fromApiResult(job)).toEqual({ cells: [], preview: shown });
  });
});
