import { type ChildProcess, spawn } from "node:child_process";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../packages/formats/src/arrays/safetensors.ts";
import { writeAtlas } from "../../packages/lab/src/testing/atlas-fixture.ts";

// A tiny run of the real command, in a process of its own: what an interrupt leaves, and what comes of it.

const command = join(import.meta.dirname, "../../packages/proteoscope/bin/proteoscope.mjs");
const steps = 60;

let atlas: Awaited<ReturnType<typeof writeAtlas>>;
let config: string;
beforeAll(async () => {
  atlas = await writeAtlas();
  config = join(atlas.path, "plm.yaml");
  const text = {
    model: { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2 },
    head: { hidden_size: 16, attention_heads: 1, terminus_window: 8, dropout: 0.1 },
    data: { lengths: [48], batch_size: 4, weight_of_human: 1, weight_of_opencell: 1, validation_count: 8 },
    loss: { localization: 1, max_positive_weight: 2 },
    train: {
      ...{ steps, learning_rate: 0.01, warmup_steps: 2, average_decay: 0.9 },
      ...{ log_every: 1, validate_every: 25, checkpoint_every: 3 },
    },
  };
  await writeFile(config, JSON.stringify(text));
});
afterAll(() => rm(atlas.path, { recursive: true }));

const runPath = (name: string) => join(atlas.path, name);
const beginning = (name: string) => ["plm", "--config", config, "--data", atlas.path, "-o", runPath(name)];

function train(words: string[]): { child: ChildProcess; ended: Promise<number | NodeJS.Signals> } {
  const child = spawn(process.execPath, [command, "train", ...words], { stdio: "ignore" });
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.on("exit", (code, signal) => resolve(code ?? signal!)),
  );
  return { child, ended };
}

/** Waits until a run has taken so many steps. */
async function untilStep(name: string, step: number): Promise<void> {
  const file = join(runPath(name), "metrics.jsonl");
  for (;;) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (text.includes(`{"step":${step},`)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function lastCheckpoint(name: string) {
  const path = join(runPath(name), "checkpoints", `step-${steps}.safetensors`);
  return readSafetensors(await readFile(path)).tensors;
}

describe("proteoscope train", () => {
  it("saves at an interrupt, exits with 130, and goes on", async () => {
    const { child, ended } = train(beginning("interrupted"));
    await untilStep("interrupted", 4);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    const lines = (await readFile(join(runPath("interrupted"), "metrics.jsonl"), "utf8")).trim().split("\n");
    const { step } = JSON.parse(lines.at(-1)!);
    expect(step).toBeLessThan(steps);
    await stat(join(runPath("interrupted"), "checkpoints", `step-${step}.safetensors`));
    expect(await train(["plm", "-o", runPath("interrupted"), "--resume"]).ended).toBe(0);
    expect(await train(beginning("whole")).ended).toBe(0);
    const whole = await lastCheckpoint("whole");
    const resumed = await lastCheckpoint("interrupted");
    for (const [name, { data }] of whole) expect(resumed.get(name)!.data, name).toEqual(data);
  });

  it("keeps a second process out of a run", async () => {
    const { child, ended } = train([...beginning("busy"), "train.steps=100000"]);
    await untilStep("busy", 1);
    expect(await train(["plm", "-o", runPath("busy"), "--resume"]).ended).toBe(2);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
  });
});
