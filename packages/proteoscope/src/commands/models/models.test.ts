import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type NdArray, readSafetensors, toFloat32, writeSafetensors } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listChecksums } from "../../checksums.ts";
import { runCommandLine } from "../../cli.ts";
import { recordCommandContext } from "../../testing/command-context.ts";
import { createWorkplace } from "../../testing/model-folder.ts";
import { listModels } from "./list.ts";
import type { VerifyReport } from "./verify.ts";

// Checkpoints that transformers, fair-esm and diffusers wrote, and what their models answer.
const fixtures = fileURLToPath(new URL("../../../../models/src/fixtures", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-models-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(...words: string[]) {
  const { commandContext, output } = recordCommandContext();
  const exitCode = await runCommandLine(["models", ...words], commandContext);
  return { exitCode, ...output };
}

const recorded = (name: string): Map<string, NdArray> =>
  readSafetensors(readFileSync(join(fixtures, "expected", `${name}.safetensors`))).tensors;

/** Writes an input file of some recorded tensors, changed or added to. */
function writeInput(
  tensors: Map<string, NdArray>,
  names: string[],
  changes: Record<string, NdArray> = {},
): string {
  const path = join(folder, "in.safetensors");
  const chosen = names.map((name): [string, NdArray] => [name, tensors.get(name)!]);
  writeFileSync(path, writeSafetensors([...chosen, ...Object.entries(changes)]));
  return path;
}

function largestError(actual: NdArray | undefined, expected: NdArray | undefined): number {
  expect(actual?.shape).toEqual(expected?.shape);
  const theirs = toFloat32(expected!);
  return toFloat32(actual!).reduce(
    (most, value, index) => Math.max(most, Math.abs(value - theirs[index]!)),
    0,
  );
}

describe("proteoscope models run", () => {
  const esmNames = ["last_hidden_state", "logits"];
  for (const [checkpoint, name, inputs, outputs] of [
    ["hugging-face-esm", "hugging-face-esm", ["input_ids", "attention_mask"], esmNames],
    ["fair-esm/esm2_t2_tiny.pt", "fair-esm", ["input_ids"], esmNames],
    [
      "diffusers/unet",
      "diffusers-unet",
      ["sample", "timestep", "encoder_hidden_states", "encoder_attention_mask", "timestep_cond"],
      ["sample"],
    ],
    ["diffusers/vae", "diffusers-vae", ["sample"], ["logvar", "mean"]],
  ] as const) {
    it(`gives what the library of ${checkpoint} gives`, async () => {
      const tensors = recorded(name);
      const input = writeInput(tensors, [...inputs]);
      const target = join(folder, "out.safetensors");
      const { exitCode, stdout, stderr } = await run(
        "run",
        join(fixtures, checkpoint),
        "--input",
        input,
        "-o",
        target,
        "--json",
      );
      expect([exitCode, stderr]).toEqual([0, ""]);
      const results = readSafetensors(readFileSync(target)).tensors;
      expect([...results.keys()].sort()).toEqual(outputs);
      for (const [output, value] of results)
        expect(largestError(value, tensors.get(`out.${output}`))).toBeLessThan(1e-4);
      const report = JSON.parse(stdout);
      expect(report).toMatchObject({ device: "cpu", output: target });
      expect(Object.keys(report.tensors).sort()).toEqual(outputs);
    });
  }

  it("prints a line for every result", async () => {
    const input = writeInput(recorded("diffusers-vae"), ["latent"]);
    const { stdout, stderr } = await run(
      "run",
      join(fixtures, "diffusers/vae"),
      "--input",
      input,
      "-o",
      join(folder, "o"),
    );
    expect(stdout).toBe("sample  float32 [2, 2, 18, 14]\n");
    expect(stderr).toMatch(/^AutoencoderKL \(diffusers\), \d+ ms on cpu, \d+ MB\n$/);
  });

  const wrong: NdArray = { dtype: "int32", shape: [1, 3], data: Int32Array.of(0, 50, 2) };
  for (const [fault, names, changes, message] of [
    ["is missing", [], {}, /in\.safetensors: tensor "input_ids" is missing/],
    [
      "is unknown",
      ["input_ids"],
      { tokens: wrong },
      /in\.safetensors: tensor "tokens" is unknown; .* input_ids, \[attention_mask\]/,
    ],
    ["holds no token", [], { input_ids: wrong }, /in\.safetensors: tensor "input_ids" has the value 50/],
  ] as const) {
    it(`ends with exit code 3 and one line where a tensor ${fault}, and writes nothing`, async () => {
      const input = writeInput(recorded("hugging-face-esm"), [...names], changes);
      const target = join(folder, "out", "o.safetensors");
      const { exitCode, stderr } = await run(
        "run",
        join(fixtures, "hugging-face-esm"),
        "--input",
        input,
        "-o",
        target,
      );
      expect(exitCode).toBe(3);
      expect(stderr).toMatch(message);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
      expect(() => readFileSync(target)).toThrow(/ENOENT/);
    });
  }

  it("distinguishes an input that is no safetensors file from a model that is none", async () => {
    const input = join(folder, "in.safetensors");
    writeFileSync(input, "abc");
    const noInput = await run(
      "run",
      join(fixtures, "hugging-face-esm"),
      "--input",
      input,
      "-o",
      join(folder, "o"),
    );
    expect([noInput.exitCode, noInput.stderr]).toEqual([
      3,
      expect.stringMatching(/in\.safetensors: safetensors: /),
    ]);
    const good = writeInput(recorded("hugging-face-esm"), ["input_ids"]);
    const noModel = await run("run", folder, "--input", good, "-o", join(folder, "o"));
    expect([noModel.exitCode, noModel.stderr]).toEqual([
      3,
      expect.stringMatching(/those of no known network/),
    ]);
    const nothing = await run("run", join(folder, "none"), "--input", good, "-o", join(folder, "o"));
    expect([nothing.exitCode, nothing.stderr]).toEqual([
      4,
      expect.stringMatching(/none: no such file or folder/),
    ]);
  });
});

describe("proteoscope models run --stream", () => {
  it("gives the same with one layer in memory at a time, and says how much it took", async () => {
    const tensors = recorded("hugging-face-esm");
    const input = writeInput(tensors, ["input_ids", "attention_mask"]);
    const target = join(folder, "out.safetensors");
    const words = ["run", join(fixtures, "hugging-face-esm"), "--stream", "--input", input, "-o", target];
    const { exitCode, stdout } = await run(...words, "--json");
    expect(exitCode).toBe(0);
    const whole = await run(...words.filter((word) => word !== "--stream"), "--json");
    expect(JSON.parse(stdout).parameters).toBe(JSON.parse(whole.stdout).parameters);
    expect(JSON.parse(stdout).peakMb).toBeGreaterThan(10);
    const results = readSafetensors(readFileSync(target)).tensors;
    expect(largestError(results.get("logits"), tensors.get("out.logits"))).toBeLessThan(1e-4);
  });

  it("is refused for another network", async () => {
    const input = writeInput(recorded("diffusers-vae"), ["sample"]);
    const words = [
      "run",
      join(fixtures, "diffusers/vae"),
      "--stream",
      "--input",
      input,
      "-o",
      join(folder, "o"),
    ];
    const { exitCode, stderr } = await run(...words);
    expect([exitCode, stderr]).toEqual([3, expect.stringMatching(/only ESM2 and ESMC run layer by layer/)]);
  });
});

describe("proteoscope models verify", () => {
  it("gives the sha256 of every file and the networks whose tensors all fit", async () => {
    const { exitCode, stdout } = await run("verify", join(fixtures, "diffusers"), "--json");
    expect(exitCode).toBe(0);
    const report: VerifyReport = JSON.parse(stdout);
    expect(report.ok).toBe(true);
    expect(report.networks.map(({ part, architecture }) => [part, architecture])).toEqual([
      ["unet", "unet"],
      ["vae", "autoencoder"],
    ]);
    expect(Object.keys(report.files)).toContain("unet/diffusion_pytorch_model.safetensors");
    expect(Object.values(report.files).every((sum) => /^[0-9a-f]{64}$/.test(sum))).toBe(true);
  });

  it("holds every part of a model of ours to its network", async () => {
    const place = createWorkplace();
    const report = async (): Promise<VerifyReport> =>
      JSON.parse((await run("verify", place.model, "--json")).stdout);
    const { ok, networks } = await report();
    const parts = ["unet", "vae", "plm", "localization", "condition", "classifier"];
    expect(networks.map(({ part }) => part)).toEqual(parts);
    expect(ok).toBe(true);
    writeFileSync(join(place.model, "condition/model.safetensors"), writeSafetensors(new Map()));
    expect((await report()).problems).toEqual([
      expect.stringMatching(/condition.*residues\.mean is missing/),
    ]);
    place.remove();
  });

  it("names what does not fit and what was changed, with exit code 3", async () => {
    const copy = join(folder, "esm");
    cpSync(join(fixtures, "hugging-face-esm"), copy, { recursive: true });
    writeFileSync(join(copy, "SHA256SUMS"), await listChecksums(copy));
    expect((await run("verify", copy)).stdout).toMatch(
      /\.: esm2, all \d+ tensors fit\nevery file was compared with SHA256SUMS\n$/,
    );
    const config = JSON.parse(readFileSync(join(copy, "config.json"), "utf8"));
    writeFileSync(join(copy, "config.json"), JSON.stringify({ ...config, vocab_size: 34 }));
    const { exitCode, stdout } = await run("verify", copy);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(
      /^problem: .*2 of another shape \(\S+word_embeddings\.weight \[33, 12\] instead of \[34, 12\], lm_head\.bias/m,
    );
    expect(stdout).toMatch(/^problem: config\.json changed$/m);
  });

  it("holds every network of a checkpoint of training to its own, and run takes the one that is named", async () => {
    const checkpoint = join(fixtures, "lightning/proteoscope.ckpt");
    const { exitCode, stdout } = await run("verify", checkpoint);
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringMatching(
        /^[0-9a-f]{64} {2}proteoscope\.ckpt\nunet: unet, all \d+ tensors fit\nautoencoder: autoencoder, all \d+ tensors fit\n$/,
      ),
    ]);
    const expected = recorded("diffusers-vae");
    const words = ["run", checkpoint, "--input", writeInput(expected, ["sample"]), "-o", join(folder, "o")];
    expect((await run(...words, "--part", "autoencoder")).exitCode).toBe(0);
    const { tensors } = readSafetensors(readFileSync(join(folder, "o")));
    expect(largestError(tensors.get("mean"), expected.get("out.mean"))).toBeLessThan(1e-4);
    const misspelt = await run(...words, "--part", "autoencodr");
    expect([misspelt.exitCode, misspelt.stderr]).toEqual([
      2,
      expect.stringMatching(/did you mean autoencoder/),
    ]);
  });

  it("looks at a single file, too", async () => {
    const { exitCode, stdout } = await run("verify", join(fixtures, "fair-esm/esm2_t2_tiny.pt"));
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringMatching(/^[0-9a-f]{64} {2}esm2_t2_tiny\.pt\n\.: esm2, all \d+ tensors fit\n$/),
    ]);
  });
});

