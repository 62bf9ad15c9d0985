import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { readPng } from "@proteoscope/formats";
import { memoryFolder } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nucleusOfLibrary } from "../generate/nuclei.ts";
import { type Microscope, openMicroscope } from "../image/generate.ts";
import { readModel, readModelNuclei } from "../model/read-model.ts";
import { localize } from "../protein/localize.ts";
import { randomModelFiles } from "../testing/tiny-model.ts";
import { recordsOfShard, type ScreenInput, type ScreenResult } from "./records.ts";
import { type ScreenTools, screenProteins } from "./screen-proteins.ts";

let runtime: Runtime;
let microscope: Microscope;
let drawing: ScreenTools;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  const folder = memoryFolder(randomModelFiles(), "tiny");
  microscope = openMicroscope(runtime, await readModel(folder));
  const nucleus = nucleusOfLibrary(await readModelNuclei(folder), 0);
  const images = { microscope, nucleus, settings: { samples: 2, steps: 2 } };
  drawing = { encoder: microscope, images };
});
afterAll(() => runtime.close());

const recordOf = (id: string, sequence: string, line = 1): ScreenInput => ({
  record: { id, sequence, file: "some.fasta", line },
});
const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};
const idOf = ({ done, refused }: ScreenResult) => done?.record.id ?? refused!.id;

describe("a screen", () => {
  const inputs = [
    recordOf("a", "MKTAYIAKQRQISFVK", 1),
    { refused: { id: "b", file: "some.fasta", line: 3, reason: "has no sequence" } },
    recordOf("c", "MKJT", 5),
    recordOf("d", "MKTAYIWWWW", 7),
  ] satisfies ScreenInput[];

  it("gives the results in the order of the records, and names what it refuses", async () => {
    const results = await collect(screenProteins({ encoder: microscope }, inputs));
    expect(results.map(idOf)).toEqual(["a", "b", "c", "d"]);
    expect(results[1]).toEqual(inputs[1]);
    expect(results[2]!.refused).toEqual({
      ...{ id: "c", file: "some.fasta", line: 5 },
      reason: expect.stringMatching(/^residue "J" at position 3 is unknown/),
    });
    const alone = await collect(localize(microscope, [{ id: "d", sequence: "MKTAYIWWWW" }]));
    expect(results[3]!.done!.localized).toEqual(alone[0]);
    expect(results[3]!.done).toMatchObject({
      record: { id: "d", file: "some.fasta", line: 7 },
      sequenceSha256: "453d0a304034fc0b14fb4b1f238600f8247f9b992bdbb094dec727bd6f46b781",
    });
  });

  it("draws the same picture for a protein whatever stands before it", async () => {
    const [first] = await collect(screenProteins(drawing, [inputs[3]!]));
    const last = (await collect(screenProteins(drawing, inputs))).at(-1)!;
    const { png, protein } = last.done!.picture!;
    expect(protein).toHaveLength(2 * 40 * 40);
    expect(protein.some((value) => value > 0)).toBe(true);
    expect(first!.done!.picture!.png).toEqual(png);
    expect(readPng(png).text).toMatchObject({
      synthetic: "true",
      provenance: expect.stringContaining('"id":"d"'),
    });
  });

  it("takes no more than two records ahead", async () => {
    let taken = 0;
    function* records(): Generator<ScreenInput> {
      for (;;) yield recordOf(`P${++taken}`, "MKTAYIAK");
    }
    let given = 0;
    for await (const _ of screenProteins({ encoder: microscope }, records())) {
      given++;
      expect(taken - given).toBeLessThanOrEqual(1);
      if (given === 20) break;
    }
  });

  it("stops where it is aborted", async () => {
    const controller = new AbortController();
    const results = screenProteins({ encoder: microscope }, inputs, { signal: controller.signal });
    await results.next();
    controller.abort();
    await expect(collect(results)).rejects.toThrow(/aborted/);
  });
});

describe("a shard", () => {
  it("has the records of its turn, and all shards have all", async () => {
    const shards = await Promise.all(
      [0, 1, 2].map((index) => collect(recordsOfShard([..."abcdefgh"], { index, count: 3 }))),
    );
    expect(shards.map((letters) => letters.join(""))).toEqual(["adg", "beh", "cf"]);
  });

  it.each([
    [3, 3],
    [-1, 3],
    [0, 0],
    [0.5, 2],
  ])("does not exist with the number %d of %d", async (index, count) => {
    await expect(collect(recordsOfShard([1], { index, count }))).rejects.toThrow(RangeError);
  });
});
