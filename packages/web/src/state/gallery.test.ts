import { describe, expect, it } from "vitest";
import type { Job, JobRequest } from "../api/types.ts";
import { filterJobs, labelOf, modelsOf, nameModel, namesOf, noFilter } from "./gallery.ts";

const protein = { id: "COX8A", description: "", sequence: "MSVLTPLLLRGLTGSARRLPVPRAK" };
const settings = { samples: 2, steps: 15, guidance: 3, sampler: "dpm++", seed: 7 } as const;
const requests: JobRequest[] = [
  { kind: "generate", proteins: [protein, { ...protein, id: "FBL" }], nuclei: ["library:0"], settings },
  { kind: "mutate", protein, variants: ["del:2-25"], nuclei: ["library:0"], settings, draws: 40 },
  { kind: "scan", protein, mode: "alanine", window: 10, stride: 5, draws: null, seed: 1 },
];
const models = ["1f0c9a2b00000000", "77d01c5e00000000"];
const jobs = requests.map(
  (request, index): Job => ({
    ...{ id: `job${index}`, request, state: index === 1 ? "failed" : "done" },
    ...{ created: `2026-11-0${index + 1}T10:00:00.000Z`, finished: null, position: null },
    ...{ progress: null, error: null, command: null, model: index === 2 ? undefined : models[index] },
    compartments: index === 0 ? ["golgi_apparatus", "nucleoplasm"] : undefined,
  }),
);
const ids = (changes: Partial<typeof noFilter>) =>
  filterJobs(jobs, { ...noFilter, ...changes }).map(({ id }) => id);

describe("a gallery", () => {
  it("shows all jobs, the newest first, where nothing is asked", () => {
    expect(ids({})).toEqual(["job2", "job1", "job0"]);
  });

  it("is restricted by text, kind, state, model and date", () => {
    expect(ids({ text: "fbl" })).toEqual(["job0"]);
    expect(ids({ text: "cox8a del" })).toEqual(["job1"]);
    expect(ids({ text: "seed:7" })).toEqual(["job1", "job0"]);
    expect(ids({ kind: "scan" })).toEqual(["job2"]);
    expect(ids({ state: "failed" })).toEqual(["job1"]);
    expect(ids({ text: "golgi apparatus" })).toEqual(["job0"]);
    expect(ids({ model: models[1]! })).toEqual(["job1"]);
    expect(ids({ since: "2026-11-02" })).toEqual(["job2", "job1"]);
    expect(ids({ text: "nothing of it" })).toEqual([]);
  });

  it("offers the models of its jobs, the one at work by its name", () => {
    expect(modelsOf([...jobs, ...jobs])).toEqual(models);
    const atWork = { name: "proteoscope-mini", sha256: `${models[0]}${"0".repeat(48)}`, limits: [] };
    expect(models.map((model) => nameModel(model, atWork))).toEqual([
      "proteoscope-mini 1f0c9a2b",
      "77d01c5e",
    ]);
    expect(nameModel(models[0]!, undefined)).toBe("1f0c9a2b");
  });

  it("labels a job by what it was asked", () => {
    expect(requests.map(labelOf)).toEqual([
      "COX8A, FBL, 2 samples, seed 7",
      "COX8A: del:2-25",
      "COX8A: alanine, windows of 10",
    ]);
    expect(namesOf(requests[0]!)).toBe("COX8A, FBL");
  });
});
