// The whole path of docs/simulated-proteome.md in small, by the scripts that the page names: a set, every network, reports of two
// language models by the set's cytoself, their comparison, and the scores beside the truth.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { suiteSchema } from "@proteoscope/lab";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 3_600_000 });

const proteoscope = `node ${resolve("packages/proteoscope/bin/proteoscope.mjs")}`;
let folder: string;
const json = (path: string) => JSON.parse(readFileSync(join(folder, path), "utf8"));

async function run(command: string): Promise<void> {
  const env = {
    ...process.env,
    PROTEOSCOPE: proteoscope,
    UNTRAINED_PLM: "1",
    XDG_CACHE_HOME: join(folder, "cache"),
  };
  const child = spawn("sh", ["-ec", command], { env, stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (bytes: Buffer) => {
    errors = (errors + bytes).slice(-4000);
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command}\nended with ${code}:\n${errors}`);
}

describe("a simulated proteome", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "proteome-"));
    const [set, runs, out] = ["set", "runs", "out"].map((name) => join(folder, name));
    const size = "--proteins 60 --crops 5 --sequences 400 --side 64 --seed 0";
    await run(`$PROTEOSCOPE data simulate-proteome ${size} -o ${set}`);
    const few = "train.steps=2 train.validate_every=2 train.checkpoint_every=2 data.validation_count=4";
    await run(`sh scripts/train-on-proteome.sh ${set} ${runs} ${few}`);
    await run(`sh scripts/evaluate-on-proteome.sh ${set} ${runs} ${out} --proteins 2 --steps 1`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(["model", "untrained-plm"])("has a report of the %s by cytoself, seen against unseen", (name) => {
    const { suite, localization } = json(`out/report-${name}/metrics.json`);
    const { top_k, figures, spaces } = suiteSchema.parse(suite);
    expect(spaces.map((space) => space.name)).toEqual(["features", "classifier", "cytoself"]);
    const named = top_k.filter(({ method }) => method === "protein classifier");
    expect(named.map(({ subject, set }) => `${subject} ${set}`)).toEqual(
      expect.arrayContaining(["real all", "generated unseen", "generated seen"]),
    );
    for (const { by, gallery, shares } of named) {
      expect([by, gallery, shares.length]).toEqual(["cytoself", 60, 60]);
      expect(shares.at(-1)).toBe(1);
    }
    const judged = figures.filter(
      ({ measure, subject }) => measure === "accuracy" && subject === "generated",
    );
    expect(new Set(judged.map(({ set }) => set))).toEqual(new Set(["unseen", "seen"]));
    expect(localization.sets.partition.proteins).toBe(2);
  });

  it("has both beside the truth, and beside each other", () => {
    for (const name of ["model", "untrained-plm"])
      expect(Object.keys(json(`out/scores-${name}.json`))).toEqual(["drawn", "ceiling", "floor"]);
    expect(json("out/comparison/comparison.json").differences.length).toBeGreaterThan(20);
  });
});
