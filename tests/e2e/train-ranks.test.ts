// Training by several processes over MPI: they take the steps of one process that sees all their micro-batches, a killed
// one ends the others, and the run then goes on exactly. Needs Open MPI's mpirun, which `.ci/run` installs.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type NdArray, readSafetensors } from "@proteoscope/formats";
import { cropRow, writeAtlas } from "@proteoscope/lab/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";
import { proteoscope } from "../recorded/command.ts";
import { recordedRuns } from "../recorded/training-configs.ts";

const hasMpi = spawnSync("mpirun", ["--version"]).status === 0;
const bin = join(repositoryRoot, "packages/proteoscope/bin/proteoscope.mjs");
const asRoot = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
const launcher = ["--oversubscribe", "-n", "2", process.execPath, bin];

const crops = Array.from({ length: 24 }, (_, index) => {
  const primary = index % 2 === 0 ? "nucleoplasm" : "cytoplasm";
  const place = { FOV_id: `field${index}`, split_image: index < 16 ? "train" : "val" };
  const known = { gene: `GENE${index % 4}`, uniprot: `P${index % 4}` };
  return { ...cropRow, index, primary, compartments: `${primary}:1`, ...place, ...known };
});

let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeAll(async () => {
  atlas = await writeAtlas({ crops });
});
afterAll(() => atlas?.remove());

/** Writes the configuration of a recorded run without simulated cells, with changes to its training. */
function writeRunConfig(run: string, changes: object): string {
  const recorded = recordedRuns.find((candidate) => candidate.run === run)!;
  const config = recorded.config as { train: object; data: Record<string, unknown> };
  const { simulated, simulated_share, ...data } = config.data;
  const file = `${run}.yaml`;
  const changed = { ...config, data, train: { ...config.train, ...changes } };
  writeFileSync(join(atlas.path, file), JSON.stringify(changed));
  return file;
}

function trainWords(trainer: string, config: string, output: string): string[] {
  return [
    "train",
    trainer,
    "--config",
    config,
    "--data",
    ".",
    "-o",
    output,
    "--seed",
    "5",
    "--device",
    "cpu",
  ];
}

function trainOnRanks(...words: string[]) {
  const options = { cwd: atlas.path, env: { ...process.env, ...asRoot }, encoding: "utf8" } as const;
  return spawnSync("mpirun", [...launcher, ...words], options);
}

const weightsOf = (run: string, steps: number): ReadonlyMap<string, NdArray> =>
  readSafetensors(readFileSync(join(atlas.path, run, `checkpoints/step-${steps}.safetensors`))).tensors;

/** The losses of each step. */
function lossesOf(run: string): number[] {
  const lines = readFileSync(join(atlas.path, run, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n");
  const records = lines.map((line) => Object.entries(JSON.parse(line) as Record<string, number>));
  return records.flatMap((record) =>
    record.flatMap(([name, value]) => (name.startsWith("loss.") ? [value] : [])),
  );
}

/**
 * The largest difference beside the largest magnitude, over all tensors of a kind. Biases in front of a batch normalisation
 * have no gradient but rounding errors, which Adam makes steps of: they change nothing, and `isIdle` leaves them out.
 */
function largestDifference(
  kind: string,
  found: ReadonlyMap<string, NdArray>,
  wanted: ReadonlyMap<string, NdArray>,
  isIdle: RegExp,
) {
  let [difference, magnitude] = [0, 0];
  expect([...found.keys()]).toEqual([...wanted.keys()]);
  for (const [name, { data }] of wanted) {
    if (!name.startsWith(`${kind}.`) || isIdle.test(name)) continue;
    const others = found.get(name)!.data as Float32Array;
    for (const [i, value] of (data as Float32Array).entries()) {
      difference = Math.max(difference, Math.abs(others[i]! - value));
      magnitude = Math.max(magnitude, Math.abs(value));
    }
  }
  return difference / magnitude;
}

describe.skipIf(!hasMpi)("training by two processes", () => {
  const steps = 50;
  const changes = {
    steps,
    accumulate: 2,
    validate_every: steps,
    checkpoint_every: steps,
    learning_rate: 1e-3,
  };

  beforeAll(() => {
    for (const run of ["plm", "autoencoder"])
      proteoscope(atlas.path, ...trainWords(run, writeRunConfig(run, {}), run).slice(0, -2));
  }, 120_000);

  it.each([
    ["diffusion", /^$/],
    ["cytoself", /^\w+\.encoders\..*\.bias$/],
    ["clip", /^$/],
  ])(
    "takes the steps of one that sees all micro-batches: %s",
    (run, isIdle) => {
      const config = writeRunConfig(run, changes);
      proteoscope(atlas.path, ...trainWords(run, config, `${run}-1`).slice(0, -2));
      const { status, stderr } = trainOnRanks(...trainWords(run, config, `${run}-2`));
      expect(stderr).toMatch(/finished at step 50: \S+\n?$/);
      expect(stderr.match(/finished/g)).toHaveLength(1);
      expect(status).toBe(0);
      const [alone, together] = [lossesOf(`${run}-1`), lossesOf(`${run}-2`)];
      expect(alone.length).toBeGreaterThanOrEqual(steps);
      for (const [i, loss] of alone.entries()) expect(Math.abs(together[i]! / loss - 1)).toBeLessThan(1e-5);
      const [one, two] = [weightsOf(`${run}-1`, steps), weightsOf(`${run}-2`, steps)];
      for (const kind of ["parameters", "average"])
        expect(largestDifference(kind, two, one, isIdle), kind).toBeLessThan(1e-5);
    },
    240_000,
  );

  it("ends when one of them is killed, and then goes on exactly", async () => {
    const config = writeRunConfig("diffusion", { ...changes, checkpoint_every: 5 });
    trainOnRanks(...trainWords("diffusion", config, "whole"));
    const words = trainWords("diffusion", config, "killed");
    const options = { cwd: atlas.path, env: { ...process.env, ...asRoot }, stdio: "ignore" } as const;
    const mpirun = spawn("mpirun", [...launcher, ...words], options);
    const ended = once(mpirun, "exit");
    const checkpoint = join(atlas.path, "killed/checkpoints/step-10.safetensors");
    while (!existsSync(checkpoint) && mpirun.exitCode === null) await setTimeout(20);
    const ranks = spawnSync("pgrep", ["-P", String(mpirun.pid)], { encoding: "utf8" })
      .stdout.trim()
      .split("\n");
    expect(ranks).toHaveLength(2);
    process.kill(Number(ranks.at(-1)), "SIGKILL");
    const killed = performance.now();
    expect((await ended)[0]).not.toBe(0);
    expect(performance.now() - killed).toBeLessThan(10_000);
    const { status } = trainOnRanks("train", "diffusion", "-o", "killed", "--resume", "--device", "cpu");
    expect(status).toBe(0);
    const file = (run: string) =>
      readFileSync(join(atlas.path, run, `checkpoints/step-${steps}.safetensors`));
    expect(file("killed").equals(file("whole"))).toBe(true);
  }, 240_000);

  it("that cannot share the micro-batches is refused before there is a run folder", () => {
    const config = writeRunConfig("diffusion", { ...changes, accumulate: 3 });
    const { status, stderr } = trainOnRanks(...trainWords("diffusion", config, "odd"));
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/2 processes cannot share 3 micro-batches per step: give a multiple of 2/);
    expect(existsSync(join(atlas.path, "odd"))).toBe(false);
  });
});