describe("proteoscope models list", () => {
  it("finds the shipped model and those in the cache of Hugging Face, with unfinished downloads", async () => {
    const shipped = join(folder, "proteoscope-mini");
    cpSync(join(fixtures, "diffusers"), shipped, { recursive: true });
    const hub = join(folder, "hub");
    const snapshot = join(hub, "models--facebook--esm2_t6_8M_UR50D", "snapshots", "abc");
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(join(hub, "datasets--x--y", "snapshots", "def"), { recursive: true });
    mkdirSync(join(hub, "models--empty--one", "snapshots", "def"), { recursive: true });
    writeFileSync(join(snapshot, "config.json"), '{"model_type": "esm"}');
    symlinkSync(join(hub, "no-such-blob"), join(snapshot, "model.safetensors"));
    const found = await listModels(shipped, hub);
    expect(found.map(({ name, kind, source }) => [name, kind, source])).toEqual([
      ["proteoscope-mini", "Pipeline", "shipped"],
      ["facebook/esm2_t6_8M_UR50D", "esm", "Hugging Face cache"],
    ]);
    expect(found[0]!.bytes).toBeGreaterThan(100_000);
    expect(found[1]).toMatchObject({ path: snapshot, bytes: 21 });
  });

  it("finds weights that were released without a configuration", async () => {
    const hub = join(folder, "released-hub");
    const snapshot = join(hub, "models--microsoft--vermeer-B", "snapshots", "abc");
    mkdirSync(snapshot, { recursive: true });
    writeFileSync(join(snapshot, "vermeer_B.ckpt"), "weights");
    expect(await listModels(undefined, hub)).toEqual([
      expect.objectContaining({
        name: "microsoft/vermeer-B",
        release: "vermeer-b",
        kind: "vermeer",
        bytes: 7,
      }),
    ]);
  });

  it("prints the weights of other groups that run here, with size, licence and what they were trained on", async () => {
    const plain = recordCommandContext();
    expect(await runCommandLine(["models", "list", "--released"], plain.commandContext)).toBe(0);
    expect(plain.output.stdout).toContain(
      "esmc-600m  ESMC (Biohub, transformers EsmcForMaskedLM), 575 M parameters, 2.30 GB",
    );
    expect(plain.output.stdout).toContain(
      "trained on Human Protein Atlas; https://huggingface.co/microsoft/vermeer-L\n  proteins: one in ten",
    );
    const json = recordCommandContext();
    await runCommandLine(["models", "list", "--released", "--json"], json.commandContext);
    const { released } = JSON.parse(json.output.stdout);
    expect(released).toContainEqual(
      expect.objectContaining({ name: "cell-diff-hpa", architecture: "cell-diff" }),
    );
  });

  it("prints the cache that the environment names", async () => {
    const snapshot = join(folder, "models--a--b", "snapshots", "1");
    mkdirSync(snapshot, { recursive: true });
    writeFileSync(join(snapshot, "config.json"), "{");
    const { commandContext, output } = recordCommandContext({ HF_HUB_CACHE: folder });
    expect(await runCommandLine(["models", "list", "--json"], commandContext)).toBe(0);
    const { models } = JSON.parse(output.stdout);
    expect(models.at(-1)).toMatchObject({ name: "a/b", kind: "unreadable", path: snapshot });
    const plain = recordCommandContext({ HF_HUB_CACHE: folder });
    await runCommandLine(["models", "list"], plain.commandContext);
    expect(plain.output.stdout).toContain(
      `a/b  unreadable, 0.0 MB, Hugging Face cache\n  licence not named; trained on what its card says\n  ${snapshot}\n`,
    );
  });

  it("has nothing to list where nothing is", async () => {
    expect(await listModels(undefined, join(folder, "none"))).toEqual([]);
  });
});
