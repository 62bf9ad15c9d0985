import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { curveLines, sparkline } from "./curve-lines.ts";
import { curvesPage } from "./curves-page.ts";
import { type RunRecord, readRun } from "./read-run.ts";

let folder: string;
let record: RunRecord;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "show-"));
  await writeFile(join(folder, "config.yaml"), "trainer: plm\natlas: /a\ntrain:\n  steps: 40\n");
  const lines = [10, 20, 30].map((step) =>
    JSON.stringify({ step, time: "2026-01-01", "loss.plm": 3 - step / 20, stepMs: 500 }),
  );
  const validation = JSON.stringify({ step: 20, "validation.tokens": 2.5, "validation.seen.tokens": 2.25 });
  await writeFile(join(folder, "metrics.jsonl"), `${lines.join("\n")}\n${validation}\n{"step": 31, "lo`);
  await mkdir(join(folder, "samples"));
  for (const step of [9, 20, 100]) await writeFile(join(folder, `samples/step-${step}.png`), "png");
  record = await readRun(folder);
});
afterAll(() => rm(folder, { recursive: true }));

describe("readRun", () => {
  it("says how far a run is, and its scores as curves, without the line that is being written", () => {
    expect(record).toMatchObject({ trainer: "plm", step: 30, totalSteps: 40, secondsLeft: 5 });
    expect(record.curves.map(({ name }) => name)).toEqual([
      ...["loss.plm", "stepMs", "validation.tokens", "validation.seen.tokens"],
    ]);
    expect(record.curves[0]!.points).toEqual([10, 20, 30].map((step) => ({ step, value: 3 - step / 20 })));
    expect(record.samples.at(-1)).toMatch(/step-100\.png$/);
  });

  it("refuses a folder without a run", async () => {
    await expect(readRun(join(folder, "samples"))).rejects.toThrow(/holds no run/);
  });
});

describe("a run in a terminal", () => {
  it("is a line per score, with its last value and its course", () => {
    const lines = curveLines(record, 60);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^loss\.plm +1\.500 {2}█▅▁$/);
  });

  it("has means of steps where there are more than characters", () => {
    const points = Array.from({ length: 100 }, (_, step) => ({ step, value: step < 50 ? 0 : 1 }));
    expect(sparkline({ name: "x", points }, 4)).toBe("▁▁██");
    expect(sparkline({ name: "x", points: points.slice(0, 1) }, 4)).toBe("▁");
  });
});

describe("the page of curves", () => {
  it("stands alone and has a panel per score, with training and validation in one", () => {
    const page = curvesPage([{ ...record, sample: Uint8Array.of(1, 2, 3) }]);
    expect(page).not.toMatch(/(src|href)="(?!data:)/);
    expect(page.match(/<figcaption>(.*?)<\/figcaption>/g)).toHaveLength(4); // loss, stepMs, tokens, the samples
    expect(page.match(/class="validation"/g)).toHaveLength(2);
    expect(page).toContain("data:image/png;base64,AQID");
    expect(page).not.toContain('http-equiv="refresh"');
    expect(curvesPage([{ ...record, sample: undefined }], { refreshSeconds: 10 })).toContain("refresh");
  });

  it("escapes what a run is called", () => {
    const page = curvesPage([{ ...record, path: "<script>", sample: undefined }]);
    expect(page).not.toContain("<script>");
  });
});
