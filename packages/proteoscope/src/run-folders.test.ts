import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint, resolveCheckpoint } from "./checkpoint-path.ts";
import { openModel } from "./model-folder.ts";
import { findRun } from "./run-folders.ts";
import { createWorkplace, runWords, type Workplace } from "./testing/model-folder.ts";

let workplace: Workplace;
const run = (name: string): string => join(workplace.path, name);
beforeAll(() => {
  workplace = createWorkplace();
  for (const [name, trainer] of [
    ["diffusion", "diffusion"],
    ["language", "plm"],
  ] as const) {
    workplace.file(`${name}/config.yaml`, `trainer: ${trainer}\natlas: /data\n`);
  }
  renameSync(workplace.model, run("diffusion/model"));
  mkdirSync(run("language/model"));
  for (const part of ["plm", "localization"])
    for (const file of ["config.json", "model.safetensors"])
      workplace.file(`language/model/${part}/${file}`, readFileSync(run(`diffusion/model/${part}/${file}`)));
});
afterAll(() => workplace.remove());

describe("a run folder", () => {
  it("is its model, wherever a model is named", async () => {
    expect(await findRun(run("diffusion"))).toEqual({ trainer: "diffusion", model: run("diffusion/model") });
    expect(await findRun(workplace.path)).toBeUndefined();
    expect(await resolveCheckpoint(run("diffusion"), {})).toBe(run("diffusion/model"));
    expect((await openModel(run("diffusion"))).name).toBe((await openModel(run("diffusion/model"))).name);
  });

  it("of a language model localizes proteins", async () => {
    const words = [
      "localize",
      "MKTAYIAKQRQISFVKSHFSRQ",
      "--model",
      run("language"),
      "--json",
      "--device",
      "cpu",
    ];
    const { exitCode, stdout } = await runWords(words);
    expect(exitCode).toBe(0);
    const [protein] = JSON.parse(stdout).proteins;
    const whole = await runWords([...words.slice(0, 3), run("diffusion"), ...words.slice(4)]);
    expect(protein.probabilities).toEqual(JSON.parse(whole.stdout).proteins[0].probabilities);
  });

  it("gives `models run` the network that it trained", async () => {
    const { path } = await openCheckpoint(run("language"), {});
    expect(path).toBe(run("language/model/plm"));
    expect((await openCheckpoint(run("diffusion"), {})).path).toBe(run("diffusion/model"));
  });

  it("without a model yet is refused with what to do", async () => {
    workplace.file("young/config.yaml", "trainer: plm\n");
    await expect(openModel(run("young"))).rejects.toThrow(/the run has no model yet; its first validation/);
    workplace.file("images/config.yaml", "trainer: autoencoder\n");
    workplace.file("images/model/vae/config.json", "{}");
    await expect(openModel(run("images"))).rejects.toThrow(/leaves no model of proteins/);
  });
});

describe("proteoscope models assemble", () => {
  it("joins runs to one model in half precision, with its checksums", async () => {
    const words = ["models", "assemble", run("diffusion"), run("language"), "-o", run("joined")];
    expect((await runWords(words)).exitCode).toBe(0);
    expect((await runWords(["models", "verify", run("joined")])).exitCode).toBe(0);
    const { tensors } = readSafetensors(readFileSync(run("joined/plm/model.safetensors")));
    expect(new Set([...tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(["float16"]));
    expect(await (await openModel(run("joined"))).exists("unet/config.json")).toBe(true);
  });

  it("takes a network whole from the last source that has it", async () => {
    workplace.file("other/plm/notes.txt", "of another network");
    const words = ["models", "assemble", run("language"), run("other"), "-o", run("mixed")];
    expect((await runWords(words)).exitCode).toBe(0);
    expect(readdirSync(run("mixed/plm"))).toEqual(["notes.txt"]);
  });

  it.each([
    [["models", "assemble", "-o", "x"], /<source> is missing/],
    [["models", "assemble", "x"], /-o is missing/],
  ])("refuses %j", async (words, message) => {
    const { exitCode, stderr } = await runWords(words);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

describe("a run folder without an image classifier", () => {
  it("borrows the image classifier of the model that ships, where it has none", async () => {
    rmSync(run("diffusion/model/classifier"), { recursive: true });
    const folder = await openModel(run("diffusion"));
    const shipped = await openModel();
    expect(await folder.read("classifier/config.json")).toEqual(await shipped.read("classifier/config.json"));
    expect(await (await openModel(run("diffusion/model"))).exists("classifier/config.json")).toBe(false);
  });
});
