import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommandLine } from "../cli.ts";
import { recordSurroundings } from "../testing/surroundings.ts";

const run = join(tmpdir(), "proteoscope-train-never-made");
const nowhere = join(tmpdir(), "proteoscope-no-such-atlas");

async function train(...words: string[]) {
  const { surroundings, output } = recordSurroundings();
  const exitCode = await runCommandLine(["train", ...words], surroundings);
  return { exitCode, words: output.stderr.trim() };
}

describe("proteoscope train", () => {
  it.each([
    [["nothing", "-o", run], /cannot train "nothing"; one of plm, autoencoder, .*, diffusion/],
    [["plm", "--data", nowhere], /-o is missing/],
    [["plm", "-o", run], /--data is missing/],
    [["plm", "-o", run, "--data", nowhere, "model.hiden_size=3"], /did you mean model\.hidden_size\?/],
    [["plm", "-o", run, "--data", nowhere, "steps"], /"steps" is not key\.path=value/],
    [["plm", "-o", run, "--resume", "train.steps=5"], /goes on with the run's own configuration/],
    [["plm", "-o", run, "--resume"], /holds no run to resume/],
    [["diffusion", "-o", run, "--data", nowhere], /models/],
  ])("refuses %j in one line", async (args, message) => {
    const { exitCode, words } = await train(...args);
    expect(words).toMatch(message);
    expect(words).not.toContain("\n");
    expect(exitCode).toBe(2);
  });

  it("says that a configuration is not there", async () => {
    const { exitCode, words } = await train(
      "plm",
      "-o",
      run,
      "--data",
      nowhere,
      "--config",
      `${nowhere}.yaml`,
    );
    expect(words).toMatch(/no such file/);
    expect(exitCode).toBe(4);
  });
});
