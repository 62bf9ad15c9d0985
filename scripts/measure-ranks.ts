// `tsx scripts/measure-ranks.ts DATA [STEPS]`: the speed-up of training by two MPI ranks of one core each over one rank of one
// core, with the denoiser of the original's size and the same global batch of 8. Runs alternate, so that what else the machine
// does falls on both; the first two steps of a run, which open sessions, are left out. Needs Open MPI and two cores.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { median } from "@proteoscope/lab";

const [data, steps = "8"] = process.argv.slice(2);
if (data === undefined) throw new Error("usage: tsx scripts/measure-ranks.ts DATA [STEPS]");
const rounds = 3;
const opening = 2;
const repository = resolve(import.meta.dirname, "..");
const paperSize = [
  ...["model.block_out_channels=[128, 256, 512]", "model.blocks=[attention, attention, plain]"],
  ...["model.layers_per_block=2", "model.attention_heads=8", "model.norm_num_groups=32"],
];
const model = join(repository, "checkpoints/proteoscope-mini");
const bin = join(repository, "packages/proteoscope/bin/proteoscope.mjs");
const folder = mkdtempSync(join(tmpdir(), "ranks-"));

/** Milliseconds per step of a run by so many ranks. */
function stepsBy(ranks: number, round: number): number[] {
  const run = join(folder, `${ranks}-${round}`);
  const words = [
    ...["--allow-run-as-root", "--bind-to", "core", "-n", String(ranks), process.execPath, bin],
    ...["train", "diffusion", "--data", data!, "-o", run, "--device", "cpu", "--seed", "0"],
    ...[`models.plm=${model}`, `models.autoencoder=${model}`, "data.batch_size=4", "train.accumulate=2"],
    ...[`train.steps=${steps}`, `train.validate_every=${steps}`, `train.checkpoint_every=${steps}`],
    ...paperSize,
    ...["train.log_every=1", "data.validation_count=1"],
  ];
  const { status, stderr } = spawnSync("mpirun", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`mpirun ended with ${status}: ${stderr.slice(-2000)}`);
  const lines = readFileSync(join(run, "metrics.jsonl"), "utf8").trim().split("\n");
  return lines
    .map((line) => (JSON.parse(line) as { stepMs?: number }).stepMs)
    .filter((ms) => ms !== undefined)
    .slice(opening);
}

try {
  const found = new Map<number, number[]>([1, 2].map((ranks) => [ranks, []]));
  for (let round = 0; round < rounds; round++)
    for (const [ranks, all] of found) {
      const ms = stepsBy(ranks, round);
      all.push(...ms);
      console.log(`round ${round + 1}, ${ranks} ranks: ${(median(ms) / 1000).toFixed(2)} s per step`);
    }
  const [one, two] = [1, 2].map((ranks) => median(found.get(ranks)!)) as [number, number];
  console.log(
    `speed-up of 2 ranks over 1: ${(one / two).toFixed(2)} (${(one / 1000).toFixed(2)} and ${(two / 1000).toFixed(2)} s)`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
