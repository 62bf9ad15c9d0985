import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  add,
  type Collective,
  f32,
  float32,
  meanSquaredError,
  mul,
  ones,
  type Runtime,
  zeros,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { createRendezvous } from "@proteoscope/engine/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkConfig } from "../config/compose.ts";
import { writeAtlas } from "../testing/atlas-fixture.ts";
import { brightness, brightnessSchema } from "../testing/toy-trainer.ts";
import { loopSchema } from "./config.ts";
import { createTrainingJob, type TrainedNetwork } from "./define-trainer.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime();
});
afterAll(() => runtime.close());

const number = (value: number) => float32([1], Float32Array.of(value));
const train = loopSchema.parse({
  ...{ steps: 20, learningRate: 0.1, warmupSteps: 0, averageDecay: 0, weightDecay: 0 },
  ...{ logEvery: 10, validateEvery: 10, checkpointEvery: 10 },
});
const config = { train };

/** Learns y = a * x + b of two parameters, which begin at 1 and 0. */
const inputs = { x: f32(1), y: f32(1) };
type Line = TrainedNetwork<typeof inputs, "line">;
const line = (changes: Partial<Line> = {}): Line => ({
  inputs,
  model(w, { x, y }) {
    const scope = w.at("line");
    const predicted = add(mul(scope.parameter("a", [1], ones), x), scope.parameter("b", [1], zeros));
    return { losses: { line: meanSquaredError(predicted, y) } };
  },
  groups: { line: {} },
  earlierWeights: async () => new Map(),
  batch: async (index) => ({ x: number((index % 3) - 1), y: number(3 * ((index % 3) - 1) + 2) }),
  validate: async (weights) => ({ a: weights.get("line.a")!.data[0] as number }),
  files: async (weights) => new Map([...weights].map(([name, { data }]) => [name, String(data[0])])),
  ...changes,
});

async function weightsAfter(
  steps: number,
  changes: Partial<Line>,
  preparation: { config?: typeof config; collective?: Collective } = {},
): Promise<ReadonlyMap<string, unknown>> {
  const job = await createTrainingJob({ runtime, config, ...preparation }, line(changes));
  for (let step = 0; step < steps; step++) await job.trainer.step(...(await job.batches(step)));
  const files = await job.files();
  await job.close!();
  return files;
}

