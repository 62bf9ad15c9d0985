import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readPng } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorkplace, runWords, type Workplace } from "../testing/model-folder.ts";

let workplace: Workplace;
beforeAll(() => {
  workplace = createWorkplace();
});
afterAll(() => workplace.remove());

const words = (...more: string[]) => [
  ...["sweep", "MKTAYIAKQRQISFVKSHFSRQ", "--model", workplace.model, "--device", "cpu", "--steps", "2"],
  ...more,
];

describe("proteoscope sweep", () => {
  it("draws a column for each weight of the sequence, and says what is seen in each", async () => {
    const output = join(workplace.path, "sweep.png");
    const { exitCode, stdout } = await runWords(words("--guidance", "0, 1,5", "--json", "-o", output));
    expect(exitCode).toBe(0);
    const { drawings } = JSON.parse(stdout);
    expect(drawings.map(({ guidance }: { guidance: number }) => guidance)).toEqual([0, 1, 5]);
    const [none, , most] = drawings.map(({ seen }: { seen: object }) => seen);
    expect(none).not.toEqual(most);
    const { width, height } = readPng(readFileSync(output));
    expect(width).toBe(3 * 80 + 4 * 6);
    expect(height).toBeGreaterThan(80);
  }, 240_000);

  it("refuses weights that are none, and more steps than there are", async () => {
    const wrong = await runWords(words("--guidance", "1,two"));
    expect(wrong).toMatchObject({ exitCode: 2 });
    expect(wrong.stderr).toMatch(/guidance.*two/);
    const many = await runWords(words("--steps", "1001"));
    expect(many.stderr).toMatch(/--steps is at most 1000 for ddim/);
  }, 240_000);
});
