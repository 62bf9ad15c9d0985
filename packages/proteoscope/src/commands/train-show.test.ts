import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runWords } from "../testing/model-folder.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "train-show-"));
  writeFileSync(join(folder, "config.yaml"), "trainer: plm\natlas: /a\ntrain:\n  steps: 20\n");
  const lines = [10, 20].map((step) => JSON.stringify({ step, "loss.plm": 4 - step / 10, stepMs: 20 }));
  const validation = JSON.stringify({ step: 20, "validation.tokens": 2.5 });
  writeFileSync(join(folder, "metrics.jsonl"), `${lines.join("\n")}\n${validation}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("proteoscope train show", () => {
  it("prints a finished run once, and writes its page", async () => {
    const page = join(folder, "curves.html");
    const { exitCode, stdout } = await runWords(["train", "show", folder, "-o", page], { isTTY: true });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/plm, step 20 of 20\nloss\.plm +2\.000 .*\nvalidation\.tokens +2\.500/);
    expect(readFileSync(page, "utf8")).toContain("<polyline");
  });

  it("prints an unfinished run once where it is not a terminal, and gives numbers as JSON", async () => {
    writeFileSync(join(folder, "config.yaml"), "trainer: plm\natlas: /a\ntrain:\n  steps: 2000\n");
    const shown = await runWords(["train", "show", folder]);
    expect(shown.stdout).toMatch(/step 20 of 2000, 40s left/);
    const { stdout } = await runWords(["train", "show", folder, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([
      { trainer: "plm", step: 20, total_steps: 2000, scores: { "loss.plm": 2, "validation.tokens": 2.5 } },
    ]);
  });

  it.each([
    [["train", "show"], /name a run folder/],
    [["train", "show", tmpdir()], /holds no run/],
  ])("refuses %j", async (words, message) => {
    const { exitCode, stderr } = await runWords(words);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});
