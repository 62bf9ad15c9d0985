import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProteinNetworks } from "@proteoscope/microscope";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compartments } from "../../data/atlas/compartments.ts";
import { writeFeatureHead, writePlainEsm2, writeSequenceModel } from "../../testing/finished-networks.ts";
import { sequenceModelFiles } from "./finished-models.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "finished-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a finished language model", () => {
  it("is read with its head and the head on sequence features, and copied with both", async () => {
    const path = await writeFeatureHead(await writeSequenceModel(join(folder, "whole")), 5);
    const model = await readProteinNetworks(openFolder(path));
    expect(model.windowResidues).toBe(62);
    expect(model.sequenceFeatures!.config).toMatchObject({ labels: compartments, hiddenSize: 4, layers: 1 });
    expect([...model.sequenceFeatures!.weights.keys()]).toContain("norm.mean");
    const files = await sequenceModelFiles(path, model);
    const parts = ["localization", "plm", "sequence_features"];
    expect([...files.keys()].sort()).toEqual(
      parts.flatMap((part) => [`${part}/config.json`, `${part}/model.safetensors`]),
    );
    for (const [name, content] of files)
      expect(Buffer.compare(content as Uint8Array, await readFile(join(path, name))), name).toBe(0);
  });

  it("has no head on sequence features where none was trained, and no head at all as it was published", async () => {
    const headed = await writeSequenceModel(join(folder, "headed"));
    expect((await readProteinNetworks(openFolder(headed))).sequenceFeatures).toBeUndefined();
    const plain = await writePlainEsm2(join(folder, "plain"));
    const model = await readProteinNetworks(openFolder(plain));
    expect(model).toMatchObject({
      localization: undefined,
      sequenceFeatures: undefined,
      windowResidues: 1024,
    });
    expect([...(await sequenceModelFiles(plain, model)).keys()].sort()).toEqual([
      "plm/config.json",
      "plm/model.safetensors",
    ]);
  });

  it("is refused with a head on sequence features for other labels than its own", async () => {
    const path = await writeFeatureHead(await writeSequenceModel(join(folder, "others")), 5);
    const file = join(path, "sequence_features", "config.json");
    const config = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ ...config, labels: config.labels.toReversed() }));
    await expect(readProteinNetworks(openFolder(path))).rejects.toThrow(
      /sequence_features\/config\.json: labels/,
    );
  });
});
