import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { writeAtlas } from "@proteoscope/lab/testing";
import { randomModelFiles } from "@proteoscope/microscope/testing";
import { describe, expect, it } from "vitest";
import { runCommandLine } from "../cli.ts";
import { recordCommandContext } from "../testing/command-context.ts";

const run = join(tmpdir(), "proteoscope-train-never-made");
const nowhere = join(tmpdir(), "proteoscope-no-such-atlas");

async function train(...words: string[]) {
  return trainWith({}, ...words);
}

async function trainWith(env: Record<string, string>, ...words: string[]) {
  const { commandContext, output } = recordCommandContext(env);
  const exitCode = await runCommandLine(["train", ...words], commandContext);
  return { exitCode, words: output.stderr.trim() };
}

describe("proteoscope train", () => {
  it.each([
    [
      ["nothing", "-o", run],
      /cannot train "nothing"; one of plm, sequence-features, autoencoder, .*, diffusion/,
    ],
    [["plm", "--data", nowhere], /-o is missing/],
    [["plm", "-o", run], /--data is missing/],
    [["plm", "--dry-run"], /--data is missing/],
    [["plm", "-o", run, "--dry-run", "--resume"], /leave --resume out/],
    [["plm", "-o", run, "--data", nowhere, "model.hiden_size=3"], /did you mean model\.hidden_size\?/],
    [["plm", "-o", run, "--data", nowhere, "steps"], /"steps" is not key\.path=value/],
    [["plm", "-o", run, "--resume", "train.steps=5"], /continues with the run's own configuration/],
    [["plm", "-o", run, "--resume"], /holds no run to resume/],
    [["plm", "-o", run, "--resume", "--data", nowhere], /holds no run to resume/],
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

describe("a network of the Hub in a configuration", () => {
  const named = "models.plm=someone/esm2_tiny";
  const localizer = {
    model: {
      bottleneck: { hidden_size: 8, num_layers: 0, num_heads: 2, feed_forward_size: 8, dropout: 0 },
    },
    data: {
      ...{ lengths: [32], batch_size: 4, validation_count: 4 },
      ...{ weight_of_human: 1, weight_of_opencell: 1 },
    },
    loss: { max_positive_weight: 2 },
    train: {
      ...{ steps: 1, learning_rate: 0.01, warmup_steps: 0, average_decay: 0.5 },
      ...{ log_every: 1, validate_every: 1, checkpoint_every: 1 },
    },
  };

  it("is found in the cache that models pull fills, and the run records its snapshot", async () => {
    const folder = await mkdtemp(join(tmpdir(), "train-hub-"));
    const atlas = await writeAtlas();
    try {
      const commit = "0123456789abcdef0123456789abcdef01234567";
      const repository = join(folder, "hub", "models--someone--esm2_tiny");
      const put = async (path: string, content: string | Uint8Array) => {
        await mkdir(dirname(join(repository, path)), { recursive: true });
        await writeFile(join(repository, path), content);
      };
      await put("refs/main", commit);
      for (const [path, bytes] of randomModelFiles())
        if (path.startsWith("plm/")) await put(`snapshots/${commit}/${path.slice("plm/".length)}`, bytes);
      const config = join(folder, "localizer.yaml");
      await writeFile(config, JSON.stringify(localizer)); // JSON is YAML
      const output = join(folder, "run");
      const words = ["localizer", "-o", output, "--data", atlas.path, "--config", config, named];
      const env = { HF_HUB_CACHE: join(folder, "hub") };
      expect(await trainWith(env, ...words, "--device", "cpu")).toMatchObject({ exitCode: 0 });
      expect(await readFile(join(output, "config.yaml"), "utf8")).toContain(`snapshots/${commit}`);
      expect(JSON.parse(await readFile(join(output, "model/localizer/config.json"), "utf8"))).toHaveProperty(
        "labels",
      );
    } finally {
      await rm(folder, { recursive: true });
      await atlas.remove();
    }
  }, 120_000);

  it("that the cache does not have is one command away", async () => {
    const words = ["localizer", "-o", run, "--data", nowhere, named];
    const { exitCode, words: said } = await trainWith({ HF_HUB_CACHE: nowhere }, ...words);
    expect(said).toMatch(/no such model in the cache .*\(proteoscope models pull someone\/esm2_tiny\)/);
    expect(exitCode).toBe(4);
  });
});
