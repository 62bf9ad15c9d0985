import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initializeWeights } from "@proteoscope/engine";
import { readCsv, readSafetensors, writeNpy } from "@proteoscope/formats";
import { declareParameters, savePretrained } from "@proteoscope/models";
import { type SubcellConfig, subcellDefaults } from "@proteoscope/models/released";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runCommandLine } from "../cli.ts";
import { recordCommandContext } from "../testing/command-context.ts";
import { runWords } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 60_000 });

const config: SubcellConfig = {
  ...subcellDefaults,
  stains: ["nucleus", "protein"],
  hiddenSize: 8,
  numHiddenLayers: 1,
  numAttentionHeads: 2,
  intermediateSize: 12,
  imageSize: 32,
  poolSize: 4,
  classifierSizes: [6, 5],
};

let path: string;
let model: string;
beforeAll(() => {
  path = mkdtempSync(join(tmpdir(), "proteoscope-test-"));
  model = join(path, "encoder");
  const network = { architecture: "subcell", config, weights: new Map() } as const;
  const weights = initializeWeights(declareParameters(network), 4);
  mkdirSync(model);
  for (const [name, bytes] of savePretrained({ ...network, weights }))
    writeFileSync(join(model, name), bytes);
  mkdirSync(join(path, "cells"));
  const picture = (channels: number) => {
    const data = Uint16Array.from({ length: channels * 32 * 32 }, (_, i) => 500 * (1 + Math.sin(i)));
    return writeNpy({ dtype: "uint16", shape: [channels, 32, 32], data });
  };
  writeFileSync(join(path, "cells", "a.npy"), picture(2));
  writeFileSync(join(path, "cells", "b.npy"), picture(2));
  writeFileSync(join(path, "four.npy"), picture(4));
});
afterAll(() => rmSync(path, { recursive: true, force: true }));

const localize = (words: readonly string[]) => runWords(["localize-image", ...words, "--model", model]);

describe("localize-image", () => {
  it("prints a table of the pictures of a folder: a location, and a probability of each of 31", async () => {
    const { exitCode, stdout, stderr } = await localize([join(path, "cells")]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const rows = readCsv(stdout);
    expect(rows.map(({ image }) => image)).toEqual(
      ["a.npy", "b.npy"].map((name) => join(path, "cells", name)),
    );
    for (const row of rows) {
      expect(Object.keys(row)).toHaveLength(33);
      expect(Number(row[row.location!])).toBeGreaterThan(0);
    }
  });

  it("prints one JSON document with embeddings, and writes them to a file", async () => {
    const output = join(path, "embeddings.safetensors");
    const words = [join(path, "cells", "a.npy"), "--json", "--embeddings", output, "-o", join(path, "t.csv")];
    const { exitCode, stdout } = await localize(words);
    expect(exitCode).toBe(0);
    const { model: named, images } = JSON.parse(stdout);
    expect(named).toMatchObject({ stains: ["nucleus", "protein"], classifiers: 1 });
    expect(images[0].embedding).toHaveLength(16);
    const { tensors, metadata } = readSafetensors(readFileSync(output));
    expect(tensors.get("embedding")!.shape).toEqual([1, 16]);
    expect(JSON.parse(metadata.images!)).toEqual([join(path, "cells", "a.npy")]);
    expect(readCsv(readFileSync(join(path, "t.csv"), "utf8"))).toHaveLength(1);
  });

  it("takes the channels that are named, and asks for them where there are others", async () => {
    const four = join(path, "four.npy");
    const asked = await localize([four]);
    expect(asked.exitCode).toBe(3);
    expect(asked.stderr).toMatch(
      /has 4 channels, the encoder takes nucleus, protein: say which they are \(--channels nucleus=0,protein=1\)/,
    );
    const probabilities = async (channels: string) =>
      JSON.parse((await localize([four, "--json", "--channels", channels])).stdout).images[0].probabilities;
    expect(await probabilities("nucleus=0,protein=3")).not.toEqual(
      await probabilities("nucleus=3, protein=0"),
    );
    const wrong = await localize([four, "--channels", "actin=0"]);
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('"actin=0" is no stain') });
    const twice = await localize([four, "--channels", "protein=0,nucleus=1,protein=2"]);
    expect(twice).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("protein is given twice") });
    const none = await localize([four, "--channels", "nucleus=0,protein=GFP"]);
    expect(none).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/four\.npy: there is no channel "GFP": the image has channels 0 to 3/),
    });
  });

  it("leaves out a picture that cannot be read, and says so by its exit code; --strict ends there", async () => {
    writeFileSync(join(path, "broken.npy"), "nothing");
    const words = [join(path, "broken.npy"), join(path, "cells", "a.npy")];
    const { exitCode, stdout, stderr } = await localize(words);
    expect(exitCode).toBe(3);
    expect(readCsv(stdout)).toHaveLength(1);
    expect(stderr).toMatch(/left out: .*broken\.npy: /);
    expect((await localize([...words, "--strict"])).exitCode).toBe(3);
    expect((await localize([...words, "--strict"])).stdout).toBe("");
  });

  it("leaves out a picture of other stains among the pictures of a folder", async () => {
    const { exitCode, stdout, stderr } = await localize([join(path, "four.npy"), join(path, "cells")]);
    expect(exitCode).toBe(3);
    expect(readCsv(stdout)).toHaveLength(2);
    expect(stderr).toMatch(/left out: .*four\.npy: has 4 channels, .*--channels nucleus=0,protein=1/);
  });

  it("prints each row as it comes, so that an interrupt leaves what is finished", async () => {
    const { commandContext, output, controller } = recordCommandContext({});
    const write = commandContext.stdout.write.bind(commandContext.stdout);
    const stdout = {
      write(text: string) {
        controller.abort();
        return write(text);
      },
    };
    const words = ["localize-image", join(path, "cells"), "--model", model];
    expect(await runCommandLine(words, { ...commandContext, stdout } as typeof commandContext)).toBe(130);
    expect(readCsv(output.stdout).map(({ image }) => image)).toEqual([join(path, "cells", "a.npy")]);
  });

  it("writes the table of what is finished when a later picture ends the command", async () => {
    const cells = join(path, "vanishing");
    mkdirSync(cells);
    copyFileSync(join(path, "cells", "a.npy"), join(cells, "a.npy"));
    symlinkSync(join(path, "gone.npy"), join(cells, "b.npy"));
    const table = join(path, "finished.csv");
    const { exitCode, stderr } = await localize([cells, "-o", table]);
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining("b.npy")]);
    expect(readCsv(readFileSync(table, "utf8")).map(({ image }) => image)).toEqual([join(cells, "a.npy")]);
  });

  it("says what is not there: a picture, pictures in a folder, another network", async () => {
    expect((await localize([join(path, "none.png")])).exitCode).toBe(4);
    const empty = join(path, "empty");
    mkdirSync(empty);
    expect(await localize([empty])).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining("no pictures"),
    });
  });
});