describe("createTrainingJob", () => {
  it("trains everything by default, and validates and stores the averaged weights", async () => {
    const job = await createTrainingJob({ runtime, config }, line());
    for (let step = 0; step < 20; step++) await job.trainer.step(...(await job.batches(step)));
    const files = await job.files();
    expect(Number(files.get("line.a"))).toBeGreaterThan(1.5);
    expect(Number(files.get("line.b"))).toBeGreaterThan(0.5);
    expect(String((await job.validate()).a)).toBe(files.get("line.a"));
    await job.close!();
  });

  it("trains the parameters below a prefix alone, with frozen values for the others", async () => {
    const files = await weightsAfter(10, {
      groups: { line: { prefix: "line.a" } },
      frozen: new Map([["line.b", number(2)]]),
    });
    expect(files.get("line.b")).toBe("2");
    expect(Number(files.get("line.a"))).toBeGreaterThan(1.3);
    await expect(weightsAfter(0, { groups: { line: { prefix: "line.a" } } })).rejects.toThrow(/line\.b/);
  });

  it("trains the chosen parameters of a group alone, and leaves the others at their initial values", async () => {
    const isTrained = (name: string) => name === "line.b";
    const files = await weightsAfter(10, { groups: { line: { isTrained } } });
    expect(files.get("line.a")).toBe("1");
    expect(Number(files.get("line.b"))).toBeGreaterThan(0.3);
  });

  it("begins with the weights of an earlier run where the configuration names one", async () => {
    const earlierWeights = async () => new Map([["line.a", number(7)]]);
    expect((await weightsAfter(0, { earlierWeights })).get("line.a")).toBe("1");
    const later = { train: { ...train, startFrom: "earlier" } };
    const job = await createTrainingJob({ runtime, config: later }, line({ earlierWeights }));
    expect([...(await job.files())]).toEqual([
      ["line.a", "7"],
      ["line.b", "0"],
    ]);
    await job.close!();
  });

  it("counts micro-batches through the whole run", async () => {
    const seen: number[] = [];
    const batch = async (index: number) => {
      seen.push(index);
      return { x: number(1), y: number(index) };
    };
    await weightsAfter(2, { batch }, { config: { train: { ...train, accumulate: 3 } } });
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("shares the micro-batches of a step among processes, and refuses a number that they cannot share", async () => {
    const seen: number[][] = [[], []];
    const ofTwo = { train: { ...train, accumulate: 4 } };
    const runtimes = [runtime, await openRuntime({ device: "cpu", threads: 1 })];
    const files = await Promise.all(
      createRendezvous(2).map(async (collective, rank) => {
        const batch = async (index: number) => {
          seen[rank]!.push(index);
          return line().batch(index);
        };
        const preparation = { runtime: runtimes[rank]!, config: ofTwo, collective };
        const job = await createTrainingJob(preparation, line({ batch }));
        for (let step = 0; step < 2; step++) await job.trainer.step(...(await job.batches(step)));
        const result = [...(await job.files())];
        await job.close!();
        return result;
      }),
    );
    await runtimes[1]!.close();
    expect(seen).toEqual([
      [0, 1, 4, 5],
      [2, 3, 6, 7],
    ]);
    expect(files[1]).toEqual(files[0]);
    const alone = await weightsAfter(2, {}, { config: ofTwo });
    for (const [name, value] of files[0]!) expect(Number(value)).toBeCloseTo(Number(alone.get(name)), 6);

    const [first] = createRendezvous(2);
    const odd = { config: { train: { ...train, accumulate: 3 } }, collective: first! };
    await expect(weightsAfter(0, {}, odd)).rejects.toThrow(/2 processes cannot share 3 micro-batches/);
  });

  it("closes what the preparation opened", async () => {
    let closed = 0;
    const close = async () => {
      closed++;
    };
    await weightsAfter(0, { close });
    expect(closed).toBe(1);
  });
});

describe("the trainer of the how-to", () => {
  it("is quoted there as it stands here", async () => {
    const text = await readFile(join(import.meta.dirname, "../testing/toy-trainer.ts"), "utf8");
    const code = /\/\/ begin\n(.*)\/\/ end\n/s.exec(text)![1]!;
    const guide = await readFile(
      join(import.meta.dirname, "../../../../docs/how-to/add-a-trainer.md"),
      "utf8",
    );
    expect(guide).toContain(`\`\`\`ts\n${code}\`\`\`\n`);
  });

  it("learns", async () => {
    const atlas = await writeAtlas();
    const given = {
      data: {
        ...{ batch_size: 4, compartment_balance: 0, source_balance: 0, validation_count: 4 },
        blend_share: { start: 0, end: 0 },
      },
      train: {
        ...{ steps: 30, learning_rate: 0.01, warmup_steps: 0, average_decay: 0 },
        ...{ log_every: 10, validate_every: 10, checkpoint_every: 10 },
      },
    };
    const config = checkConfig(brightnessSchema, given);
    const job = await brightness.prepare({ runtime, config, atlas: atlas.path });
    const before = (await job.validate()).loss!;
    for (let step = 0; step < 30; step++) await job.trainer.step(...(await job.batches(step)));
    expect((await job.validate()).loss).toBeLessThan(0.2 * before);
    expect([...(await job.files()).keys()]).toEqual([
      "brightness/config.json",
      "brightness/model.safetensors",
    ]);
    await job.close!();
    await atlas.remove();
  });
});
