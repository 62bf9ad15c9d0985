import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { writeAtlas } from "../../testing/atlas-fixture.ts";
import { writeSequenceModel } from "../../testing/finished-networks.ts";
import { expectSameCheckpoint, tensorsOf, trainRun } from "../../testing/training-run.ts";

vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let finished: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plm-head-"));
  atlas = await writeAtlas();
  finished = await writeSequenceModel(join(folder, "finished"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

async function run(name: string, steps: number, overrides: readonly string[] = [], killAt?: number) {
  const config = {
    model: { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, frozen: true },
    head: {
      ...{ hidden_size: 16, attention_heads: 2, terminus_window: 4, dropout: 0.05 },
      motifs: { widths: [1, 3], channels: 4, size: 8 },
    },
    data: {
      ...{ lengths: [32], batch_size: 8, validation_count: 12 },
      ...{ weight_of_human: 1, weight_of_opencell: 1 },
    },
    loss: { localization: 1, max_positive_weight: 2 },
    train: {
      ...{ steps, learning_rate: 0.01, warmup_steps: 3, average_decay: 0.8, start_from: finished },
      ...{ log_every: 5, validate_every: steps, checkpoint_every: 4 },
    },
  };
  const setup = { trainer: "plm", config, atlas: atlas.path, folder } as const;
  const { path, progress } = await trainRun(setup, name, { overrides, killAt });
  return { path, losses: progress.map(({ scores }) => scores["loss.localization"]!) };
}

describe("train plm with a frozen language model", () => {
  it("trains a new head, which reads motifs, and leaves the language model as it was", async () => {
    const { path, losses } = await run("head", 80);
    expect(losses.at(-1)).toBeLessThan(0.3 * losses[0]!);
    const file = "plm/model.safetensors";
    const [before, after] = [
      await tensorsOf(join(finished, file)),
      await tensorsOf(join(path, "model", file)),
    ];
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, { data }] of before) expect(after.get(name)!.data, name).toEqual(data);
    const head = JSON.parse(await readFile(join(path, "model/localization/config.json"), "utf8"));
    expect(head).toMatchObject({ window_residues: 30, motifs: { widths: [1, 3], channels: 4, size: 8 } });
    const names = [...(await tensorsOf(join(path, "model/localization/model.safetensors"))).keys()];
    expect(names).toContain("localization.motifs.found.0.weight");
  });

  it("begins with the head of an earlier run that has the same configuration", async () => {
    const first = await run("first", 40);
    const next = await run("next", 5, [`train.start_from=${join(first.path, "model")}`]);
    expect(next.losses[0]).toBeLessThan(0.7 * first.losses[0]!);
  });

  it("continues after a kill bit for bit", async () => {
    const overrides = ["augment.deleted_residues=2"];
    const whole = await run("whole", 6, overrides);
    const killed = await run("killed", 6, overrides, 5);
    await expectSameCheckpoint(whole.path, killed.path, 6);
  });

  it("needs a language model, and one length", async () => {
    await expect(run("none", 1, ["train.start_from=null"])).rejects.toThrow(/train\.start_from/);
    await expect(run("lengths", 1, ["data.lengths=[16, 32]"])).rejects.toThrow(/data\.lengths/);
  });
});
