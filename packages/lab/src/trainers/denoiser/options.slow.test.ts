// Every option of `train diffusion`, each from a run to a model folder.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeNpy } from "@proteoscope/formats";
import { loadOnce } from "@proteoscope/microscope";
import {
  loadAs,
  loadExtraConditions,
  loadHomologs,
  loadPipeline,
  loadSequenceCondition,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { compartments, imageCompartments } from "../../data/atlas/compartments.ts";
import { cropRow, fixtureSide, writeAtlas } from "../../testing/atlas-fixture.ts";
import { writeAutoencoder, writePlainEsm2, writeSequenceModel } from "../../testing/finished-networks.ts";
import { tensorsOf, trainAndResume, trainRun } from "../../testing/training-run.ts";

vi.setConfig({ testTimeout: 240_000 });

const crops = Array.from({ length: 24 }, (_, index) => {
  const primary = index % 2 === 0 ? "nucleoplasm" : "cytoplasm";
  const place = { FOV_id: `field${index}`, split_image: index < 16 ? "train" : "val" };
  const cell_line = ["HEK293T", "U2OS", ""][index % 3]!;
  return { ...cropRow, index, primary, compartments: `${primary}:1`, cell_line, ...place };
});

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
let models: Record<"plm" | "autoencoder", string>;
let extra: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "diffusion-"));
  atlas = await writeAtlas({ crops });
  models = {
    plm: await writeSequenceModel(join(folder, "lm")),
    autoencoder: await writeAutoencoder(join(folder, "ae")),
  };
  const table = Float32Array.from({ length: 18 }, (_, i) => Math.sin(i));
  await writeFile(join(folder, "text.npy"), writeNpy({ dtype: "float32", shape: [6, 3], data: table }));
  const genes = Array.from({ length: 6 }, (_, index) => `GENE${index}`);
  await writeFile(join(folder, "genes.txt"), genes.join("\n"));
  const levels = genes.map((gene, index) => `${gene},${index * index}`);
  await writeFile(join(folder, "levels.csv"), `gene,level\n${levels.join("\n")}\n`);
  extra = JSON.stringify({
    conditioning_dropout: 0.3,
    tables: [{ name: "text", embeddings: join(folder, "text.npy"), genes: join(folder, "genes.txt") }],
    expression: join(folder, "levels.csv"),
    cell_line: true,
  });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

function setup() {
  const config = {
    models,
    model: {
      ...{ block_out_channels: [8, 16], blocks: ["plain", "attention"], layers_per_block: 1 },
      ...{ attention_heads: 2, norm_num_groups: 4 },
    },
    conditioning_dropout: 0.2,
    data: {
      ...{ batch_size: 4, compartment_balance: 0.5, source_balance: 0, validation_count: 2 },
      blend_share: { start: 0, end: 0 },
    },
    train: {
      ...{ steps: 3, learning_rate: 0.01, warmup_steps: 0, average_decay: 0.5 },
      ...{ log_every: 1, validate_every: 100, checkpoint_every: 2 },
    },
  };
  return { trainer: "diffusion", config, atlas: atlas.path, folder } as const;
}

const train = async (run: string, overrides: readonly string[] = []): Promise<string> =>
  (await trainRun(setup(), run, { overrides })).path;

/** The run without any option, which several tests compare with. */
const trainPlain = loadOnce(() => train("plain"));

const stateOf = (path: string, step: number) => tensorsOf(path, "checkpoints", `step-${step}.safetensors`);

/** Trains, and resumes what a kill would leave; both must end with the same state. Returns the whole run. */
const trainTwice = (run: string, overrides: readonly string[]): Promise<string> =>
  trainAndResume(setup(), run, overrides, 3);

async function conditionOf(run: string) {
  const model = openFolder(join(run, "model"));
  const { config } = await loadAs("esm2", openFolder(join(run, "model", "plm")));
  const head = {
    labels: compartments,
    ...{ hiddenSize: 8, attentionHeads: 2, terminusWindow: 4, dropout: 0 },
  };
  return loadSequenceCondition(model, config, head);
}

