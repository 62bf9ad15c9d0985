// Every trainer is killed at random moments, from its start to its last step, and resumed each time: it ends in the bits of a
// run that was not killed. PROTEOSCOPE_KILLS sets how often each is killed: 1 where it is not set, since a start takes two seconds.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { readSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";
import { beginRun, simulateCells, writeRecordedAtlas } from "../recorded/atlas.ts";
import { proteoscope } from "../recorded/command.ts";
import { recordedRuns } from "../recorded/training-configs.ts";

const bin = join(repositoryRoot, "packages/proteoscope/bin/proteoscope.mjs");
const kills = Number(process.env.PROTEOSCOPE_KILLS ?? 1);
const steps = 4 + 2 * kills;

let atlas: Awaited<ReturnType<typeof writeRecordedAtlas>>;
beforeAll(async () => {
  atlas = await writeRecordedAtlas();
  simulateCells(atlas.path);
});
afterAll(() => atlas?.remove());

function start(words: readonly string[]) {
  const child = spawn(process.execPath, [bin, "train", ...words, "--device", "cpu"], {
    cwd: atlas.path,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let messages = "";
  child.stderr.on("data", (text) => {
    messages += text;
  });
  return { child, exit: once(child, "close"), messages: () => messages };
}

const checkpointsOf = (run: string): number => {
  const folder = join(atlas.path, run, "checkpoints");
  return existsSync(folder) ? Math.max(0, ...readdirSync(folder).map((name) => Number(/\d+/.exec(name)))) : 0;
};

/** Kills a run: one time in two at any moment of its start, otherwise at any moment of the steps after a new checkpoint. */
async function kill({ child, exit }: ReturnType<typeof start>, run: string): Promise<void> {
  const before = checkpointsOf(run);
  const isEarly = Math.random() < 0.5;
  if (isEarly) await Promise.race([wait(3000 * Math.random()), exit]);
  else {
    while (child.exitCode === null && checkpointsOf(run) === before) await wait(2);
    await wait(100 * Math.random());
  }
  child.kill("SIGKILL");
  await exit;
}

const tensorsOf = (run: string) =>
  readSafetensors(readFileSync(join(atlas.path, run, `checkpoints/step-${steps}.safetensors`))).tensors;

/** What was logged, without times. */
const metricsOf = (run: string): object[] =>
  readFileSync(join(atlas.path, run, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => ({ ...JSON.parse(line), time: undefined, stepMs: undefined }));

describe.skipIf(process.platform === "win32")(`a training that is killed ${kills} times`, () => {
  it.each(recordedRuns)(
    "ends in the bits of one that is not: $run",
    async ({ run, trainer, config }) => {
      const train = { ...(config as { train: object }).train, steps, checkpoint_every: 1 };
      const beginning = beginRun(atlas.path, { run, trainer, config: { ...config, train } });
      proteoscope(atlas.path, "train", ...beginning, "-o", run);
      const killed = `${run}, killed`;
      const next = () => {
        const isBegun = existsSync(join(atlas.path, killed, "config.yaml"));
        return start(isBegun ? [trainer, "-o", killed, "--resume"] : [...beginning, "-o", killed]);
      };
      for (let i = 0; i < kills; i++) await kill(next(), killed);
      const last = next();
      expect(await last.exit, last.messages()).toEqual([0, null]);
      expect(metricsOf(killed)).toEqual(metricsOf(run));
      const [whole, resumed] = [tensorsOf(run), tensorsOf(killed)];
      expect([...resumed.keys()]).toEqual([...whole.keys()]);
      for (const [name, { data }] of whole) expect(resumed.get(name)!.data, name).toEqual(data);
    },
    60_000 + 30_000 * kills,
  );
});
