// Every line of docs/worked-examples.md, as a reader runs it, with fewer proteins and steps: each network is trained on a
// simulated proteome, and what it leaves is used. The chain of docs/simulated-proteome.md is part of it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPng } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../packages/proteoscope/src/cli.ts";
import { recordCommandContext } from "../../packages/proteoscope/src/testing/command-context.ts";
import { repositoryRoot } from "../architecture/repository.ts";

const page = readFileSync(join(repositoryRoot, "docs/worked-examples.md"), "utf8");
const lines = page.split("\n").filter((line) => line.startsWith("npx proteoscope "));

const fewSteps = ["train.steps=2", "train.validate_every=2", "train.log_every=1", "train.warmup_steps=1"];

/** The words of a line, for less work. */
function shortened(line: string): string[] {
  const words = line.split(/\s+/).slice(2);
  if (words[0] === "data")
    return words.map(
      (word, i) => ({ "--proteins": "18", "--crops": "5", "--sequences": "120" })[words[i - 1]!] ?? word,
    );
  const trains = words[0] === "study" || (words[0] === "train" && words[1] !== "show");
  if (!trains) return words.map((word, i) => ({ "--steps": "2", "--samples": "1" })[words[i - 1]!] ?? word);
  const small = words.filter((word) => !word.startsWith("train.steps"));
  const less = ["data.batch_size=4", "data.validation_count=4"];
  return [...small.map((word, i) => (small[i - 1] === "--seeds" ? "1" : word)), ...fewSteps, ...less];
}

// In this process, whose start would otherwise take as long as the work of a line.
const home = process.cwd();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "worked-examples-"));
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});

function expectPicture(path: string): void {
  const { width, height, data } = readPng(readFileSync(join(folder, path)));
  expect(Math.min(width, height), path).toBeGreaterThan(20);
  expect(new Set(data).size, path).toBeGreaterThan(3);
}

const pictureIn = (path: string): string =>
  join(path, readdirSync(join(folder, path)).find((name) => name.endsWith(".png"))!);

describe("the worked examples", () => {
  it("are one per network", () => {
    const trained = lines.flatMap((line) => /^npx proteoscope train (?!show)(\S+)/.exec(line)?.[1] ?? []);
    expect([...trained].sort()).toEqual([
      ...["autoencoder", "classifier", "clip", "cytoclass", "cytoself", "diffusion", "localizer", "plm"],
      ...["sequence-features", "triplet"],
    ]);
  });

  it.each(lines)("%s", async (line) => {
    const { commandContext, output } = recordCommandContext();
    const exitCode = await runCommandLine([...shortened(line), "--device", "cpu"], commandContext);
    expect(exitCode, output.stderr).toBe(0);
  });

  it("end in pictures", () => {
    expectPicture("proteome/contact-sheet.png");
    for (const run of ["autoencoder", "cytoself", "diffusion"])
      expectPicture(pictureIn(`runs/${run}/samples`));
    for (const name of ["sequences", "classifier", "pairs"]) {
      const html = readFileSync(join(folder, `${name}.html`), "utf8");
      expect(html.match(/<polyline/g)!.length, name).toBeGreaterThan(2);
    }
    expect(readFileSync(join(folder, "study/study.svg"), "utf8").match(/<circle/g)).toHaveLength(2);
    const made = readdirSync(join(folder, "images"), { recursive: true }).map(String);
    expectPicture(join("images", made.find((name) => /^[^_]+_synthetic\.png$/.test(name))!));
    const scanned = readdirSync(join(folder, "scan"), { recursive: true }).map(String);
    expectPicture(join("scan", scanned.find((name) => name.endsWith(".png"))!));
    expect(statSync(join(folder, "runs/plm/events.out.tfevents.0.proteoscope")).size).toBeGreaterThan(50);
  });

  it("can be scored against the truth of the proteome", () => {
    const script = join(repositoryRoot, "scripts/score-on-proteome.ts");
    const words = ["--import", import.meta.resolve("tsx"), script, "model", "proteome", "scores.json", "2"];
    const options = { cwd: folder, encoding: "utf8" } as const;
    const { status, stderr } = spawnSync(process.execPath, words, options);
    expect(status, stderr).toBe(0);
    const { drawn, ceiling, floor } = JSON.parse(readFileSync(join(folder, "scores.json"), "utf8"));
    for (const scores of [drawn, ceiling, floor]) expect(scores.proteins).toBe(2);
    expect(ceiling.accuracy).toBeGreaterThanOrEqual(0);
  });

  it("validate on proteins that were learned from and on others", () => {
    const namesOf = (run: string) =>
      readFileSync(join(folder, "runs", run, "metrics.jsonl"), "utf8")
        .split("\n")
        .filter(Boolean)
        .flatMap((line) => Object.keys(JSON.parse(line)));
    for (const [run, name] of [
      ["plm", "validation.seen.crossEntropy"],
      ["autoencoder", "validation.unseen.absoluteError"],
      ["classifier", "validation.unseen.accuracy"],
      ["diffusion", "validation.unseen.loss"],
      ["clip", "validation.unseen.loss"],
    ])
      expect(namesOf(run!), run).toContain(name);
  });
});