describe("the condition of train diffusion", () => {
  it.each([
    ["mean", 16],
    ["bos", 16],
    ["one_hot", 33],
    ["random", 16],
  ] as const)("%s trains, resumes exactly and is stored", async (input, width) => {
    const run = await trainTwice(input, [`sequence_input=${input}`]);
    const { unet } = await loadPipeline(openFolder(join(run, "model")));
    expect(unet.config).toMatchObject({ crossAttentionDim: width, timeCondProjDim: width });
    expect((await conditionOf(run)).input).toBe(input);
  });

  it("may be swapped between proteins, and has the annotations of homologs, which are stored", async () => {
    const run = await trainTwice("homologs", ["homologs=true", "residue_swap_probability=0.5"]);
    const plain = await train("no-homologs", ["residue_swap_probability=0.5"]);
    const stored = await loadHomologs(openFolder(join(run, "model")), compartments);
    expect(stored!.proteins.ends.length).toBeGreaterThan(3);
    expect(await loadHomologs(openFolder(join(plain, "model")), compartments)).toBeUndefined();
  });

  it("may be a target compartment in generation, and trains as without unless samples are conditioned on prototypes", async () => {
    const run = await trainTwice("targeted", ["target_inverse_temperature=6"]);
    const plain = await trainPlain();
    const target = { compartments: imageCompartments, inverseTemperature: 6 };
    expect(await conditionOf(run)).toMatchObject({ input: "full", target });
    expect((await conditionOf(plain)).target).toBeUndefined();
    const unetOf = (path: string) => readFile(join(path, "model/unet/diffusion_pytorch_model.safetensors"));
    expect(await unetOf(run)).toEqual(await unetOf(plain));
    const prototypes = await trainTwice("prototypes", [
      "target_inverse_temperature=6",
      "prototype_probability=0.5",
    ]);
    expect(await conditionOf(prototypes)).toEqual(await conditionOf(run));
    expect(await unetOf(prototypes)).not.toEqual(await unetOf(run));
  });

  it("has no prototypes to train on without a target", async () => {
    await expect(train("no-target", ["prototype_probability=0.5"])).rejects.toThrow(
      "prototype_probability: there is no target: give target_inverse_temperature",
    );
  });

  it("has nothing to swap and no target where the sequence input has no compartment logits", async () => {
    for (const input of ["one_hot", "random"])
      for (const [name, value] of Object.entries({
        residue_swap_probability: 0.5,
        target_inverse_temperature: 6,
      }))
        await expect(
          train(`${name}-${input}`, [`sequence_input=${input}`, `${name}=${value}`]),
        ).rejects.toThrow(`${name}: sequence_input ${input} has no compartment logits: give 0`);
  });

  it("is represented as in the earlier run", async () => {
    const from = `train.start_from=${join(folder, "mean", "model")}`;
    await expect(train("other", [from])).rejects.toThrow(/has sequence_input "mean": give the same/);
    await train("same", [from, "sequence_input=mean", "train.steps=1"]);
  });

  it("needs a localization head, since a model that generates also localizes", async () => {
    const plain = await writePlainEsm2(join(folder, "esm"));
    await expect(train("no-head", [`models.plm=${plain}`])).rejects.toThrow(/has no localization head/);
  });
});

describe("the extra conditions of train diffusion", () => {
  it("train, resume exactly and are stored with their tables", async () => {
    const run = await trainTwice("extra", [`extra=${extra}`]);
    const stored = await loadExtraConditions(openFolder(join(run, "model")));
    expect(stored!.config.conditions.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "text table",
      "expression level",
      "cell_line cell_line",
    ]);
    expect(stored!.config.conditions[2]).toMatchObject({ cellLines: ["HEK293T", "U2OS"] });
    expect(stored!.tables.get("text")!.shape).toEqual([6, 3]);
    expect([...stored!.weights.keys()].sort()).toEqual(
      ["cell_line", "expression", "text"].flatMap((name) => [`${name}.bias`, `${name}.weight`]),
    );
    const [before, after] = [await stateOf(run, 2), await stateOf(run, 3)];
    for (const name of ["text", "expression", "cell_line"])
      expect(after.get(`parameters.extra.${name}.weight`)!.data).not.toEqual(
        before.get(`parameters.extra.${name}.weight`)!.data,
      );
    const { unet } = await loadPipeline(openFolder(join(run, "model")));
    expect([...unet.weights.keys()].some((name) => name.startsWith("extra."))).toBe(false);
  });

  it("can be added to a trained denoiser, with its cross-attention alone to train", async () => {
    const earlier = await trainPlain();
    const from = `train.start_from=${join(earlier, "model")}`;
    const run = await trainTwice("added", [`extra=${extra}`, from, "trained=only_cross_attention"]);
    const [old, now] = await Promise.all(
      [earlier, run].map(async (path) => (await loadPipeline(openFolder(join(path, "model")))).unet.weights),
    );
    const isSame = (name: string) => String(now!.get(name)!.data) === String(old!.get(name)!.data);
    const changed = [...old!.keys()].filter((name) => !isSame(name));
    expect(changed.length).toBeGreaterThan(5);
    for (const name of changed) expect(name).toMatch(/transformer_blocks\.0\.(attn2|norm2)\.|cond_proj/);
    expect(
      [...old!.keys()].filter((name) => /attn2\.to_[qkv]/.test(name)).every((name) => !isSame(name)),
    ).toBe(true);
    const again = [`extra=${extra}`, `train.start_from=${join(run, "model")}`, "train.steps=1"];
    await train("again", again);
    await expect(train("without", [again[1]!])).rejects.toThrow(
      /has extra\.\S+ \[\d+\], which this network has not/,
    );
  });

  it("are refused where a name is taken, or no image has a cell line", async () => {
    const paths = { embeddings: join(folder, "text.npy"), genes: join(folder, "genes.txt") };
    const table = JSON.stringify([{ name: "expression", ...paths }]);
    await expect(train("taken", [`extra.tables=${table}`])).rejects.toThrow(/"expression" is no name/);
  });
});

