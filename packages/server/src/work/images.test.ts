// Retrieval with an index, and uploads that jobs use: the work of a process, on the tiny model.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { writeOmeTiff, writePng } from "@proteoscope/formats";
import { drawProteinCells, type IndexItem, measureCells } from "@proteoscope/microscope/experiments";
import { memoryFolder } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FileStore, openFileStore } from "../files/file-store.ts";
import { tinyModelFiles } from "../testing/tiny-model-files.ts";
import { nameOf } from "./stored-images.ts";
import { openWorkTools, type WorkTools } from "./tools.ts";
import { jobWork, workCalls } from "./work.ts";

const sequences = { ALPHA: "MKTAYIAKQRQISFVKSHFS", BETA: "WWWWGGGGPPPPDDDDWWWW" };
const reporter = { onProgress: () => undefined, onPreview: () => undefined };
const never = new AbortController().signal;

let folder: string;
let files: FileStore;
let runtime: Runtime;
let tools: WorkTools;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "proteoscope-work-"));
  files = await openFileStore(folder);
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  tools = await openWorkTools({
    ...{ runtime, files, folder: memoryFolder(tinyModelFiles(), "tiny"), software: {} },
    readIndex: makeIndex,
  });
});
afterAll(async () => {
  await tools.close();
  await runtime.close();
  await rm(folder, { recursive: true });
});

/** Two images of each protein, of two fields. */
async function makeIndex(): Promise<IndexItem[]> {
  const items: IndexItem[] = [];
  for (const [protein, sequence] of Object.entries(sequences))
    for (const seed of [0, 1]) {
      const options = { cells: 1, steps: 4, seed };
      const cells = await drawProteinCells(tools.microscope, tools.library, { sequence }, options);
      const measured = await measureCells(await tools.classifier(), cells, protein);
      const id = `${protein}_${seed}`;
      items.push({ id, kind: "image", protein, field: id, isSynthetic: true, digest: null, ...measured });
    }
  return items;
}

describe("retrieval", () => {
  it("ranks the images of the index by what the model generates of a protein", async () => {
    const request = {
      protein: { id: "ALPHA", sequence: sequences.ALPHA },
      cells: 1,
      steps: 4,
      sampler: "ddim",
      seed: 0,
      top: 3,
    };
    const { result, thumbnail } = await jobWork(tools).run(
      { kind: "retrieve", request, inputs: null },
      reporter,
      never,
    );
    expect(result).toMatchObject({ query: "ALPHA", answers: "images", count: 4, scores: { queries: 4 } });
    const { ranking } = result as { ranking: { name: string; similarity: number; thumbnail: string }[] };
    expect(ranking).toHaveLength(3);
    expect(ranking[0]).toMatchObject({ name: "ALPHA_0" }); // the same nucleus and noise
    expect(ranking[0]!.similarity).toBeGreaterThan(ranking[2]!.similarity);
    expect(thumbnail).toBe(ranking[0]!.thumbnail);
    expect((await files.read(nameOf(thumbnail!))).length).toBeGreaterThan(100);
  });

  it("ranks the proteins of the index by an image, whose channels it needs", async () => {
    const [cell] = await drawProteinCells(
      tools.microscope,
      tools.library,
      { sequence: sequences.BETA },
      { cells: 1, steps: 4, seed: 1 },
    );
    const data = cell!.slice(0, 2 * 40 * 40);
    const stack = { dtype: "float32", shape: [1, 2, 40, 40], data } as const;
    const picture = {
      data: stack,
      channelNames: ["protein", "nucleus"],
      channelColors: [1, 2],
      name: "query",
    };
    const tiff = writeOmeTiff({ ...picture, pixelSizeMicrons: 1, description: "" });
    const file = await files.put(tiff, "upload");
    const { answers, ranking } = await workCalls(tools).retrieveImage({ file, name: "query" });
    expect([answers, ranking.length]).toEqual(["proteins", 2]);
    const grey = writePng({ width: 40, height: 40, channels: 1, depth: 8, data: new Uint8Array(1600) });
    const plain = await files.put(grey, "upload");
    await expect(workCalls(tools).retrieveImage({ file: plain, name: "grey" })).rejects.toMatchObject({
      kind: "data",
    });
  });
});

describe("nuclei of an upload", () => {
  it("are those that were shown, one or all of them", async () => {
    const [width, height] = [120, 100];
    const data = Uint8Array.from({ length: width * height }, (_, pixel) => {
      const [x, y] = [pixel % width, Math.floor(pixel / width)];
      return Math.min(Math.hypot(x - 35, y - 40), Math.hypot(x - 85, y - 60)) < 7 ? 200 : 10;
    });
    const file = await files.put(writePng({ width, height, channels: 1, depth: 8, data }), "upload");
    const found = await workCalls(tools).upload({ file, name: "own.png", options: { pixelSizeMicrons: 1 } });
    const all = await tools.nuclei([found.id, "library:1"]);
    expect(all.map(({ label }) => label)).toEqual(["nucleus0", "nucleus1", "nucleus2"]);
    expect(all.map(({ id }) => id)).toEqual([...found.nuclei.map(({ id }) => id), "library:1"]);
    const [one] = await tools.nuclei([found.nuclei[1]!.id]);
    expect(one).toMatchObject({ label: "", origin: { image: "own.png", nucleus: 1 } });
    expect(one!.distance).toEqual(all[1]!.distance);
    await expect(tools.nuclei([`${found.id}:7`])).rejects.toMatchObject({ field: "nuclei" });
    await expect(tools.nuclei(["library:9"])).rejects.toMatchObject({ field: "nuclei" });
    await expect(tools.nuclei(Array(65).fill("library:0"))).rejects.toThrow(/64 at most/);
  });
});

describe("a job of generate", () => {
  it("goes on after a protein that the model refuses, and fails where it refuses all", async () => {
    const good = { id: "good", sequence: sequences.ALPHA };
    const bad = { id: "bad", sequence: "MKJT" };
    const run = (proteins: object[]) =>
      jobWork(tools).run(
        {
          kind: "generate",
          request: { proteins, nuclei: ["library:0"], samples: 1, steps: 2 },
          inputs: null,
        },
        reporter,
        never,
      );
    const { result } = await run([bad, good]);
    expect(result).toMatchObject({
      cells: [{ protein: "good", seed: 0 }],
      refused: [{ protein: "bad", reason: expect.stringMatching(/"J" at position 3/) }],
    });
    await expect(run([bad])).rejects.toMatchObject({ name: "SequenceError" });
    await expect(
      jobWork(tools).run({ kind: "paint", request: {}, inputs: null }, reporter, never),
    ).rejects.toThrow();
  });
});
