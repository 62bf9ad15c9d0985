import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NdArray, singleProcess, type Trainer } from "@proteoscope/engine";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LoopConfig, loopSchema } from "./config.ts";
import { runTraining, type TrainingJob } from "./loop.ts";
import { openRunFolder } from "./run-folder.ts";

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), "loop-")), "run");
});
afterEach(() => rm(join(path, ".."), { recursive: true }));

const config: LoopConfig = loopSchema.parse({
  ...{ steps: 10, learningRate: 0.1, warmupSteps: 2, averageDecay: 0.9 },
  ...{ logEvery: 2, validateEvery: 4, checkpointEvery: 3 },
});

const scalarOf = (value: number): NdArray => ({ dtype: "float32", shape: [1], data: Float32Array.of(value) });

// A trainer whose one parameter is a record of every batch it has seen, in order.
function recorder(lossAt: (step: number) => number = (step) => 1 / step) {
  let state = 0;
  let stepCount = 0;
  const trainer: Trainer = {
    get stepCount() {
      return stepCount;
    },
    async step(batch) {
      state = Math.fround(state * 1.5 + (batch!.x!.data as Float32Array)[0]!);
      stepCount++;
      return { "loss.a": lossAt(stepCount) };
    },
    weights: async () => new Map([["w", scalarOf(state)]]),
    checkpoint: async () => new Map([["parameters.w", scalarOf(state)]]),
    async restore(checkpoint, step) {
      state = (checkpoint.get("parameters.w")!.data as Float32Array)[0]!;
      stepCount = step;
    },
    close: async () => {},
  };
  return trainer;
}

function job(changes: Partial<TrainingJob> & { lossAt?: (step: number) => number } = {}): TrainingJob {
  const trainer = recorder(changes.lossAt);
  return {
    trainer,
    config,
    collective: singleProcess,
    batches: async (step) => [{ x: scalarOf(step + 1) }],
    validate: async () => ({ accuracy: trainer.stepCount === 4 ? 0.9 : 0.5 }),
    best: { score: "accuracy", mode: "max" },
    files: async () => new Map([["weights.txt", `step ${trainer.stepCount}`]]),
    ...changes,
  };
}

async function run(one: TrainingJob, options: Parameters<typeof runTraining>[2] = {}, resume = false) {
  const folder = await openRunFolder(path, { config: resume ? undefined : "" });
  try {
    return await runTraining(one, folder, options);
  } finally {
    await folder.close();
  }
}

const finalState = async () => readFile(join(path, "checkpoints", "step-10.safetensors"));
const metrics = async () => {
  const lines = (await readFile(join(path, "metrics.jsonl"), "utf8")).trim().split("\n");
  return lines.map((line) => JSON.parse(line));
};

describe("runTraining", () => {
  it("logs means, validates and checkpoints when they are due", async () => {
    expect(await run(job())).toBe("finished");
    const lines = await metrics();
    const logged = lines.filter((line) => "loss.a" in line);
    expect(logged.map(({ step }) => step)).toEqual([2, 4, 6, 8, 10]);
    expect(logged[1]["loss.a"]).toBeCloseTo((1 / 3 + 1 / 4) / 2, 12);
    expect(logged[0].stepMs).toBeGreaterThanOrEqual(0);
    const validated = lines.filter((line) => "validation.accuracy" in line);
    expect(validated.map(({ step }) => step)).toEqual([4, 8, 10]);
  });

  it("stores the model of the best score, and its checkpoint", async () => {
    await run(job());
    expect(await readFile(join(path, "model", "weights.txt"), "utf8")).toBe("step 4");
    expect(await readdir(join(path, "checkpoints"))).toContain("step-4.safetensors");
  });

  it("stores the latest model where no score is named", async () => {
    const { best, ...rest } = job();
    await run(rest);
    expect(await readFile(join(path, "model", "weights.txt"), "utf8")).toBe("step 10");
  });

  it("stores the model of the smallest score in the mode min", async () => {
    await run(job({ best: { score: "accuracy", mode: "min" } }));
    expect(await readFile(join(path, "model", "weights.txt"), "utf8")).toBe("step 8");
  });

  it("writes a picture at each validation", async () => {
    await run(job({ samples: async () => Uint8Array.of(1) }));
    expect((await readdir(join(path, "samples"))).sort()).toEqual([
      ...["step-10.png", "step-4.png", "step-8.png"],
    ]);
  });

  it("reports each step", async () => {
    const steps: number[] = [];
    await run(job(), { onProgress: ({ step, totalSteps }) => steps.push(step * 100 + totalSteps) });
    expect(steps).toEqual(Array.from({ length: 10 }, (_, i) => (i + 1) * 100 + 10));
  });

  it("saves and stops when it is interrupted, and continues to the same end", async () => {
    await run(job());
    const whole = await finalState();
    await rm(path, { recursive: true });
    const controller = new AbortController();
    const onProgress = ({ step }: { step: number }) => step === 5 && controller.abort();
    expect(await run(job(), { signal: controller.signal, onProgress })).toBe("interrupted");
    expect(await readdir(join(path, "checkpoints"))).toContain("step-5.safetensors");
    expect(await run(job(), {}, true)).toBe("finished");
    expect(await finalState()).toEqual(whole);
  });

  it("continues to the same end from the last checkpoint of a run that was killed", async () => {
    await run(job());
    const whole = await finalState();
    const wholeMetrics = (await metrics()).map(({ time, stepMs, ...rest }) => rest);
    await rm(path, { recursive: true });
    const killed = {
      batches: async (step: number) =>
        step === 8 ? Promise.reject(new Error("killed")) : [{ x: scalarOf(step + 1) }],
    };
    await expect(run(job(killed))).rejects.toThrow("killed");
    expect((await metrics()).at(-1).step).toBe(8);
    expect(await run(job(), {}, true)).toBe("finished");
    expect(await finalState()).toEqual(whole);
    // Means since the last line, which fell between a checkpoint and the kill, hold fewer steps.
    const resumed = (await metrics()).map(({ time, stepMs, ...rest }) => rest);
    expect(resumed.map(({ step }) => step)).toEqual(wholeMetrics.map(({ step }) => step));
    expect(await readFile(join(path, "model", "weights.txt"), "utf8")).toBe("step 4"); // the best before the kill
  });

  it("does nothing more when it is already finished", async () => {
    await run(job());
    const never = { batches: () => Promise.reject(new Error("asked for a batch")) };
    expect(await run(job(never), {}, true)).toBe("finished");
  });

  it("stops at a loss that is no number, and leaves the last checkpoint as it is", async () => {
    const lossAt = (step: number) => (step === 7 ? Number.NaN : 1);
    await expect(run(job({ lossAt }))).rejects.toThrow(
      /loss\.a is NaN at step 7: begin again in another folder/,
    );
    expect((await readdir(join(path, "checkpoints"))).sort()).toEqual([
      ...["step-4.safetensors", "step-6.safetensors"],
    ]);
  });
});