describe("the part that train diffusion trains", () => {
  it("may be all but the cross-attention, without sequences", async () => {
    const run = await trainTwice("unconditional", [
      "trained=all_but_cross_attention",
      "conditioning_dropout=1",
    ]);
    const state = await stateOf(run, 3);
    expect([...state.keys()].some((name) => /attn2|cond_proj/.test(name))).toBe(false);
    expect([...state.keys()].every((name) => name.includes(".trained."))).toBe(true);
    await train("fine-tuned", [
      `train.start_from=${join(run, "model")}`,
      "trained=only_cross_attention",
      "train.steps=1",
    ]);
  });

  it("is refused where it would leave untrained parameters", async () => {
    await expect(train("nothing", ["trained=only_cross_attention"])).rejects.toThrow(
      /give train\.start_from/,
    );
    await expect(train("noise", ["trained=all_but_cross_attention"])).rejects.toThrow(
      /give conditioning_dropout=1/,
    );
  });
});

describe("the warm-up of the conditioning", () => {
  it("trains, resumes exactly, and changes what is learned", async () => {
    const warmedUp = await stateOf(await trainTwice("warm-up", ["conditioning_warmup_steps=3"]), 3);
    const plain = await stateOf(await trainPlain(), 3);
    const name = [...plain.keys()].find(
      (key) => key.startsWith("parameters.") && key.endsWith("attn2.to_q.weight"),
    )!;
    expect(warmedUp.get(name)!.data).not.toEqual(plain.get(name)!.data);
  });
});

describe("the further stains of train diffusion", () => {
  it("train, resume exactly, and leave a model that names them and begins where another without them ended", async () => {
    const side = fixtureSide;
    const data = Uint8Array.from({ length: crops.length * side * side * 2 }, (_, i) => (i * 7919) % 251);
    const stains = writeNpy({ dtype: "uint8", shape: [crops.length, side, side, 2], data });
    await writeFile(join(atlas.path, "stains_u8.npy"), stains);
    const narrow = await trainPlain();
    const run = await trainTwice("stains", [
      "model.stains=[microtubules, er]",
      `train.start_from=${join(narrow, "model")}`,
    ]);
    const { unet, autoencoder } = await loadPipeline(openFolder(join(run, "model")));
    const { latentChannels } = autoencoder.config;
    expect(unet.config.inChannels).toBe(latentChannels + 1 + 2 * (latentChannels + 1));
    const index = JSON.parse(await readFile(join(run, "model", "model_index.json"), "utf8"));
    expect(index.proteoscope.stains).toEqual(["microtubules", "er"]);
    const kernel = unet.weights.get("conv_in.weight")!;
    expect((kernel.data as Float32Array).every(Number.isFinite)).toBe(true);
    await expect(train("wider", [`train.start_from=${join(run, "model")}`])).rejects.toThrow(
      /conv_in\.weight/,
    );
  });

  it("may be the DNA stain of the crops alone, for which the atlas needs no further pictures", async () => {
    await rm(join(atlas.path, "stains_u8.npy"));
    const run = await trainTwice("nucleus", ["model.stains=[nucleus]"]);
    const { unet, autoencoder } = await loadPipeline(openFolder(join(run, "model")));
    expect(unet.config.inChannels).toBe(2 * (autoencoder.config.latentChannels + 1));
  });

  it("are refused where the atlas has none", async () => {
    await expect(train("none", ["model.stains=[er]"])).rejects.toThrow(/has no stains_u8\.npy/);
  });
});
